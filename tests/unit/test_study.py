"""One study: its commands, and that an adapter and its answers stay together."""

import json
import shutil

import pytest

from commands import fails, letheia
from letheia.config import StudyConfig
from letheia.errors import ConfigError
from letheia.grid.collected import read_collected
from letheia.metrics.scorer import Scorer
from letheia.models.loading import load_model
from letheia.models.shipped import weights_folder
from letheia.progress import Silent
from letheia.study import run
from letheia.study.build import build
from letheia.study.plan import jobs, plan_job
from letheia.train.unlearn import unlearn


def test_a_small_study_and_its_table(world_folder, tmp_path):
    shutil.copytree(world_folder, tmp_path / "study" / "people")
    run = ("run", "world/study", "--model", "mistral", "--method", "bg", "--n", "10", "--seeds", "1")
    result = letheia(*run, "--output", tmp_path / "study")
    assert result.returncode == 0, result.stderr
    again = letheia(*run, "--output", tmp_path / "study", "--dry-run")
    assert again.stdout.startswith("done")
    printed = letheia("table", "1", tmp_path / "study")
    assert printed.returncode == 0 and "| BG | 1.00" in printed.stdout, printed
    for number in "2456":
        made = letheia("table", number, tmp_path / "study")
        assert made.returncode == 0 and f"Table {number}" in made.stdout, made
    history = read_collected(tmp_path / "study").value["cells"][0]["history"]["bg"]
    assert {len(v) for v in history.values()} == {30}
    more = letheia("run", "world/study", "--model", "mistral", "--method", "ga", "--n", "10", "--seeds", "1",
                   "--steps", "30", "--output", tmp_path / "study")  # fmt: skip
    assert more.returncode == 0, more.stderr
    both = read_collected(tmp_path / "study")
    assert both.methods == ["original", "ga", "bg"]  # the first run's stays, and its command
    assert [both.value["command"].count(f"--method {m}") for m in ("bg", "ga")] == [1, 1]
    assert set(both.value["weights"]) == {"mistral/model.safetensors", "clip/model.safetensors"}
    html = (tmp_path / "study" / "report.html").read_text()
    assert html.count("data:image/webp") >= 10 and '"settings"' in html
    fails(letheia("table", "1", tmp_path), "study.json")
    fails(letheia("table", "1", tmp_path / "study", "--format", "pdf"), "pdf")


def test_the_papers_study_on_a_checkpoint(own_world, tmp_path):
    """The preset's whole way, on a folder and a checkpoint of the world that stand in for real ones.

    That it runs into a folder named world/study makes its people no world's.
    """
    out = tmp_path / "world" / "study"
    people = own_world
    file = people / "metadata.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(x for x in lines if '"stranger"' not in x))  # as a folder that was imported
    given = ("--model", weights_folder() / "mistral", "--people", people, "--judge", "exact", "--clip", "none")
    run = ("run", "paper/llava-1.6-mistral", *given, "--n", "5", "--method", "bg", "--steps", "2", "--output",
           out)  # fmt: skip
    planned = letheia(*run, "--dry-run")
    assert planned.returncode == 0 and "bg at 2e-05" in planned.stdout and "r 128" in planned.stdout, planned
    assert not (out).exists()
    result = letheia(*run)
    assert result.returncode == 0, result.stderr
    cell = out / "mistral" / "n5" / "seed0"
    assert (cell / "bg" / "adapter" / "adapter_config.json").exists() and (cell / "report.html").exists()
    found = read_collected(out)
    assert len(found.value["cells"][0]["retain"]) == 20 and not found.of_world
    assert len(found.value["observation"]["mistral"]["recognized"]["proper_nouns"]) == 25
    page = (out / "report.html").read_text()
    names = [json.loads(line)["name"] for line in (people / "entities.jsonl").read_text().splitlines()]
    assert "data:image" not in page and not any(name in page for name in names)  # only with --people


def killed(*_, **__):
    raise KeyboardInterrupt


def test_an_adapter_and_answers_of_one_rate_stay_together(checkpoints, people, tmp_path, monkeypatch):
    """Killed with another rate's adapter half saved, or before its answers: the first rate's are made again."""
    known = [e.id for e in people.pictured]
    config = {"candidates": known, "forget": known[:2], "people": 6, "n": 2, "unseen": 1, "strangers": 0, "rank": 2,
              "methods": ("bg",), "steps": 1, "max_new_tokens": 8}  # fmt: skip
    model = load_model(checkpoints["mistral"])
    study = build(StudyConfig.create(config), people, model, Scorer(people), folder=tmp_path, bars=Silent())
    ready = run.prepare(study)
    planned = [plan_job(study.config, "bg", rate) for rate in (1e-3, 2e-3)]
    trained = []
    monkeypatch.setattr(run, "unlearn", lambda *a, **k: trained.append(a[5].learning_rate) or unlearn(*a, **k))
    for broken in ("save_adapter", "ask"):
        trained.clear()
        first = run.do_job(study, planned[0], ready)
        assert run.do_job(study, planned[0], ready) == first and len(trained) == 1
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(run, broken, killed)
            run.do_job(study, planned[1], ready)
        assert run.do_job(study, planned[0], ready) == first
        assert trained == [1e-3, 2e-3, 1e-3]
        shutil.rmtree(tmp_path / "bg")


def test_a_method_without_a_rate_is_told():
    with pytest.raises(ConfigError, match=r"bg: has no learning rate\. 'letheia rates --method bg'"):
        jobs(StudyConfig.create({"methods": ("bg",)}), {})
    assert jobs(StudyConfig.create({"methods": ("bg",), "rates": {"bg": 0.5}}), {})[0].train.learning_rate == 0.5
