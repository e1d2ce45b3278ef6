"""The table of judges: a row of one's own, and names that are nearly a judge's."""

import pytest

from letheia.clients.judges import JUDGES, asked_of, in_process, is_elsewhere, open_judge
from letheia.errors import ConfigError
from letheia.metrics.judges import VERDICTS, Verdict
from letheia.metrics.scorer import Scorer
from letheia.types import Generation


def short_is_private(readings):
    return [dict.fromkeys(VERDICTS, Verdict(min(5, len(r.answer)), "by length")) for r in readings]


def test_a_judge_is_a_row(people, tmp_path, monkeypatch):
    monkeypatch.setitem(JUDGES, "length", in_process(short_is_private))
    assert asked_of("length") is None and not is_elsewhere("length")
    said = Generation(
        model="m", method="pubg", portrait=people.strangers[0].id, entity="", group="stranger", role="stranger",
        question="Who?", answer="Man",
    )  # fmt: skip
    with open_judge("length", tmp_path / "cache", tmp_path / "judge.json") as judge:
        (scores,) = Scorer(people, judge=judge).score([said])
    assert {s.metric: (s.value, s.reason) for s in scores if s.metric in VERDICTS} == {
        name: (3, "by length") for name in VERDICTS
    }
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, near", [("exakt", "exact"), ("exat", "exact"), ("non", "none")])
def test_a_slip_of_the_pen_is_no_model(name, near):
    with pytest.raises(ConfigError, match=f"unknown judge '{name}': did you mean '{near}'"):
        asked_of(name)


@pytest.mark.parametrize("name", ["gpt-4.1-mini", "o3", "non@http://127.0.0.1:1/v1"])
def test_other_names_are_endpoints(name):
    endpoint = asked_of(name)
    assert endpoint and endpoint.model == name.partition("@")[0]
    assert is_elsewhere(name) == ("@" not in name)
