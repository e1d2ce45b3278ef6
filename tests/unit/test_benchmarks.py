"""The speed benchmarks run at their smallest size, and their arms compute the same gradient. Nothing is timed."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    import speed

    yield lambda row: speed.main([row, "--config", "smoke", "--steps", "2", "--output", str(tmp_path / "o.json")])[row]
    for name in set(sys.modules) - before:
        if (FOLDER / f"{name}.py").exists():
            del sys.modules[name]


@pytest.mark.parametrize("row", ["s1", "s2", "s12"])
def test_arms_have_one_gradient(run, row):
    found = run(row)
    found = [found] if row == "s12" else [entry for entry in found.values() if isinstance(entry, dict)]
    assert found
    for entry in found:
        assert all(apart < 1e-5 for apart in entry["gradient_differs_by"].values()), entry


def test_arithmetic_is_what_the_formula_says(run):
    assert run("s5")["counted_by_formula"] == pytest.approx(1, abs=0.05)


def test_both_ways_say_the_same(run):
    found = run("s4")["prefix 1200"]
    assert found["evaluation answers"]["same_answers"] == 1 and found["o* draws"]["a_second"]["Letheia"]["median"] > 0


def test_a_picture_asked_in_many_ways(run):
    found = run("s9")
    assert found["answers"]["same_answers"] == found["first token of answers"]["same_answers"] == 1
    assert found["training"]["gradient_differs_by"] < 1e-5 and found["candidates"]["log_probs_differ_by"] < 1e-3


def test_whole_removals(run):
    """On the world both arms draw the same o*, so they end in the same adapter; the author's loop draws its own."""
    assert run("s3")["seconds"].keys() == {"N0", "Letheia"}
    found = run("s8")
    assert found["steps"] == 2 and found["adapters_differ_by"] < 1e-3
    assert found["asking"].keys() == {"probe", "answers of the original", "answers of PUBG"}


def test_what_grows_with_the_folder(run):
    found = run("s10")
    assert found["people"] == 20 and found["milliseconds_an_answer"]["median"] > 0
    assert found["seconds_to_read_40"]["median"] > 0 and found["seconds_of_help"]["median"] > 0


def test_a_token_with_an_adapter(run):
    """28 products of the adapter less times the scale; in float32 nothing is turned into another type."""
    found = run("s11")
    counted = found["operations_a_token"]
    assert found["same_bits_as_peft"] == 1
    assert counted["without adapter"] < counted["Letheia"] == counted["peft"] - 14


def test_rows_that_need_a_card_are_skipped_without_one(run, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "skipped" in run("s7")
