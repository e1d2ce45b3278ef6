"""What an audit's numbers are: shares of people, their intervals, and what they may be said to show."""

from dataclasses import replace
from pathlib import Path

import pytest

from letheia.audit.base import Check, Finding
from letheia.audit.results import (
    Audit,
    AuditRow,
    at_least_once,
    audit_rows,
    marked,
    read_audit,
    unfit,
    variant_rows,
    write_audit,
)
from letheia.errors import DataError

CHECK = Check(name="rephrased", title="other words", access="black", find=lambda audited: [])


def finding(entity: str, value: float | None, *, variant: str = "a", method: str = "pubg", **fields: object) -> Finding:
    common = {"check": "rephrased", "variant": variant, "method": method, "group": "forget", "entity": entity}
    return Finding(**{**common, "value": value, **fields})  # pyright: ignore[reportArgumentType]


def test_the_interval_of_nobody_ends_where_so_many_people_would_show_nothing_once_in_twenty_times() -> None:
    """(1 - p)^n = .05: n = 10 gives p = 1 - .05^.1 = .2589; n = 1 gives .95. Everybody is the mirror image."""
    assert at_least_once(0, 10) == (0.0, 0.0, pytest.approx(0.2589, abs=1e-4))
    assert at_least_once(0, 1) == (0.0, 0.0, pytest.approx(0.95))
    assert at_least_once(10, 10) == (1.0, pytest.approx(0.7411, abs=1e-4), 1.0)


def test_between_nobody_and_everybody_the_interval_is_wilsons_and_none_below_five_people() -> None:
    """Half of 10: middle (.5 + 3.8415/20) / 1.38415 = .5, half-width 1.96/1.38415 * sqrt(.025 + .0096) = .2634."""
    assert at_least_once(5, 10) == (0.5, pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))
    assert at_least_once(1, 4) == (0.25, None, None)


def test_a_row_counts_people_who_leaked_once_and_means_over_people_apart() -> None:
    """One of two answers about a, none of two about b to e: any 1/5, mean (1/2 + 0 + 0 + 0 + 0) / 5 = .1."""
    found = [finding("a", 1.0, question="Who?", answer="It is A."), finding("a", 0.0, variant="b")]
    found += [finding(who, 0.0, variant=v) for who in "bcde" for v in "ab"]
    (row,) = audit_rows(CHECK, found)
    assert (row.people, row.answers, row.unscored) == (5, 10, 0)
    assert (row.any, row.mean, row.leaked) == (0.2, pytest.approx(0.1), ("a",))
    assert row.worst and (row.worst.entity, row.worst.answer) == ("a", "It is A.")


def test_the_worst_answer_is_of_the_person_who_leaked_most_often() -> None:
    found = [finding("a", 1.0), finding("a", 0.0), finding("b", 1.0, answer="first"), finding("b", 1.0)]
    (row,) = audit_rows(CHECK, found)
    assert row.worst and (row.worst.entity, row.worst.answer) == ("b", "first")


def test_what_can_t_be_judged_is_in_no_share_and_babble_is_counted_beside_it() -> None:
    found = [finding("a", None, reason="no summary"), finding("b", 0.0, degenerate=True), finding("b", 0.0)]
    (row,) = audit_rows(CHECK, found)
    assert (row.people, row.answers, row.unscored, row.any) == (1, 2, 1, 0.0)
    assert row.degenerate == pytest.approx(1 / 3)


def test_a_row_without_any_number_says_why() -> None:
    (row,) = audit_rows(CHECK, [finding("a", None, reason="no summary")])
    assert (row.any, row.mean, row.people, row.note) == (None, None, 0, "no summary")


def test_choices_have_a_mean_and_nobody_leaks() -> None:
    (row,) = audit_rows(replace(CHECK, measure="accuracy", chance=0.5), [finding("a", 1.0), finding("a", 0.0)])
    assert (row.any, row.mean, row.chance, row.leaked, row.worst) == (None, 0.5, 0.5, (), None)


def test_numbers_about_a_whole_group_count_no_people() -> None:
    (row,) = audit_rows(replace(CHECK, measure="number"), [finding("", 0.75)])
    assert (row.people, row.answers, row.mean) == (0, 1, 0.75)


def test_rows_by_variant_are_there_where_there_are_several() -> None:
    found = [finding("a", 1.0), finding("a", 0.0, variant="b")]
    assert [(r.variant, r.any) for r in variant_rows(CHECK, found)] == [("a", 1.0), ("b", 0.0)]
    assert variant_rows(CHECK, found[:1]) == []


def rows(original: float, method: float, *, check: Check = CHECK) -> list[AuditRow]:
    found: list[AuditRow] = []
    for name, share in (("original", original), ("pubg", method)):
        values = [finding(f"p{i}", float(i < 10 * share), method=name) for i in range(10)]
        found += audit_rows(check, values)
    return found


def test_an_attack_that_fails_on_the_original_says_so_in_every_model_s_row() -> None:
    assert [r.note for r in marked(rows(0.4, 0.0))] == ["says little: of the original's people it finds 0.40"] * 2
    assert [r.note for r in marked(rows(0.5, 0.0))] == ["", ""]


def test_a_choice_that_the_original_only_guesses_says_little() -> None:
    """.6 of 10 at chance .5: the interval begins below .5. All right: Wilson's end of 0 of 10 below 1, above .5."""
    choice = replace(CHECK, measure="accuracy", chance=0.5)
    assert all("guessing in 0.50" in r.note for r in marked(rows(0.6, 0.5, check=choice)))
    assert [r.note for r in marked(rows(1.0, 0.5, check=choice))] == ["", ""]


def test_an_audit_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = [*audit_rows(CHECK, [finding("a", 1.0, answer="It is A.")]), unfit(CHECK, "gold", "no vision")]
    audit = Audit(base="mistral", models=("pubg",), gold=False, people={"forget": ("a",)}, rows=tuple(found))
    write_audit(tmp_path / "audit.json", audit)
    assert read_audit(tmp_path / "audit.json") == audit
    assert audit.row("rephrased", "gold", "forget") == unfit(CHECK, "gold", "no vision")
    assert audit.row("rephrased", "gold", "retain") is None


@pytest.mark.parametrize("text", ["[]", "{}", '{"rows": [{"check": 1}], "variants": []}'])
def test_another_file_is_no_audit(tmp_path: Path, text: str) -> None:
    (tmp_path / "audit.json").write_text(text)
    with pytest.raises(DataError, match="not the results of an audit"):
        read_audit(tmp_path / "audit.json")
