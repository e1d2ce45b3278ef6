"""Models without vision: people are asked about by name, through the same code."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

import families
from commands import fails, letheia
from conftest import corpus
from letheia.data.wordings import in_words
from letheia.errors import CheckpointError
from letheia.models.adapter import add_adapter, original, remove_adapter, trained_parameters
from letheia.models.generation import Prompt, generate
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, log_probs, shared_log_probs
from letheia.prompts import read_prompt
from letheia.types import Example

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
        "--steps", "2", "--rank", "4", "--alpha", "8",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    answers = [json.loads(line) for line in (tmp_path / "run" / "bounded" / "answers.jsonl").read_text().splitlines()]
    assert {a["question"] for a in answers if a["group"] == "forget"} == {w.replace("$name", name) for w in WORDINGS}
    assert name in (tmp_path / "run" / "report.html").read_text()
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
