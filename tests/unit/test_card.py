"""An adapter's card as the Hub's own library reads it."""

from pathlib import Path
from types import SimpleNamespace

from huggingface_hub import ModelCard

from letheia.config import StudyConfig
from letheia.metrics.results import read_results
from letheia.report.deliver import settings_that_ran
from letheia.report.model_card import model_card, settings_of
from letheia.types import Entity, Split

DEMO = Path(__file__).parents[2] / "docs" / "results" / "demo-mistral.json"


def test_the_main_numbers_are_a_model_index(tmp_path):
    config = StudyConfig.create({"methods": ["pubg", "bounded"], "rates": {"pubg": 1e-3, "ga": 1e-4}})
    study = SimpleNamespace(config=config, rates={"bounded": 2e-4}, folder=tmp_path, model=SimpleNamespace(name="m"))
    rows = read_results(DEMO)
    person = Entity(id="p0", name="Una Varga", summary="A poet.")
    text = model_card(study, SimpleNamespace(rows=rows, split=Split(forget=(person,), retain=())), "pubg")
    assert "Varga" not in text
    card = ModelCard(text)
    told = {r.metric_name: r.metric_value for r in card.data.eval_results}
    (usr,) = (r for r in rows if (r.method, r.people, r.pictures, r.metric) == ("pubg", "forget", "unseen", "usr"))
    assert told["USR, forget, unseen"] == round(usr.mean, 4)
    assert "Named, facts right, retain, unseen" in told and None not in told.values()
    assert settings_of(study, "pubg")["learning_rate"] == 1e-3
    ran = settings_that_ran(study)
    assert ran["methods"] == {  # bounded takes twice as many steps; no rate of a method that did not run
        "pubg": {"learning_rate": 1e-3, "steps": 30, "decay": False},
        "bounded": {"learning_rate": 2e-4, "steps": 60, "decay": True},
    }
    assert "rates" not in ran and "steps" not in ran["train"] and ran["train"]["rank"] == config.train.rank
