"""Where only a study ran, its one question was tried: no more than that is said."""

import pytest

from letheia.audit.of_study import of_study
from letheia.metrics.results import Row
from letheia.metrics.thresholds import Thresholds
from letheia.study.verdict import Verdict


def row(method, people, metric, mean, pictures="unseen"):
    return Row(
        model="m", method=method, n=2, seed=0, people=people, pictures=pictures, metric=metric, mean=mean, low=None,
        high=None, count=4, unscored=0,
    )  # fmt: skip


ROWS = [
    row("original", "retain", "named", 1.0), row("x", "retain", "named", 0.98),
    row("original", "bystander", "named", 0.96), row("x", "bystander", "named", 0.54),
    row("original", "forget", "aftermath_garbled", 0.0), row("x", "forget", "aftermath_garbled", 0.25),
]  # fmt: skip


def test_no_more_than_the_question_is_said():
    found = Verdict(method="x", forgotten=("A", "B"), kept=("C", "D"), lost=("E",))
    verdict = of_study(found, ROWS, Thresholds())
    assert verdict.removal == "removed for the questions tried" and verdict.holds(["tried", "useful"])
    assert not verdict.holds(["removed"]) and {m.what for m in verdict.not_tried} >= {"gold"}
    retained, beside = verdict.groups
    assert (retained.others, retained.lost, retained.people) == ("unharmed", ("E",), 3)
    assert (beside.others, verdict.others) == ("harmed", "harmed") and beside.loss == pytest.approx(0.42)
    assert "A" not in str(verdict).replace("Asked", "")  # it stands in the card


@pytest.mark.parametrize(
    ("found", "removal", "description"),
    [
        (Verdict(method="x", forgotten=("A",), identified=("B",)), "not removed", "useful"),
        (Verdict(method="x", forgotten=("A",), spoiled=("B",)), "not removed", "degenerate"),
        (Verdict(method="x", forgotten=("A",), never=("B",)), "not known before", "useful"),
    ],
)
def test_the_worst_person_decides(found, removal, description):
    verdict = of_study(found, ROWS, Thresholds())
    assert (verdict.removal, verdict.description, verdict.degenerate) == (removal, description, 0.25)


def test_without_bystanders_that_is_said():
    verdict = of_study(Verdict(method="x", forgotten=("A",)), ROWS[:2], Thresholds())
    assert "bystanders" in {m.what for m in verdict.not_tried} and verdict.others == "unharmed"
    assert of_study(Verdict(method="x", forgotten=("A",)), [], Thresholds()).others == "not measured"
