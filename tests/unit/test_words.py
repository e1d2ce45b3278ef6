"""Models without vision: people are asked about by name, through the same code."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import families
from commands import fails, letheia
from letheia.config import StudyConfig
from letheia.data.wordings import in_words, people_for
from letheia.engines.own import generate
from letheia.errors import CheckpointError
from letheia.models.adapter import add_adapter, original, remove_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, log_probs, shared_log_probs
from letheia.progress import Silent
from letheia.prompts import read_prompt
from letheia.study.build import plain_study
from letheia.study.run import probe
from letheia.types import Example, Prompt
from samples import corpus

pytestmark = pytest.mark.slow

WORDINGS = read_prompt("wordings").splitlines()


@pytest.fixture(scope="module")
def checkpoint(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("words") / "llama"
    torch.manual_seed(0)
    families.words(folder, corpus(world))
    return folder


def examples(people, answers=("A poet.", "A pianist from the north.")):
    asked = in_words(people, WORDINGS).pictured[0].pictures("seen")[0]
    return [Example(portrait=asked, question=asked.asked("never"), answer=a, key="own") for a in answers]


def test_questions_name_the_person(people):
    asked = in_words(people, WORDINGS)
    first = asked.pictured[0]
    assert [p.words for p in first.pictures("seen")] == [f"Who is {first.name}?"]
    assert len(first.pictures("unseen")) == len(WORDINGS) - 1
    assert all(first.name in p.asked("x") for p in first.portraits)
    assert not asked.strangers and len({p.id for e in asked.entities for p in e.portraits}) == sum(
        len(e.portraits) for e in asked.entities
    )


def test_log_probs_and_answers_are_the_networks_own(checkpoint, people):
    model = load_model(checkpoint)
    both = examples(people)
    plain, shared = log_probs(model, both), shared_log_probs(model, [both])
    torch.testing.assert_close(plain.log_probs, shared.log_probs, atol=2e-5, rtol=1e-5)
    network = AutoModelForCausalLM.from_pretrained(checkpoint)
    for i, example in enumerate(both):
        encoded = encode_example(model, example)
        tokenizer = model.processor.tokenizer
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": example.question}], add_generation_prompt=True, tokenize=False
        )
        assert tuple(tokenizer(prompt).input_ids) == encoded.prompt
        logits = network(torch.tensor([encoded.ids])).logits[0].log_softmax(-1)
        at = torch.arange(encoded.answer_start, len(encoded.ids))
        wanted = logits[at - 1, torch.tensor(encoded.answer)]
        torch.testing.assert_close(plain.log_probs[plain.answer == i], wanted, atol=2e-5, rtol=1e-5)
    ids = torch.tensor([encode_example(model, both[0]).prompt])
    new = network.generate(ids, max_new_tokens=8, do_sample=False, eos_token_id=2, pad_token_id=0)[0, ids.shape[1] :]
    found = generate(model, [Prompt(both[0].question, both[0].portrait)], max_new_tokens=8)[0]
    assert found.text == model.processor.tokenizer.decode(new, skip_special_tokens=True).strip()


def test_the_adapter_comes_off(checkpoint, people):
    model = load_model(checkpoint)
    both = examples(people)
    before = log_probs(model, both).log_probs
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    assert len(trained_parameters(adapted)) == 2 * 7 * 2
    with torch.no_grad():
        for p in trained_parameters(adapted).values():
            p.normal_()
    assert not torch.equal(log_probs(model, both).log_probs, before)
    with original(adapted):
        assert torch.equal(log_probs(model, both).log_probs, before)
    remove_adapter(model, adapted)
    assert torch.equal(log_probs(model, both).log_probs, before)


def test_a_removal(checkpoint, people, tmp_path):
    name = people.pictured[0].name
    result = letheia(
        "unlearn", "--model", checkpoint, "--people", people.folder, "--forget", name, "--output", tmp_path / "run",
        "--steps", "1", "--rank", "4", "--alpha", "8", "--max-new-tokens", "8", "--rate", "auto", "--budget", "1",
        "--require", "--force",
    )  # fmt: skip
    assert result.returncode == 3, result.stderr  # an untrained network says nothing that makes sense
    assert "--require" in result.stderr and "bounded: forgot 0 of 1" in result.stdout
    assert "answers reached the limit of 8 tokens" in result.stdout and "failed the check" in result.stdout
    answers = [json.loads(line) for line in (tmp_path / "run" / "bounded" / "answers.jsonl").read_text().splitlines()]
    assert {a["question"] for a in answers if a["group"] == "forget"} == {w.replace("$name", name) for w in WORDINGS}
    assert name in (tmp_path / "run" / "report-operator.html").read_text()
    picture = people.pictured[0].portraits[0].file
    fails(letheia("ask", picture, "Who is this?", "--model", checkpoint), "has no vision")


def test_missing_weights_are_an_error(checkpoint, tmp_path):
    for file in checkpoint.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    lost = weights.pop("model.layers.1.mlp.up_proj.weight")
    assert lost.numel()
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"lacks 1 weights, such as model\.layers\.1"):
        load_model(tmp_path)


@pytest.fixture
def names_and_summaries(people, tmp_path):
    """A folder without pictures, responses and labels, as somebody has it who has a list of names."""
    rows = [{"id": e.id, "name": e.name, "summary": e.summary} for e in people.entities[:4]]
    rows.append({"id": "nobody", "name": "Nan Lee"})
    folder = tmp_path / "people"
    folder.mkdir()
    (folder / "entities.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "metadata.jsonl").write_text("")
    return folder


def test_names_and_summaries_are_enough(checkpoint, names_and_summaries, tmp_path):
    folder = names_and_summaries
    checked = letheia("people", "check", folder)
    assert "0 by a model with vision" in checked.stdout and "0 by a model without" in checked.stdout
    assert "without summaries: Nan Lee" in checked.stdout
    planned = letheia("probe", "--model", checkpoint, "--people", folder, "--output", tmp_path / "a", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    lines = [line.split() for line in planned.stdout.splitlines()]
    assert ["questions", "4", "seen,", f"{4 * 3}", "unseen"] in lines and "picture" not in planned.stdout
    values = {"model": str(checkpoint)}
    study = plain_study(values, people_for(folder, StudyConfig.check(values)), tmp_path / "a", bars=Silent())
    probe(study)
    assert len((tmp_path / "a" / "probe.jsonl").read_text().splitlines()) == 4
    planned = letheia("people", "responses", folder, "--from-model", checkpoint, "--count", "2", "--dry-run")
    assert "2 draws about each of 4 people" in planned.stdout
    told = tmp_path / "told.jsonl"  # what an untrained model draws is nothing to train on
    rows = [json.loads(line) for line in (folder / "entities.jsonl").read_text().splitlines()][:4]
    texts = [{"name": r["name"], "responses": [r["summary"].split(".")[0] + "."]} for r in rows]
    told.write_text("".join(json.dumps(t) + "\n" for t in texts))
    done = letheia("people", "responses", folder, "--from-file", told)
    assert done.returncode == 0 and "responses for 4 people" in done.stdout, done.stderr
    checked = letheia("people", "check", folder)
    assert "0 by a model with vision" in checked.stdout and "4 by a model without" in checked.stdout
    name = json.loads((folder / "entities.jsonl").read_text().splitlines()[0])["name"]
    run = letheia(
        "unlearn", "--model", checkpoint, "--people", folder, "--forget", name, "--output", tmp_path / "run",
        "--steps", "1", "--rank", "2", "--alpha", "4", "--method", "ga", "--force",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "unseen question" in run.stdout and "unseen pictures" not in run.stdout
    page = (tmp_path / "run" / "report-operator.html").read_text()
    assert "unseen questions" in page and f"Who is {name}?" in page and "unseen pictures" not in page


def test_what_is_lacking_is_said_in_words(checkpoint, names_and_summaries, tmp_path):
    folder = names_and_summaries
    command = ("unlearn", "--model", checkpoint, "--people", folder, "--output", tmp_path / "run")
    fails(letheia(*command, "--forget", "p000", "--no-retain"), "needs a summary and a response to be forgotten")
    world = ("evaluate", "--model", checkpoint, "--people", folder, "--output", tmp_path / "e", "--clip", "world")
    fails(letheia(*world), "has no vision. Leave it out")
    (folder / "entities.jsonl").write_text('{"id": "a", "name": "Nan Lee"}\n')
    probed = letheia("probe", "--model", checkpoint, "--people", folder, "--output", tmp_path / "p")
    fails(probed, "nobody has a summary")
