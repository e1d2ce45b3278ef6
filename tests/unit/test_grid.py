"""A study of many cells: the paper's grid, and what is done is skipped."""

import pytest

from letheia.grid.grid import Cell, GridConfig, plan_grid
from letheia.grid.local import run_here
from letheia.grid.work import Machines
from letheia.methods.rates import rates_for
from letheia.progress import Silent

RATES = {"mistral": rates_for("mistral"), "llama": rates_for("llama")}


def cells(**values):
    return plan_grid(GridConfig.create(values), {}, lambda model: {"rates": RATES[model]})


def test_the_papers_grid():
    planned = cells()
    assert len(planned) == 2 * 3 * 5 and len({c.jobs["ga"] for c in planned}) == 30
    assert [c.name for c in planned[:2]] == ["mistral/n5/seed0", "mistral/n10/seed0"]
    assert {c.config.seed for c in planned[:6]} == {0}
    assert cells(methods=("ga",))[0].jobs == {"ga": planned[0].jobs["ga"]}


def note(cell, root):
    """Does nothing but leave its name; `broken` fails at the third cell, as a killed run would."""
    done = list(root.rglob("note.txt"))
    if (root / "broken").exists() and len(done) == 2:
        raise RuntimeError("killed")
    folder = root / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "note.txt").write_text((folder / "note.txt").read_text() + "x" if (folder / "note.txt").exists() else "x")


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_is_done_is_skipped(tmp_path, jobs):
    planned = cells(seeds=2, models=("mistral",), counts=(5, 10))
    if jobs == 1:
        (tmp_path / "broken").touch()
        with pytest.raises(RuntimeError, match="killed"):
            run_here(planned, tmp_path, note, bars=Silent())
        assert [c.is_done(tmp_path) for c in planned] == [True, True, False, False]
        (tmp_path / "broken").unlink()
    run_here(planned, tmp_path, note, on=Machines(jobs=jobs), bars=Silent())
    run_here(planned, tmp_path, note, on=Machines(jobs=jobs), bars=Silent())
    assert all(c.is_done(tmp_path) for c in planned)
    assert [p.read_text() for p in tmp_path.rglob("note.txt")] == ["x"] * 4
    assert not Cell(config=planned[0].config, jobs={"ga": "other"}).is_done(tmp_path)
    more = cells(seeds=2, models=("mistral",), counts=(5, 10), methods=("bounded",))
    run_here(more, tmp_path, note, on=Machines(jobs=jobs), bars=Silent())
    assert all(c.is_done(tmp_path) for c in (*planned, *more))  # the first run's methods are still done


def test_what_another_judge_has_scored_is_not_done(tmp_path):
    """Its answers are: only scores are made anew. Methods that only the other judge has scored are done no longer."""
    given = {"seeds": 1, "models": ("mistral",), "counts": (5,)}

    def planned(methods, **common):
        grid = GridConfig.create({**given, "methods": methods})
        return plan_grid(grid, common, lambda model: {"rates": RATES[model]})

    first, other, clip = (planned(("ga", "bg"), **c) for c in ({}, {"judge": "none"}, {"clip_weights": "x"}))
    assert first[0].jobs == other[0].jobs == clip[0].jobs
    run_here(first, tmp_path, note, bars=Silent())
    assert first[0].is_done(tmp_path) and not other[0].is_done(tmp_path) and not clip[0].is_done(tmp_path)
    one = planned(("bg",), judge="none")
    run_here(one, tmp_path, note, bars=Silent())
    assert one[0].is_done(tmp_path) and not first[0].is_done(tmp_path)
    assert list(one[0].done(tmp_path)) == ["bg"]  # not beside what the other judge has scored
