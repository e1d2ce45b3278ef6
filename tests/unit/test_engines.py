"""The engine contract: a study asks whoever keeps it, and ours keeps it."""

import ast
from pathlib import Path

import pytest

import letheia
from letheia.config import StudyConfig
from letheia.engines.base import as_generations
from letheia.engines.own import OwnEngine, generate
from letheia.engines.table import ENGINES, engine_for
from letheia.errors import ConfigError
from letheia.metrics.scorer import Scorer
from letheia.progress import Silent
from letheia.prompts.prompt_set import PromptSet
from letheia.reference import draw_references
from letheia.study.build import build
from letheia.study.evaluate import evaluate
from letheia.types import Answer, Prompt, Split


class RuleEngine:
    """Says who is on the picture, except under sampling: then it says which draw it is."""

    def __init__(self, model):
        self.names = {}
        self.asked = []

    def answer(self, prompts, *, max_new_tokens, sample=False, progress=None):
        self.asked += prompts
        answers = [
            Answer(f"A person, draw {p.seed}.")
            if sample
            else Answer(f"This is {self.names.get(p.portrait.entity, 'a person')}.")
            for p in prompts
        ]
        if progress:
            progress(len(answers))
        return answers


@pytest.fixture
def study(model, people, tmp_path, monkeypatch):
    monkeypatch.setitem(ENGINES, "rule", RuleEngine)
    known = people.pictured
    values = {"candidates": [e.id for e in known], "people": len(known), "n": 2, "unseen": 1, "strangers": 2}
    config = StudyConfig.create({**values, "methods": (), "max_new_tokens": 8})
    study = build(config, people, model, Scorer(people), engine="rule", folder=tmp_path, bars=Silent())
    study.engine.names = {e.id: e.name for e in known}
    return study


def test_a_study_is_answered_by_whoever_keeps_the_contract(study, people):
    split = Split(forget=people.pictured[:2], retain=people.pictured[2:])
    outcome = evaluate(study, split, {})
    found = {(r.people, r.pictures, r.metric): r.mean for r in outcome.rows if r.metric == "named"}
    assert found["forget", "seen", "named"] == found["retain", "unseen", "named"] == 1
    assert found["stranger", "stranger", "named"] == 0
    assert {p.question for p in study.engine.asked} == {study.question}
    assert len(study.engine.asked) == len(outcome.answers["original"]) == 2 * len(people.pictured) + 2
    asked = len(study.engine.asked)
    assert evaluate(study, split, {}).answers == outcome.answers and len(study.engine.asked) == asked  # taken up


def test_o_star_are_drawn_by_whoever_keeps_the_contract(study, people):
    portrait = people.pictured[0].portraits[0]
    wanted = {(portrait.id, i): portrait for i in range(3)}
    found = draw_references(study.engine, wanted, prompts=PromptSet(question="Who?"), seed=0)
    assert len({r.answer.text for r in found.values()}) == 3
    assert all(p.question.startswith("Who?\n") for p in study.engine.asked)


def test_ours_keeps_the_contract(model, people):
    """In order, whatever is beside a prompt; the function is the engine in a call."""
    prompts = [Prompt("Who is this?", e.portraits[0], seed=i) for i, e in enumerate(people.pictured[:3])]
    counted = []
    engine = engine_for(model)
    assert isinstance(engine, OwnEngine)
    whole = engine.answer(prompts, max_new_tokens=6, sample=True, progress=counted.append)
    assert sum(counted) == 3
    assert [engine.answer([p], max_new_tokens=6, sample=True)[0] for p in prompts] == whole
    assert generate(model, prompts, max_new_tokens=6, sample=True, batch=1) == whole
    assert engine.answer([], max_new_tokens=6) == []


def test_an_unknown_engine_is_told(model):
    with pytest.raises(ConfigError, match="unknown engine 'owm': did you mean 'own'"):
        engine_for(model, "owm")


def test_answers_with_what_they_are_about(people):
    portrait = people.pictured[0].portraits[0]
    (found,) = as_generations([Answer("Cut", finished=False)], [portrait], "Who?", method="pubg", group="retain")
    assert (found.entity, found.role, found.group, found.finished) == (portrait.entity, "seen", "retain", False)


def test_nobody_in_the_package_answers_in_another_way():
    """`generate` is for users of the library; rooms above engines have the contract."""
    root = Path(letheia.__file__).parent
    calls = [
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and "generate" in {getattr(node.func, a, "") for a in ("id", "attr")}
    ]
    assert not calls
