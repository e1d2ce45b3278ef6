"""The tables of presets and of executors: a row of one's own, and what a study's file keeps of earlier runs."""

import pytest

from commands import fails, letheia
from letheia.clients.judges import asked_of
from letheia.errors import ConfigError
from letheia.files import read_json
from letheia.grid.collected import FICTIONAL, UNKNOWN, write_study
from letheia.grid.executors import EXECUTORS
from letheia.grid.work import Machines
from letheia.presets.base import RunOptions
from letheia.presets.paper import run_paper
from letheia.presets.plans import plan_world_grid
from letheia.presets.table import PRESETS, WorldStudy
from letheia.progress import Silent


class OneCell(WorldStudy):
    def plan(self, values, options):
        return plan_world_grid({"models": ("llama",), "counts": (5,), "seeds": 1, "methods": ("bg",), **values})


def test_a_preset_is_a_row(tmp_path, monkeypatch):
    monkeypatch.setitem(PRESETS, "mine/one", OneCell())
    result = letheia("run", "mine/one", "--dry-run", "--output", tmp_path)
    assert (result.returncode, result.stdout) == (0, "to do  llama/n5/seed0: bg\n")
    more = letheia("run", "mine/one", "--dry-run", "--seeds", 2, "--output", tmp_path)
    assert more.stdout.splitlines()[1:] == ["to do  llama/n5/seed1: bg"]
    fails(letheia("run", "mine/on", "--dry-run"), "unknown preset 'mine/on': did you mean 'mine/one'")


def test_the_world_asks_nobody_and_the_paper_needs_people(tmp_path):
    options = RunOptions(output=tmp_path, planned=True)
    world = PRESETS["world/study"]
    assert world.judge_calls(world.plan({}, options), options) == (asked_of("exact"), [])
    paper = PRESETS["paper/llava-1.6-vicuna"]
    cells = paper.plan({"counts": (5,)}, options)
    assert [c.name for c in cells] == ["llava-v1.6-vicuna-7b-hf/n5/seed0"]
    with pytest.raises(ConfigError, match="--people: is needed"):
        paper.plan({}, RunOptions(output=tmp_path))
    for command in (("run", "world/study"), ("demo",)):  # whose answers only labels judge
        fails(letheia(*command, "--output", tmp_path / "run", "--set", "judge=none"), "judge: 'none' can't judge")


def test_an_executor_is_a_row(tmp_path, monkeypatch):
    given = []
    monkeypatch.setitem(EXECUTORS, "noted", lambda cells, root, do, *, title, on, bars: given.append((cells, root, on)))
    name = "paper/llava-1.6-mistral"
    cells = PRESETS[name].plan({}, RunOptions(output=tmp_path, planned=True))
    settings = {"judge": "exact", "bars": Silent()}
    run_paper(cells, tmp_path, tmp_path / "run", on=Machines(executor="noted", jobs=3), **settings)
    assert [(cells, tmp_path / "run", 3)] == [(c, root, on.jobs) for c, root, on in given]
    with pytest.raises(ConfigError, match="unknown executor 'locl': did you mean 'local'"):
        run_paper(cells, tmp_path, tmp_path / "run", on=Machines(executor="locl"), **settings)


def test_a_study_keeps_what_earlier_runs_of_its_folder_came_from(tmp_path):
    """Commands in their order and each once, weights of all, and what was observed of people of the same kind."""

    def written(command, weights, people, observed):
        found = {"people": people, "command": command, "weights": weights, "cells": [{"values": {}, "model": "m"}]}
        value = read_json(write_study(tmp_path, found, observed))
        return value["command"], value["weights"], value["observation"]

    assert written("first", {"a": 1}, FICTIONAL, {"mistral": 1}) == ("first", {"a": 1}, {"mistral": 1})
    both = ("first && second", {"a": 1, "b": 2}, {"mistral": 1, "llama": 2})
    assert written("second", {"b": 2}, FICTIONAL, {"llama": 2}) == both
    assert written("first", {}, FICTIONAL, {}) == both
    assert written("third", {}, UNKNOWN, {"x": 3})[2] == {"x": 3}
