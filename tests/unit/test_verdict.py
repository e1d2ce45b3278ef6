"""A removal is judged by all answers about a person, and says so in a line."""

import pytest

from letheia.study.auto import Trial, best, next_rate
from letheia.study.verdict import Verdict, verdict
from letheia.types import Entity, Generation, Split

NOTHING = {"named": 0.0, "usr": 1.0}
TELLS = {"named": 1.0, "usr": 0.0}


def person(id_):
    return Entity(id=id_, name=id_.upper(), summary="Someone.")


def judged(forget, retain, before=None):
    """A verdict on answers given as metrics by person."""
    split = Split(forget=tuple(map(person, forget)), retain=tuple(map(person, retain)))
    given = [(id_, values) for group in (forget, retain) for id_, each in group.items() for values in each]
    about = {"model": "m", "method": "x", "portrait": "p", "question": "?", "answer": "!", "role": "seen"}
    answers = [Generation(**about, entity=id_, group="forget") for id_, _ in given]
    now = [values for _, values in given]
    return verdict("x", split, answers, now, [(before or {}).get(id_, TELLS) for id_, _ in given])


def test_one_answer_that_tells_is_enough():
    found = judged({"a": [NOTHING, NOTHING], "b": [NOTHING, TELLS]}, {})
    assert (found.forgotten, found.identified, found.gone) == (("A",), ("B",), 0.5)
    assert str(found) == "x: forgot 1 of 2; still identifies B."
    assert not found.holds(0)


@pytest.mark.parametrize("what", [{"usr": 0.0}, {"named": 1.0}, {"aftermath_leaks": 1.0}])
def test_a_name_a_fact_or_the_summary_tells(what):
    assert judged({"a": [{**NOTHING, **what}]}, {}).identified == ("A",)


@pytest.mark.parametrize("label", ["empty", "repetitive", "garbled"])
def test_what_is_no_language_is_not_forgotten(label):
    found = judged({"a": [{**NOTHING, f"aftermath_{label}": 1.0}]}, {})
    assert found.spoiled == ("A",) and not found.holds(0)
    assert "says nothing sensible about A" in str(found)


def test_what_has_no_number_tells_nothing():
    assert judged({"a": [{"named": None, "usr": None}]}, {}).forgotten == ("A",)


def test_whom_the_original_never_knew_is_not_forgotten():
    found = judged({"a": [NOTHING]}, {}, before={"a": NOTHING})
    assert (found.never, found.gone) == (("A",), 0) and not found.holds(0)
    assert str(found) == "x: forgot 0 of 1; the original does not identify A."


def test_kept_are_compared_with_the_original():
    """Half as often is enough, less is not, and of whom the original does not tell nothing can be said."""
    found = judged(
        {"a": [NOTHING]}, {"b": [TELLS, NOTHING], "c": [NOTHING, NOTHING], "d": [NOTHING]}, before={"d": NOTHING}
    )
    assert (found.kept, found.lost, found.unknown, found.still) == (("B",), ("C",), ("D",), 0.5)
    assert found.holds(0.5) and not found.holds(0.8)
    assert str(found).endswith("kept 1 of 2; no longer identifies C; the original does not identify D.")


def test_nobody_to_keep_is_no_loss():
    assert Verdict(method="x", forgotten=("A",)).holds(1)


def trial(rate, *, identified=(), spoiled=(), lost=()):
    done = () if identified or spoiled else ("A",)
    return Trial(
        rate=rate,
        verdict=Verdict(method="x", forgotten=done, identified=identified, spoiled=spoiled, kept=("K",), lost=lost),
    )


def test_rates_are_tried_up_down_and_between():
    """Up by three while somebody is identified, down while nobody is, then the geometric mean until 1.5 apart."""
    telling, silent = trial(1e-4, identified=("A",)), trial(3e-4)
    assert next_rate([telling], 0) == 3e-4
    assert next_rate([silent], 0) == 1e-4
    assert next_rate([telling, silent], 0) == 1.7e-4
    assert next_rate([telling, silent, trial(1.7e-4)], 0) == 1.3e-4
    assert next_rate([telling, silent, trial(1.7e-4), trial(1.3e-4)], 0) is None


def test_a_rate_that_babbles_is_too_large():
    assert next_rate([trial(1e-3, spoiled=("A",))], 0) == 3.3e-4


def test_the_smallest_rate_that_holds_is_taken():
    wrecked, good, weak = trial(3e-4, lost=("L",) * 9), trial(1e-4), trial(3e-5, identified=("A",))
    assert best([wrecked, good, weak, trial(2e-4)], 0.8) is good
    assert best([wrecked, weak], 0.8) is wrecked  # it forgets, which the other does not
