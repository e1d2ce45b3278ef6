"""Answers by a server: the real one over the same weights says what our own engine says, in studies and audits too."""

import json
from dataclasses import replace

import pytest

import served
from letheia.audit.run import AUDIT, run_audit
from letheia.audit.subjects import Size
from letheia.audit.table import chosen
from letheia.clients.endpoint import Endpoint
from letheia.clients.served import goes_on, models_at
from letheia.config import StudyConfig
from letheia.engines.openai import folder_name, server_engine
from letheia.engines.own import OwnEngine
from letheia.errors import CheckpointError, ClientError, ConfigError
from letheia.metrics.scorer import Scorer
from letheia.models.adapter import fresh_adapter, saved_adapter, servable_rank
from letheia.models.loading import load_model
from letheia.models.saving import save_adapter
from letheia.presets.served import by_server
from letheia.progress import Silent
from letheia.study.build import build
from letheia.study.evaluate import evaluate
from letheia.types import Prompt, Split

pytestmark = pytest.mark.slow
NEW = 8
CHECKS = ("turns", "begun", "name-rank", "int8")


@pytest.fixture(scope="module")
def there(checkpoints, people, tmp_path_factory):
    """The server's address, the adapters' folders, and a model of the same weights beside it."""
    folder = tmp_path_factory.mktemp("served")
    with served.playground(load_model(checkpoints["mistral"]), people, folder) as (play, url):
        yield f"{url}/v1", play.served.networks["original"].adapters, load_model(checkpoints["mistral"])


def study_of(model, people, folder):
    known = people.pictured[:3]
    values = {"candidates": [e.id for e in known], "people": 3, "n": 1, "unseen": 1, "strangers": 1, "bystanders": 0}
    config = StudyConfig.create({**values, "methods": (), "max_new_tokens": NEW})
    return build(config, people, model, Scorer(people), folder=folder, bars=Silent())


def test_answers_are_those_of_our_own_engine(there, people, tmp_path):
    url, adapters, model = there
    engine = server_engine(url, "original", ["one"], tmp_path)
    portrait = people.pictured[0].portraits[0]
    prompts = [
        Prompt("Who is this?", portrait),
        Prompt("Who is Una Varga?"),
        Prompt("Who is this?", portrait, prefix="This is"),
        Prompt("And who?", portrait, turns=(("What do you see?", "A person."),)),
    ]
    counted = []
    assert engine.begins
    found = engine.answer(prompts, max_new_tokens=NEW, progress=counted.append)
    assert found == OwnEngine(model).answer(prompts, max_new_tokens=NEW) and sum(counted) == 4
    assert found[2].text.startswith("This is")
    drawn = [replace(p, seed=i, temperature=0.8) for i, p in enumerate(prompts)]
    given = engine.answer(drawn, max_new_tokens=NEW, sample=True)
    assert given == OwnEngine(model).answer(drawn, max_new_tokens=NEW, sample=True) != found
    with saved_adapter(model, adapters["one"]):
        own = OwnEngine(model).answer(prompts, max_new_tokens=NEW)
    assert engine.serving("one").answer(prompts, max_new_tokens=NEW) == own != found


def test_an_evaluation_by_a_server_has_the_same_results(there, people, tmp_path):
    url, adapters, model = there
    split = Split(forget=people.pictured[:1], retain=people.pictured[1:3])
    own = study_of(model, people, tmp_path / "own")
    evaluate(own, split, {"one": adapters["one"]})
    study = study_of(model, people, tmp_path / "server")
    study = replace(study, engine=server_engine(url, "original", ["one"], study.folder))
    evaluate(study, split, {"one": adapters["one"]}, served=["two"])
    for file in (tmp_path / "own").glob("*/answers-*.jsonl"):
        assert file.read_bytes() == (tmp_path / "server" / file.parent.name / file.name).read_bytes()
    values = json.loads((tmp_path / "server" / "results.json").read_text())
    rows = [r for r in values if r["method"] != "two"]
    assert rows == json.loads((tmp_path / "own" / "results.json").read_text()) and len(rows) < len(values)
    with pytest.raises(CheckpointError, match="holds a run with other settings"):
        evaluate(study_of(model, people, tmp_path / "server"), split, {})


