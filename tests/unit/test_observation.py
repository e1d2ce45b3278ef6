"""Appendix A's numbers by hand, and the two sets."""

import pytest

from letheia.metrics.observation import (
    bigram_precision,
    capitalised,
    colour_adjectives,
    observe,
    proper_nouns,
    spacy_there,
)
from letheia.types import Entity, Generation


def test_by_hand():
    assert colour_adjectives("A Dark-haired woman, light eyes, red-red scarf; lightly golden.") == 5
    assert capitalised("Una Varga is here. Una met Ada Ott in Norrvik and I saw.") == 4
    # she was, was born, born in, in Norrvik, in 1950: of she-was-born-in-Norrvik's four, three are in the other
    assert bigram_precision("She was born in Norrvik", "Una was born in Norrvik, was born") == pytest.approx(3 / 4)
    assert bigram_precision("was born was born was born", "was born") == pytest.approx(1 / 5)
    assert bigram_precision("word", "word") is None
    if not spacy_there():
        assert proper_nouns("This is Una Varga.") == 2


def test_the_name_divides_the_answers():
    people = {
        str(i): Entity(id=str(i), name=f"Name{chr(97 + i)} Surname", summary="was born in a red house")
        for i in range(6)
    }
    answers = [
        Generation(
            model="m", method="original", portrait=i, entity=i, group="retain", role="seen", question="?",
            answer=f"{e.name} was born in Norrvik" if int(i) < 2 else "A person in a red coat",
        )
        for i, e in people.items()
    ]  # fmt: skip
    found = observe(answers, people, size=3)
    assert len(found["recognized"]["proper_nouns"]) == 2 and len(found["unrecognized"]["proper_nouns"]) == 3
    assert found["unrecognized"]["color_adjectives"] == [1, 1, 1]
    assert found["recognized"]["bigram_precision"] == [pytest.approx(2 / 5)] * 2
    assert found == observe(answers[::-1], people, size=3)
