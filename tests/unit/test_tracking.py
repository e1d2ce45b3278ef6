"""A finished run told to a tracker: the real TensorBoard, read back by its own reader."""

import json

import pytest

from letheia.errors import ConfigError
from letheia.metrics.results import Row, write_results
from letheia.report.tracking import check_tracker, track

PLACE = {"people": "forget", "pictures": "unseen", "count": 5, "unscored": 0}
ROW = {"model": "mistral", "n": 5, "seed": 0, "low": None, "high": None, **PLACE}


@pytest.fixture
def run(tmp_path):
    (tmp_path / "pubg").mkdir()
    steps = [{"step": i, "forget ascent": -1.0 * i, "retain nll": 0.5} for i in (1, 2, 3)]
    (tmp_path / "pubg" / "history.jsonl").write_text("".join(json.dumps(s) + "\n" for s in steps))
    write_results(
        tmp_path / "results.json",
        [
            Row(method="pubg", metric="usr", mean=0.75, **ROW),
            Row(method="pubg", metric="inform", mean=None, reason="no labels", **ROW),
            Row(method="original", metric="usr", mean=0.0, **ROW),
        ],
    )
    return tmp_path


def test_terms_by_step_and_results_at_the_end(run):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    check_tracker("tensorboard")
    track("tensorboard", run, {"pubg": {"learning_rate": 0.001}})
    told = reader.EventAccumulator(str(run / "tensorboard" / "pubg"))
    told.Reload()
    assert set(told.Tags()["scalars"]) == {"train/forget ascent", "train/retain nll", "forget/unseen/usr"}
    assert [(e.step, e.value) for e in told.Scalars("train/forget ascent")] == [(1, -1.0), (2, -2.0), (3, -3.0)]
    assert [(e.step, e.value) for e in told.Scalars("forget/unseen/usr")] == [(3, 0.75)]  # what is unscored is absent


def test_what_is_unknown_or_missing_is_told_before_anything_is_trained(monkeypatch):
    with pytest.raises(ConfigError, match="did you mean 'wandb'"):
        check_tracker("wandbb")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'letheia\[trackio\]'"):
        check_tracker("trackio")
