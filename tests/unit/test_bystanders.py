"""Bystanders: people whom the original knows and who are in neither set; the other numbers don't change with them."""

import dataclasses

import pytest

from letheia.audit.subjects import Size, subjects
from letheia.config import StudyConfig
from letheia.data.folder import hash_of
from letheia.engines.table import ENGINES
from letheia.errors import DataError
from letheia.files import fingerprint
from letheia.grid.collected import Collected, together
from letheia.metrics.results import Place
from letheia.metrics.scorer import Scorer
from letheia.progress import Silent
from letheia.prompts.prompt_set import TRAINED
from letheia.report.tables import column_title, pictures_title, run_table
from letheia.study.build import build, removal_study
from letheia.study.evaluate import evaluate
from letheia.study.plan import apart, in_neither, queries
from letheia.study.run import find_bystanders, known_by
from letheia.types import Answer, Split


class Knows:
    """Names whom it knows."""

    def __init__(self, model):
        self.names = {}
        self.calls = []

    def answer(self, prompts, *, max_new_tokens, sample=False, progress=None):
        self.calls.append([p.portrait.id for p in prompts])
        return [Answer(f"This is {self.names.get(p.portrait.entity, 'a person in a room')}.") for p in prompts]


@pytest.fixture
def study(model, people, tmp_path, monkeypatch):
    """Six people with pictures; two are forgotten, two retained, and of the other two the model knows one."""
    monkeypatch.setitem(ENGINES, "knows", Knows)
    known = people.pictured
    values = {"candidates": [e.id for e in known[:4]], "people": 4, "n": 2, "unseen": 1, "strangers": 2}
    config = StudyConfig.create({**values, "methods": (), "max_new_tokens": 8})
    study = build(config, people, model, Scorer(people), engine="knows", folder=tmp_path, bars=Silent())
    study.engine.names = {e.id: e.name for e in known[:5]}
    return study


@pytest.fixture
def split(people):
    return Split(forget=people.pictured[:2], retain=people.pictured[2:4])


def test_they_are_asked_behind_all_others(study, people, split):
    config = StudyConfig.create({**study.config.model_dump(), "prompts": {"asked": {"where": "Where?"}}})
    asked = queries(config, split, people)
    others, beside = apart(asked)
    assert others == queries(config.model_copy(update={"bystanders": 0}), split, people)
    assert [(q.portrait.entity, q.role, q.asked) for q in beside] == [
        (e.id, "unseen", way) for way in ("plain", "where") for e in people.pictured[4:6]
    ]
    assert {q.group for q in beside} == {"bystander"} and in_neither(people, people.pictured) == ()


def test_the_original_must_know_them(study, people, split):
    assert [e.id for e in find_bystanders(study, split)] == [people.pictured[4].id]
    calls = len(study.engine.calls)
    assert len(find_bystanders(study, split)) == 1 and len(study.engine.calls) == calls  # taken up
    none = dataclasses.replace(study, config=study.config.model_copy(update={"bystanders": 0}))
    assert find_bystanders(none, split) == ()


def test_an_audit_asks_them_too(study, people, split):
    asked = subjects(study, split, Size(pictures=1, others=5))
    assert [s.entity.id for s in asked if s.group == "bystander"] == [people.pictured[4].id]


def test_they_are_a_column_and_change_nothing_else(study, people, split, tmp_path):
    outcome = evaluate(study, split, {})
    rows = [r for r in outcome.rows if r.people == "bystander"]
    assert {r.pictures for r in rows} == {"unseen"}
    assert {r.metric: r.mean for r in rows}["named"] == 1 and outcome.answers["original"][-1].group == "bystander"
    none = dataclasses.replace(
        study, config=study.config.model_copy(update={"bystanders": 0}), folder=tmp_path / "none"
    )
    alone = evaluate(none, split, {})
    assert alone.rows == [r for r in outcome.rows if r.people != "bystander"]
    assert alone.answers["original"] == outcome.answers["original"][: len(alone.answers["original"])]
    assert known_by(study, outcome.answers["original"]) == known_by(none, alone.answers["original"])
    table = run_table(outcome.rows, "1")
    assert table.columns[-1] == Place("bystander", "unseen", "named") and table.entries[0][-1].row.mean == 1
    assert column_title(table.columns[-1], table.columns) == "Bystanders named"
    assert pictures_title(table.columns[0], table.columns) == "seen"  # the others are called as before
    assert run_table(alone.rows, "1").columns == table.columns[:-1]
    assert column_title(run_table(outcome.rows, "bystanders").columns[0], ()) == "Named"


def test_without_them_a_key_is_as_before_there_were_any():
    with_one, none = StudyConfig.create({}), StudyConfig.create({"bystanders": 0})
    values = none.model_dump(
        mode="json", exclude={"methods", "rates", "train", "judge", "clip", "clip_weights", "verdict", "scope"}
    )
    del values["bystanders"]
    values["prompts"] = {k: v for k, v in values["prompts"].items() if k not in ("rubrics", "expert", *TRAINED)}
    training = {k: v for k, v in none.train.result.items() if k != "learning_rate"}
    assert none.key == fingerprint([values, training]) != with_one.key


def test_a_removal_that_keeps_everybody_else_has_none(people, checkpoints, tmp_path):
    first, rest = people.pictured[:1], people.pictured[1:]
    values = {"model": str(checkpoints["mistral"]), "rates": {"bounded": 1e-4}, "methods": ["bounded"], "clip": "none"}
    all_kept = removal_study(values, people, Split(forget=first, retain=rest), tmp_path / "a", bars=Silent())
    assert all_kept.config.bystanders == 0
    some = removal_study(values, people, Split(forget=first, retain=rest[:2]), tmp_path / "b", bars=Silent())
    assert some.config.bystanders == 1
    chosen = sorted(people.pictured, key=lambda e: e.id)  # bystanders' pictures are part of what it rests on
    assert some.config.data == all_kept.config.data == fingerprint([hash_of(e) for e in chosen])


def cell(method, **more):
    key = "bystander/unseen/named"
    values = {method: {key: [1, 0]}} if more else {method: {"forget/seen/usr": [1]}}
    return Collected(
        {"cells": [{"model": "m", "n": 1, "seed": 0, "values": values, "forget": ["a"], "retain": ["b"], **more}]}
    )


def test_studies_with_and_without_them_stand_in_one_table():
    both = together([cell("ga"), cell("bg", bystander=["c", "d"])])
    place = Place("bystander", "unseen", "named")
    assert both.row("m", 1, "bg", place).mean == 0.5 and both.row("m", 1, "ga", place) is None
    assert both.draws("m", 1, "bg", place) == [{"c": 1, "d": 0}]
    with pytest.raises(DataError, match="other people"):
        together([cell("ga", bystander=["c", "e"]), cell("bg", bystander=["c", "d"])])
