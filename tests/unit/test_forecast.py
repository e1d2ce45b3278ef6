"""Plans before the work: what is counted without weights is what the real network has and keeps."""

import pytest
import torch
from PIL import Image

from commands import fails, letheia
from letheia.config import LoadConfig
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.footprint import footprint
from letheia.models.loading import load_model, plan_model
from letheia.models.memory import cache_bytes
from letheia.models.shapes import write_shapes
from letheia.types import Example, Portrait

pytestmark = pytest.mark.slow

ANSWERS = ("This is Una Varga.", "This is Una Varga, a pianist from a town by the sea. " * 3)


@pytest.fixture(scope="module")
def seven(tmp_path_factory):
    """Both of the paper's models at their true size, without weights."""
    root = tmp_path_factory.mktemp("shapes")
    planned = {}
    for kind in ("mistral", "llama"):
        write_shapes(root / kind, kind)
        planned[kind] = plan_model(root / kind, load=LoadConfig(dtype="bfloat16"))
    return planned


def picture(folder, *size):
    file = folder / f"{size[0]}x{size[1]}.png"
    Image.new("RGB", size, "grey").save(file)
    return Portrait(id=file.stem, file=file, entity="", role="seen")


def test_seven_billion_weights_and_true_prefixes(seven, tmp_path):
    count = {k: sum(p.numel() for p in m.network.parameters()) for k, m in seven.items()}
    assert 7.5e9 < count["mistral"] < 7.6e9 and 7.0e9 < count["llama"] < 7.1e9
    for size, tokens in (((336, 336), 1176), ((600, 400), 2144), ((672, 672), 2928)):
        found = seven["mistral"].picture(picture(tmp_path, *size))
        assert found.text.count("<image>") == tokens == len(found.features)
    # keys and values: 2 x 32 layers x 8 groups x 128 wide x 2 bytes a token
    assert cache_bytes(seven["mistral"], tokens=1000) == 2 * 32 * 8 * 128 * 2 * 1000
    assert cache_bytes(seven["llama"], tokens=1000) == 2 * 32 * 32 * 128 * 2 * 1000


def test_adapter_bytes_by_hand(seven, tmp_path):
    """LoRA has r (in + out) weights a projection; each takes 16 bytes and 2 more for autocast's copy."""
    model = seven["llama"]
    adapted = add_adapter(model, rank=128, alpha=256, seed=0)
    widths = 4 * (4096 + 4096) + 3 * (4096 + 11008)
    assert sum(p.numel() for p in trained_parameters(adapted).values()) == 32 * 128 * widths
    example = Example(portrait=picture(tmp_path, 336, 336), question="Who?", answer=ANSWERS[0], key="own")
    found = footprint(model, adapted, [[example]])
    assert found.adapter == 18 * 32 * 128 * widths
    assert found.recomputed.kept < found.training.kept < found.training.most


def test_what_is_kept_for_the_gradient_is_what_the_real_network_keeps(checkpoints, people):
    groups = [
        [Example(portrait=e.portraits[0], question="Who is this?", answer=a, key="own") for a in ANSWERS]
        for e in people.entities[:3]
    ]
    models = plan_model(checkpoints["mistral"]), load_model(checkpoints["mistral"])
    planned, real = (footprint(m, add_adapter(m, rank=8, alpha=16, seed=0), groups) for m in models)
    assert (planned.weights, planned.adapter) == (real.weights, real.adapter)
    assert planned.training.kept == pytest.approx(real.training.kept, rel=0.01)
    assert planned.training.most == pytest.approx(real.training.most, rel=0.02)
    assert planned.recomputed.most == pytest.approx(real.recomputed.most, rel=0.02)


def test_a_dry_run_needs_no_weights_and_writes_nothing(people, checkpoints, tmp_path):
    names = [e.name for e in people.pictured[:2]]
    run = ("--model", checkpoints["mistral"], "--people", people.folder, "--output", tmp_path / "x", "--dry-run")
    forget = ("--forget", names[0], "--forget", names[1])
    for command in (("unlearn", *forget), ("evaluate", *forget), ("probe",)):
        result = letheia(*command, *run, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert "tokens: picture and question" in result.stdout and "GiB" in result.stdout
    judged = letheia("unlearn", *forget, *run, "--judge", "gpt-4.1-mini", cwd=tmp_path, OPENAI_API_KEY="")
    assert judged.returncode == 0 and "calls, about" in judged.stdout and "$" in judged.stdout
    assert not list(tmp_path.iterdir())


def test_a_plan_for_a_gpu_that_is_not_there(people, checkpoints, tmp_path):
    """Half precision and no program beside it, as on a GPU; its memory is what was said."""
    run = ("--model", checkpoints["mistral"], "--people", people.folder, "--output", tmp_path / "x", "--dry-run")
    gpu = ("unlearn", *run, "--forget", people.pictured[0].name, "--device", "cuda")
    plan = letheia(*gpu, "--device-memory", "24GiB").stdout
    assert "cuda: 24.0 GiB, by --device-memory" in plan and "is more than" not in plan and "program" not in plan
    small = letheia(*gpu, "--device-memory", "1.5 MiB").stdout
    assert "is more than the device has" in small and "layers twice" in small
    if not torch.cuda.is_available():
        assert "cuda: is not there; --device-memory 24GiB says what one has" in letheia(*gpu).stdout
    for wrong in ("24", "0GiB", "much"):
        fails(letheia(*gpu, "--device-memory", wrong), "must be a size above zero, such as 24GiB")
    fails(letheia(*gpu[:-1], "abacus", "--device-memory", "1GiB"), "device 'abacus'")


def test_the_papers_plan(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = letheia("run", "paper/llava-1.6-vicuna", "--dry-run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for part in ("1,2", "LoRA r 128, alpha 256", "npo at 0.0005", "celeb-1000", "gpt-4.1-mini", "seed 0", "n20/seed0"):
        assert part in result.stdout, part
    assert not list(tmp_path.iterdir())
    fails(letheia("run", "paper/llava", "--dry-run"), "paper/llava-1.6-")
    fails(letheia("run", "paper/llava-1.6-vicuna"), "--people")
    fails(letheia("run", "world/study", "--model", "nobody", "--dry-run"), "nobody")


def test_a_plan_tells_what_the_original_is_asked():
    told = letheia("demo", "--method", "thorough", "--dry-run", "--output", "nowhere").stdout
    assert "41 lessons a step in 5 ways of asking" in told and "answers of the original" in told
    assert "o*" not in told
