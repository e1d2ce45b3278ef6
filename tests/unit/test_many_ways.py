"""A picture that is asked about in many ways is read once, and every answer is the one that asking alone gives."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import families
from letheia.config import LoadConfig
from letheia.engines.own import generate
from letheia.models import reading
from letheia.models.loading import load_model
from letheia.models.reading import encoded_prompt, read_prompts
from letheia.types import Portrait, Prompt
from samples import corpus

NAMED = Portrait(id="named", file=Path(), entity="", role="seen", words="Who is Una Varga?")
QUESTIONS = ("Who is this?", "Who is the person in this picture?", "What is their name?", "Tell me about them.")


def ways(portraits, *, seeds=1):
    """Every question about two pictures and none, begun answers, earlier turns, one question about a third picture."""
    asked = [Prompt(q, p) for p in (*portraits[:2], None) for q in QUESTIONS]
    asked += [replace(p, prefix="This is") for p in asked[:5]]
    asked += [replace(asked[0], turns=(("What do you see?", "A person."),)), Prompt(QUESTIONS[1], portraits[2])]
    asked.append(Prompt(NAMED.words, NAMED))
    return [replace(p, seed=seed) for seed in range(seeds) for p in asked]


def alone(model, prompts, **options):
    return [generate(model, [prompt], max_new_tokens=8, **options)[0] for prompt in prompts]


def compare(model, portraits):
    prompts = ways(portraits)
    assert generate(model, prompts, max_new_tokens=8) == alone(model, prompts)
    prompts = ways(portraits, seeds=2)
    drawn = generate(model, prompts, max_new_tokens=8, sample=True)
    assert drawn == alone(model, prompts, sample=True)
    assert drawn[::-1] == generate(model, prompts[::-1], max_new_tokens=8, sample=True, batch=7)


@pytest.fixture
def portraits(people):
    return [e.portraits[0] for e in people.entities[:3]]


def test_answers_are_those_of_asking_alone(either_model, portraits):
    compare(either_model, portraits)


@pytest.mark.slow
@pytest.mark.parametrize("family", list(families.MAKERS))
def test_answers_of_every_family(family, portraits, world, tmp_path):
    compare(load_model(families.make(family, tmp_path / family, corpus(world))), portraits)


def test_what_is_read_once_is_what_each_reads(checkpoints, portraits, monkeypatch):
    """Hidden states in double precision, whole and in parts."""
    model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64"))
    prompts = ways(portraits)
    encoded = [encoded_prompt(model, p) for p in prompts]
    with torch.no_grad():
        each = torch.cat([read_prompts(model, [e], [p])[0] for e, p in zip(encoded, prompts, strict=True)])
        together, begun = read_prompts(model, encoded, prompts)
        monkeypatch.setattr(reading, "PROMPT_TOKENS", 100)
        parts, again = read_prompts(model, encoded, prompts)
    torch.testing.assert_close(together, each)
    torch.testing.assert_close(parts, each)
    assert torch.equal(begun.real, again.real) and torch.equal(begun.positions, again.positions)


def test_a_picture_is_read_once(model, portraits):
    read = []
    model.language_model.register_forward_pre_hook(
        lambda _, __, given: read.append(given["inputs_embeds"].shape[:2]), with_kwargs=True
    )
    prompts = [Prompt(question, portrait) for portrait in portraits for question in QUESTIONS]
    generate(model, prompts, max_new_tokens=1)
    (pictures, tokens), (questions, rest) = read
    assert (pictures, questions) == (3, 12) and tokens > 78 > 3 * rest


def test_one_question_a_picture_is_read_as_ever(model, portraits, monkeypatch):
    """Answers to a study's one question are the same to the last bit: nothing is cut in two."""
    monkeypatch.setattr(reading, "Heads", None)
    prompts = [Prompt("Who is this?", p, seed=s) for p in portraits for s in range(3)] + [Prompt("Who is Una?")]
    generate(model, prompts, max_new_tokens=3, sample=True)
