"""What a command can't obey is told, and what a run was made of is compared before its results are taken up."""

import json

import pytest
import yaml

from commands import fails, letheia
from letheia.config import StudyConfig, TrainConfig, assigned, merged
from letheia.errors import ConfigError
from letheia.extensions import code_of
from letheia.files import write_json
from letheia.grid.collected import Collected, collect, together
from letheia.grid.grid import GridConfig, plan_grid
from letheia.presets.plans import of_world, plan_world_grid
from letheia.study.request import request


def test_a_study_draws_whom_to_forget():
    with pytest.raises(ConfigError, match="forget: a study draws"):
        plan_world_grid({"forget": ["p000"]})


def test_weights_of_another_run_are_told_and_not_taken():
    with pytest.raises(ConfigError, match="weights: these settings are of a run on other model files"):
        plan_world_grid({"weights": "abc", "models": ["mistral"]})
    own = of_world("mistral", "world")
    (cell,) = plan_world_grid({"weights": own["weights"], "models": ["mistral"], "counts": [5], "seeds": 1})
    assert cell.config.weights == own["weights"] and cell.config.clip_weights == own["clip_weights"]


def test_clips_fingerprint_is_that_of_the_clip(checkpoints):
    world, other, none = (of_world("mistral", clip)["clip_weights"] for clip in ("world", checkpoints["clip"], None))
    assert world and other and world != other and none == ""


def test_a_grid_needs_something_and_has_each_once():
    assert GridConfig.create({"counts": [5, 5], "models": ["llama", "llama"]}).counts == (5,)
    for name in ("models", "methods", "counts"):
        with pytest.raises(ConfigError, match=f"{name}: .*at least 1 item"):
            GridConfig.create({name: []})


def test_a_study_of_few_people_is_read():
    """The settings of its cells have no n, whose default is more than there are."""
    cell = {"model": "m", "n": 3, "seed": 0, "values": {}, "forget": [], "retain": []}
    study = Collected({"cells": [cell], "settings": {"people": 8}})
    assert together([study, study]).counts == [3]


def test_settings_as_values_of_python_are_merged_too():
    found = merged({"train": TrainConfig(steps=60)}, {"train": {"recompute": True}})
    assert found == {"train": {"steps": 60, "recompute": True}}


@pytest.mark.parametrize("text", ["model=2024-13-45", "a=" + "[" * 3000])
def test_a_value_that_cannot_be_read_is_told(text):
    with pytest.raises(ConfigError, match="can't be read as YAML"):
        assigned(text)


def test_a_rate_of_no_method_is_told():
    with pytest.raises(ConfigError, match="unknown method 'pugb': did you mean 'pubg'"):
        StudyConfig.create({"rates": {"pugb": 1e-3}})


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("demo", "--set", "methods=[]"), ("methods: is empty",)),
        (("run", "world/study", "--set", "counts=[]"), ("counts", "at least 1 item")),
        (("rates", "--set", "seed=3", "--dry-run"), ("seed: a search draws",)),
        (("rates", "--people", "x", "--set", "n=3", "--dry-run"), ("n: a search draws",)),
        (("demo", "--set", "judge=m@https://***@h/v1"), ("judge: no file keeps its password",)),
        (("merge", "--set", "load.four_bit=true", "--adapter", ".", "--output", "x"), ("load.four_bit",)),
    ],
)
def test_what_a_command_cannot_obey_is_told(command, words, tmp_path):
    fails(letheia(*command, cwd=tmp_path), *words)


def test_the_settings_of_a_run_say_who_takes_part(people):
    """Those who came into the folder since are not kept; a run without anybody to keep is repeated without."""
    ids = [e.id for e in people.pictured]
    _, some = request(people, ids[:1], candidates=ids[:3])
    assert [e.id for e in some.retain] == ids[1:3]
    _, nobody = request(people, ids[:1], candidates=ids[:1])
    assert nobody.retain == ()
    with pytest.raises(ConfigError, match="candidates: nobody has the id 'gone'"):
        request(people, ids[:1], candidates=[*ids, "gone"])


def test_a_function_of_no_file_is_known_by_what_it_does():
    first, second = (eval(f"lambda given: given.tokens * {factor}") for factor in (1, 2))
    assert code_of(first) and code_of(first) != code_of(second)


def cells(**common):
    grid = GridConfig.create({"models": ["m"], "methods": ["bg"], "counts": [5, 10], "seeds": 1})
    return plan_grid(grid, {"rates": {"bg": 1e-3}, **common}, lambda _: {"weights": common.get("weights", "")})


def leave(cell, root):
    """What a cell that is done has in its folder, without a single answer."""
    folder = root / cell.name
    cell.config.write(folder / "config.yaml")
    for name in ("original/answers", "original/scores", "bg/answers", "bg/scores"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.jsonl").write_text("")
    write_json(folder / "split.json", {"forget": ["a"], "retain": ["b"]})
    write_json(folder / "bg" / "trained.json", {"learning_rate": 1e-3})
    (folder / "bg" / "history.jsonl").write_text(json.dumps({"step": 1, "nll": 1.0}) + "\n")
    write_json(folder / "cell.json", {"jobs": dict(cell.jobs), "scoring": cell.scoring})


def test_what_earlier_runs_left_is_gathered_where_it_is_the_same_study(tmp_path):
    (five, ten), (other, _), (judged, _) = cells(), cells(weights="other"), cells(judge="none")
    leave(ten, tmp_path)
    gathered = [len(collect([cell], tmp_path, command="")["cells"]) for cell in (five, other, judged)]
    assert gathered == [1, 0, 0]  # other weights, and another judge, are another study
    config = tmp_path / ten.name / "config.yaml"
    settings = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(settings | {"methods": ["of_a_file"], "rates": {"of_a_file": 1.0}}))
    assert len(collect([five], tmp_path, command="")["cells"]) == 1  # a method that is not named now
