"""Learning rates for any model: tried on the removal itself within a budget, or on people who are drawn and named."""

import pytest
import torch

import families
from commands import fails, letheia
from letheia.data.wordings import in_words
from letheia.errors import DataError
from letheia.files import read_json, sha256
from letheia.grid.people_rates import search_people
from letheia.presets.removal import run_removal
from letheia.progress import Silent
from letheia.prompts import read_prompt
from letheia.study import store
from letheia.study.build import removal_study
from letheia.types import Split
from samples import corpus

pytestmark = pytest.mark.slow

TRAIN = {"steps": 1, "rank": 2, "alpha": 4, "learning_rate": 1e-4}
VALUES = {"methods": ("bg",), "train": TRAIN, "max_new_tokens": 8, "unseen": 1}


@pytest.fixture(scope="module")
def checkpoint(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rates") / "llama"
    torch.manual_seed(0)
    families.words(folder, corpus(world))
    return folder


def test_the_rate_that_is_taken_is_not_trained_again(checkpoint, people, tmp_path):
    asked = in_words(people, read_prompt("wordings").splitlines())
    able = [e for e in asked.entities if e.trainable]
    split = Split(forget=tuple(able[:1]), retain=tuple(able[1:3]))
    study = removal_study({"model": str(checkpoint), **VALUES}, asked, split, tmp_path, bars=Silent())
    assert study.config.checked  # as for all but the built-in models
    outcome = run_removal(study, command="", budget=2, force=True)
    trials = read_json(tmp_path / "rates.json")["bg"]
    assert len(trials) == 2 and sum(t["chosen"] for t in trials) == 1
    rate = next(t["rate"] for t in trials if t["chosen"])
    weights = "adapter/adapter_model.safetensors"
    assert sha256(tmp_path / "bg" / weights) == sha256(tmp_path / f"tried/bg-{rate:g}" / weights)
    assert read_json(tmp_path / "bg" / "trained.json")["learning_rate"] == rate
    assert {a.method for a in store.read_answers(tmp_path / "bg" / "answers.jsonl")} == {"bg"}
    assert [v.method for v in outcome.verdicts] == ["bg"]
    told = " ".join(read_json(tmp_path / "provenance.json")["notes"])
    assert "learning rates tried" in told and "chosen by these same answers" in told


def test_a_search_names_whom_it_drew(checkpoint, people, tmp_path):
    """An untrained network knows nobody, which is said before anything is trained."""
    with pytest.raises(DataError, match="knows 0 people"):
        search_people(
            {"model": str(checkpoint), **VALUES}, people.folder, tmp_path / "o", n=1, draws=1, least=0.8, bars=Silent()
        )


@pytest.mark.parametrize("rate", ["fast", "0", "-1", "inf", "nan"])
def test_what_is_no_rate_is_an_error(people, rate, tmp_path):
    name = people.pictured[0].name
    asked = ("--people", people.folder, "--forget", name, "--output", tmp_path / "o", "--rate", rate)
    fails(letheia("unlearn", *asked), "must be a number above zero, or 'auto'")
