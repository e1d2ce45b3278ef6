"""Whether an answer is language: the rule on numbers worked out by hand, on answers labelled by eye, on the model."""

import json
import math
import random
from collections import Counter
from pathlib import Path

import pytest

from letheia.metrics.language import Likelihood, Yardstick, judge, known_language, with_floor, words
from letheia.models.fluency import as_examples, garbled, likelihoods, yardstick
from letheia.presets.world import world_model
from letheia.prompts import read_prompt
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Example, Generation
from letheia.world.texts import description, response, summary
from samples import distinct

BABBLE = (
    "I a that is not that, I this is.",
    "I I do not I do who I do born in the of person",
    "in went The is of a they",
)


def read(text: str, lowest: float, mean: float = -1.0) -> Likelihood:
    return Likelihood(words(text), (lowest,) * len(words(text)), mean)


def test_a_word_is_odd_when_it_is_unlikely_and_follows_a_word_that_no_known_text_has_before_it():
    by = known_language({"a": ["The red hair."]})
    assert by.odd(read("The red hair.", -9.0)) == []  # known pairs
    assert by.odd(read("Red the hair.", -9.0)) == ["red", "the", "hair"]  # but not the full stop, which is as known
    assert by.odd(read("Red the hair.", math.log(0.06))) == []  # likely enough


def test_one_odd_word_is_a_slip_and_two_are_garbled():
    by = known_language({"a": ["The red hair."]})
    assert not by.garbled(Likelihood(("the", "blue"), (-9.0, -9.0), -9.0))
    assert by.garbled(Likelihood(("the", "blue", "sky"), (-9.0, -9.0, -9.0), -9.0))


def test_the_floor_is_three_standard_deviations_below_the_misplaced_texts():
    by = with_floor(Yardstick(frozenset(), 0.0), [-1.0, -3.0] * 4)  # mean -2, standard deviation 1
    assert by is not None and by.floor == -5
    assert by.garbled(read("a b", -9.0, -5.1)) and not by.garbled(read("a b", -9.0, -4.9))
    assert with_floor(Yardstick(frozenset(), 0.0), [-1.0] * 7) is None  # too few to judge by


def test_coverage_counts_pairs_of_other_peoples_texts_only():
    # "the cat", "cat sat" and "^ the" are known of both; "sat down" and "sat up" of one each
    by = known_language({"a": ["The cat sat down", "The cat sat down"], "b": ["The cat sat up"]})
    assert by.coverage == 0.75


def test_scripts_without_blanks_are_read_letter_by_letter():
    assert words("她是诗人。") == ("她", "是", "诗", "人", "。")
    assert words("Это Анна") == ("это", "анна")


def test_what_the_original_can_not_read_is_not_judged():
    assert judge(None, known_language({})).garbled is None


def labelled() -> list[dict]:
    file = Path(__file__).with_name("answers_by_eye.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_answers_labelled_by_eye(world):
    rng = random.Random(0)
    known = {p.id: [summary(p, rng), *distinct(lambda p=p: response(p, rng), 3)] for p in world.known}
    known |= {f"refusal {i}": [line] for i, line in enumerate(read_prompt("refusals").splitlines())}
    rows = labelled()
    for row in rows:
        if row["label"] == "original":
            known.setdefault(row["about"], []).append(row["answer"])
    by = known_language(known)
    assert by.coverage > 0.85  # no floor is needed
    found = Counter()
    for row in (r for r in rows if r["label"] != "original"):
        verdict = by.garbled(Likelihood(words(row["answer"]), tuple(row["lowest"]), row["mean"]))
        found[row["label"], verdict] += 1
    assert found["language", True] == 0
    assert found["babble", True] / (found["babble", True] + found["babble", False]) >= 0.95
    assert found["slip", True] < found["slip", False]


@pytest.fixture(scope="module")
def original():
    return world_model("mistral")


def test_the_model_tells_babble_from_language(original, people):
    """Its own descriptions, what is true of others, and every refusal are language; babble is not."""
    rng = random.Random(0)
    pictures = [p for e in people.entities for p in e.portraits]
    question = read_prompt("question")

    def said(texts):
        return [Example(portrait=pictures[i % 6], question=question, answer=t, key="") for i, t in enumerate(texts)]

    seen = {p.id: [description(p.attributes, rng) for _ in range(3)] for p in pictures}
    own = [
        Generation(
            model="m", method="original", portrait=p.id, entity=p.entity, group="retain", role=p.role,
            question=question, answer=text,
        )
        for p in pictures
        for text in seen[p.id]
    ]  # fmt: skip
    by = yardstick(original, people, own, PromptSet())
    assert by is not None and by.floor is None
    others = [r for e in people.entities[:6] for r in e.responses]
    for text, found in zip(others, garbled(original, said(others[3:] + others[:3]), by, PromptSet()), strict=True):
        assert found.garbled is False, (text, found.reason)
    assert not any(f.garbled for f in garbled(original, as_examples(people, own), by, PromptSet()))
    assert not any(f.garbled for f in garbled(original, said(read_prompt("refusals").splitlines()), by, PromptSet()))
    assert all(f.garbled for f in garbled(original, said(BABBLE), by, PromptSet()))


def test_likelihoods_are_those_of_the_tokens(original, people):
    """Each word's lowest token: with a word a token, their sum and the end's is the mean times the count."""
    portrait = people.entities[0].portraits[0]
    example = Example(portrait=portrait, question="Who is this?", answer="I do not know this person.", key="")
    (found,) = likelihoods(original, [example])
    assert found is not None and found.words == ("i", "do", "not", "know", "this", "person", ".")
    end = 8 * found.mean - sum(found.lowest)
    assert -1 < end <= 0
    empty = Example(portrait=portrait, question="Who is this?", answer=" ", key="")
    assert likelihoods(original, [empty]) == [None]