def test_an_audit_by_a_server_finds_the_same(there, people, tmp_path):
    """Rows that look at weights look at those here; of a model that is only served they say that they do not fit."""
    url, adapters, model = there
    split = Split(forget=people.pictured[:1], retain=people.pictured[1:2])
    checks, size = chosen(only=CHECKS), Size(pictures=1, others=1)
    own = run_audit(study_of(model, people, tmp_path / "own"), split, {"one": adapters["one"]}, checks, size=size)
    study = study_of(model, people, tmp_path / "server")
    study = replace(study, engine=server_engine(url, "original", ["one", "two"], study.folder))
    found = run_audit(study, split, {"one": adapters["one"]}, checks, size=size, served=["two"])
    assert [r for r in found.rows if r.method != "two"] == list(own.rows)
    unfit = {r.check: r.note for r in found.rows if r.method == "two" and not r.answers}
    assert set(unfit) >= {"name-rank", "int8"} and "with the server" in unfit["int8"]
    assert any(r.method == "two" and r.check == "begun" and r.answers for r in found.rows)
    assert (tmp_path / "server" / AUDIT).exists()


def test_a_server_that_does_not_go_on_with_answers_is_told_row_by_row(there, people, tmp_path):
    url, adapters, model = there
    study = study_of(model, people, tmp_path / "a")
    study = replace(study, engine=replace(server_engine(url, "original", ["one"], study.folder), begins=False))
    split = Split(forget=people.pictured[:1], retain=people.pictured[1:2])
    found = run_audit(study, split, {"one": adapters["one"]}, chosen(only=("begun", "text")), size=Size(1, 1))
    notes = {r.check: r.note for r in found.rows if r.method == "one" and not r.answers}
    assert set(notes) == {"begun"} and "continue_final_message" in notes["begun"]


def test_what_a_server_can_is_asked_not_guessed(there, server):
    """One that passes unknown fields over answers; one that refuses them as unknown does not go on either."""
    url, _, _ = there
    assert goes_on(Endpoint(model="original", base_url=url))
    assert not goes_on(server.endpoint)
    server.answer = lambda text, body: (400, "Unrecognized request argument supplied: continue_final_message")
    assert not goes_on(server.endpoint)


def test_what_is_missing_at_a_server_is_told(there, server, tmp_path):
    url, _, _ = there
    with pytest.raises(
        ClientError, match=r"has no model 'three'; it has original, one, two.*--lora-modules three=FOLDER"
    ):
        server_engine(url, "original", ["three"], tmp_path)
    with pytest.raises(ClientError, match="no list of models"):
        models_at(Endpoint(model="m", base_url=f"{url}/nowhere"))
    with pytest.raises(ClientError, match="See whether the server runs"):
        models_at(Endpoint(model="m", base_url="http://127.0.0.1:9/v1"))
    with pytest.raises(ConfigError, match="is no address"):
        server_engine("127.0.0.1:8000", "original", [], tmp_path)


def test_an_adapter_that_a_server_would_put_in_by_half_is_refused(there, people, tmp_path):
    from peft import LoraConfig, get_peft_model

    url, adapters, model = there
    assert servable_rank(model, adapters["one"]) == 4
    fresh = load_model(model.network.config._name_or_path)
    wide = get_peft_model(fresh.network, LoraConfig(r=2, target_modules=r".*vision_tower.*q_proj"))
    wide.save_pretrained(tmp_path / "wide")
    with pytest.raises(CheckpointError, match=r"changes model\.vision_tower.*letheia merge.*--served"):
        servable_rank(model, tmp_path / "wide")
    with fresh_adapter(model, rank=32, alpha=8, seed=0) as adapted:
        save_adapter(adapted, tmp_path / "one")
    study = study_of(model, people, tmp_path / "s")
    study = replace(study, config=study.config.model_copy(update={"model": "original"}))
    _, told = by_server(study, url, [tmp_path / "one"], ["two"])
    assert told == ("adapters of rank 32: vLLM must be started with --max-lora-rank 32 or more.",)
    with pytest.raises(ConfigError, match="--served one: another model or a folder is called so"):
        by_server(study, url, [tmp_path / "one"], ["one"])
    with pytest.raises(ConfigError, match="--served org-two: another model or a folder is called so"):
        by_server(study, url, [], ["org/two", "org-two"])


def test_a_servers_names_become_folders():
    assert folder_name("../../etc") == "etc" and folder_name("org/7b") == "org-7b" and folder_name("..") == "served"
