"""A finished run told to a tracker: the real TensorBoard, read back by its own reader."""

import json
import os
import subprocess
import sys

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


def test_a_hosted_tracker_gets_neither_command_line_nor_terminal(run, tmp_path):
    """The real library, offline: what it would send lies in its file. It begins with these unless told not to."""
    pytest.importorskip("wandb")
    code = "import sys; from pathlib import Path; from letheia.report.tracking import track; print('said aloud'); "
    code += "track('wandb', Path(sys.argv[1]), {'pubg': {'learning_rate': 0.001}}); print('said aloud')"
    there = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    command = [sys.executable, "-c", code, str(run), "--forget", "Una Varga"]
    subprocess.run(command, cwd=tmp_path, env=there, check=True, capture_output=True, timeout=100)
    (sent,) = tmp_path.glob("wandb/offline-*/*.wandb")
    told = sent.read_bytes()
    assert b"forget/unseen/usr" in told and b"learning_rate" in told
    assert b"unnamed" in told  # in place of the machine's name
    assert not [word for word in ("Una Varga", "said aloud", str(run)) if word.encode() in told]
    assert not list(tmp_path.glob("wandb/offline-*/files/*"))


def test_what_is_unknown_or_missing_is_told_before_anything_is_trained(monkeypatch):
    with pytest.raises(ConfigError, match="did you mean 'wandb'"):
        check_tracker("wandbb")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'letheia\[trackio\]'"):
        check_tracker("trackio")
