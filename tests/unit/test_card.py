"""An adapter's card as the Hub's own library reads it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from huggingface_hub import ModelCard

from audits import audited, check, found
from letheia.audit.base import GOLD
from letheia.audit.conclusion import verdicts
from letheia.audit.results import write_audit
from letheia.audit.verdict import VERDICTS, write_verdicts
from letheia.config import StudyConfig
from letheia.metrics.results import read_results
from letheia.metrics.thresholds import Thresholds
from letheia.report.deliver import read_own_audit, settings_that_ran
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


def test_an_audit_of_other_people_or_of_an_adapter_that_has_changed_is_none_of_the_run(tmp_path, caplog):
    findings = [f for m in ("original", GOLD, "x") for f in found("friend", m, {"f": [1.0]})]
    audit = replace(audited([check("friend")], findings), adapters={"x": "as it was"})
    people = set(audit.people["forget"])
    write_audit(tmp_path / "audit.json", audit)
    write_verdicts(tmp_path / VERDICTS, verdicts(audit, findings), Thresholds())
    own = read_own_audit(tmp_path, people, {"x": "as it was", "not audited": "any"})
    assert own and own.audit == audit
    assert read_own_audit(tmp_path, {*people, "another"}, {"x": "as it was"}) is None and not caplog.text
    assert read_own_audit(tmp_path, people, {"x": "trained again"}) is None
    assert f"{tmp_path}: left out, it is of another adapter of x" in caplog.text
