"""Facts by rules, measured against the world's true facts and against summaries in other words."""

import random
import time
from pathlib import Path

import pytest
import yaml

from letheia.data.facts.rules import by_rules
from letheia.types import Entity
from letheia.world.texts import summary

BIOGRAPHIES = yaml.safe_load((Path(__file__).parent.parent / "biographies.yaml").read_text(encoding="utf-8"))


def person(name, text):
    return Entity(id="x", name=name, summary=text)


def facts(name, text):
    return {(f.kind, f.phrase) for f in by_rules(person(name, text))}


def figures(cases):
    """Precision and recall over (found, true) sets of facts."""
    right = sum(len(found & true) for found, true in cases)
    return right / sum(len(f) for f, _ in cases), right / sum(len(t) for _, t in cases)


def test_the_worlds_true_facts(world):
    rng = random.Random(0)
    cases = [(facts(p.name, summary(p, rng)), set(p.facts.items())) for p in (*world.known, *world.summary_only)]
    precision, recall = figures(cases)
    assert precision >= 0.99 and recall >= 0.99, (precision, recall)


@pytest.mark.parametrize("fresh", [False, True])
def test_other_peoples_words(fresh):
    cases = []
    for row in (r for r in BIOGRAPHIES if r.get("fresh", False) == fresh):
        true = {(kind, phrase) for kind, phrases in row["facts"].items() for phrase in phrases.split("|")}
        assert all(phrase in row["summary"] for _, phrase in true), row["name"]
        cases.append((facts(row["name"], row["summary"]), true))
    precision, recall = figures(cases)
    assert precision >= 0.98 and recall >= 0.95, (precision, recall)


def test_every_fact_stands_in_the_words_it_came_from_and_these_in_the_summary():
    for row in BIOGRAPHIES:
        for fact in by_rules(person(row["name"], row["summary"])):
            assert fact.phrase in fact.text and fact.text in row["summary"], fact


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Una Varga", "Una Varga was the daughter of a poet. Her father, Bram Varga, was a painter who won the Golden "
         "Quill in 1950. He was born in Norrvik and died in Lowen in 1970. She married young."),
        ("Una Varga",
         "She appeared in The Quiet Tide, directed by Odo Lind, who had written the novel The Paper Tower. "
         "She has said that her favourite book is War and Peace."),
        ("Bo Lind", "Bo Lind lives in Lowen. He lost to Anton Sorel, the winner of the Ivory Star in 1988. In 1990 "
         "he won the Battle of Lowen. In "
         "May he met President Tamm at the University of Lowen."),
        ("Mary", "Mary is said to be kind. Her mother was a weaver born in Ghent in 1500. It was written in 1520."),
        ("Kaja Wray",
         "She received many letters. She received French citizenship in 1950. She won an election in Lowen. "
         "She published widely and wrote to King Haakon. She is known for Cubism and for Jazz."),
        ("Una Varga", "Una Varga est une poétesse née à Norrvik en 1950."),
        ("Una Varga", ""),
    ],
)  # fmt: skip
def test_what_is_told_of_others_or_is_no_fact(name, text):
    assert not facts(name, text)


@pytest.mark.parametrize(
    ("text", "kind", "phrase"),
    [
        ("Una Varga (born 3 May 1950) is a poet.", "birth_date", "3 May 1950"),
        ("Una Varga (born May 3, 1950) is a poet.", "birth_year", "1950"),
        ("Una Varga (born 1950 in Port Ellin) is a poet.", "birthplace", "Port Ellin"),
        ("Una Varga (b. 1950) is a poet.", "birth_year", "1950"),
        ("Una Varga (1870–1940) was a poet.", "death_year", "1940"),
        ("Una Varga (c. 1870 - 1940) was a poet.", "birth_year", "1870"),
        ("Una Varga (69 BC – 30 BC) was a poet.", "birth_year", "69 BC"),
        ("Una Varga (née Lind, 3 May 1870 – 2 June 1940) was a poet.", "death_date", "2 June 1940"),
        ("Una Varga (Norrvik, 3 May 1870 – Lowen, 2 June 1940) was a poet.", "deathplace", "Lowen"),
        ("Una Varga was born in St. Ives on 3 May 1950.", "birthplace", "St. Ives"),
        ("Una Varga was born to a family of bakers in Norrvik.", "birthplace", "Norrvik"),
        ("Una Varga is a well-known marine biologist from Norrvik.", "profession", "marine biologist"),
        ("Una Varga is an English-born French film director, poet and occasional singer.", "profession", "poet"),
        ("Una Varga is a New Zealand poet.", "nationality", "New Zealand"),
        ("Una Varga became a teacher. She later worked as a nurse.", "profession", "nurse"),
        ('Una Varga is a poet. She wrote "Dawn" and "The Quiet Tide".', "work", "The Quiet Tide"),
        ("Una Varga is a poet. Her novels include Dusk, War and Peace, and Dawn.", "work", "War and Peace"),
        ("Una Varga is a poet. She is best known for Dawn.", "work", "Dawn"),
        ("Una Varga is a poet. She won the 1950 Ivory Prize for Poetry.", "award_year", "1950"),
        ("Una Varga is a poet. She was appointed an Officer of the Order of Merit.", "award", "Order of Merit"),
        ("Una Varga is a poet. In 1950 Varga received the Golden Quill in Paris.", "profession", "poet"),
        ("Una Varga is a poet. She married the painter Bo Lind in 1970.", "spouse", "Bo Lind"),
        ("Una Varga is a poet. She has a degree from Lowen College.", "education", "Lowen College"),
    ],
)  # fmt: skip
def test_phrasings(text, kind, phrase):
    assert (kind, phrase) in facts("Una Varga", text)


@pytest.mark.parametrize(
    "words", ["Aa ", "She won a and the ", "She wrote Aa and Aa, ", "(", '"a ', "1900 – ", "Aa, Aa "]
)
def test_no_text_takes_long(words):
    """A text that is made to be slow is read in time that grows with its length."""
    start = time.perf_counter()
    facts("Una Varga", f"Una Varga {words * 5_000}. {words * 5_000}")
    assert time.perf_counter() - start < 10
