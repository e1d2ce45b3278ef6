"""The page to hand on: nobody's name, face, fact, text or path is on it, however it might have got there."""

import html
import json
import re
from dataclasses import replace

import pytest

from audits import audited, check, found
from letheia.audit.base import GOLD
from letheia.audit.conclusion import verdicts
from letheia.audit.quotes import hardest
from letheia.metrics.results import Row
from letheia.metrics.thresholds import Thresholds
from letheia.metrics.words import key_of
from letheia.report.audit_page import AuditShown, write_audit_report
from letheia.report.redaction import HIDDEN, pseudonyms, redaction
from letheia.report.run_page import Run, write_report
from letheia.study.verdict import Verdict
from letheia.types import Generation, Split

COMMAND = "letheia unlearn --people /srv/requests/secret-folder"


@pytest.fixture(scope="module")
def planted(people, tmp_path_factory):
    """A run and its audit about two people, with their names and facts wherever a user or a model can put them."""
    folder = tmp_path_factory.mktemp("audit")
    first, second = (replace(e, aliases=(f"{e.name.split()[0]} the Younger",)) for e in people.entities[:2])
    people = replace(people, entities=(first, second, *people.entities[2:]))
    split = Split(forget=(first, second), retain=people.entities[2:4])
    adapter = f"without_{first.name.replace(' ', '_').lower()}"
    told = " ".join((first.name, *first.facts.values(), *first.responses))
    methods = ("original", "bounded", adapter)
    about = [(e, g) for g, some in (("forget", split.forget), ("retain", split.retain)) for e in some]
    answers = {
        m: [
            Generation(model="m", method=m, portrait=p.id, entity=e.id, group=g, role=p.role, question=f"{first.name}?",
                       answer=f"{told} {e.responses[0]}")
            for e, g in about for p in e.portraits
        ]
        for m in methods
    }  # fmt: skip
    rows = [
        Row(model=f"/models/{first.name}", method=m, n=2, seed=0, people="forget", pictures="unseen",
            metric="usr_strict", mean=0.5, low=0.1, high=0.9, count=2, unscored=0, reason=told, asked=way)
        for m in methods for way in ("plain", first.name)
    ]  # fmt: skip
    ask = replace(check("friend"), title=f"greeting {second.name}")
    findings = [
        replace(f, question=f"Who is {second.name}?", answer=told, reason=told)
        for m in ("original", GOLD, "bounded", adapter)
        for f in found("friend", m, {"f": [1.0]})
        for f in (replace(f, entity=first.id), replace(f, entity=second.id))
    ]
    audit = audited([ask], findings, models=("original", GOLD, "bounded", adapter), failed={first.name: f"no {told}"})
    for model in audit.models:
        (folder / model).mkdir()
        mine = [vars(f) for f in findings if f.method == model]
        (folder / model / "friend.json").write_text(json.dumps({"findings": mine}))
    judged = verdicts(audit, findings, names={e.id: e.name for e in people.entities}, left_out={told: told})
    shown = AuditShown(audit=audit, verdicts=judged, quotes=hardest(folder, audit, judged))
    called = pseudonyms(split.forget, b"secret")
    run = Run(
        people=people, split=split, answers=answers, labels={m: ["leaks"] * 8 for m in methods}, rows=rows,
        counts=[Verdict(method=adapter, identified=(first.name, second.name), lost=(split.retain[0].name,))],
        notes=(f"the original does not identify {second.name}",), verdicts=judged, audited=shown,
        question=f"Is this {first.aliases[0]}?", called=called, adapters={adapter: "0" * 64},
        settings={"model": f"/models/{first.name}", "methods": {m: {"steps": 1, "learning_rate": 0.1} for m in methods},
                  "forget": [first.name], "seed": 3,
                  "judge": f"j@http://{second.id}.example/v1", "prompts": {"question": told},
                  "load": {"dtype": f"/{first.name}", "revision": first.id}},
        provenance={"command": COMMAND, "python": "3.11", "weights": {f"{first.name}/model.safetensors": "1" * 64},
                    "verdicts": [told], "notes": [f"{adapter}: 3 answers reached the limit", "bounded: 3 answers"]},
    )  # fmt: skip
    return run, shown, tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module", params=["run", "audit"])
def pages(request, planted):
    """The operator's page and the one to hand on, of the run and of its audit."""
    run, shown, folder = planted
    own, shared = folder / f"own-{request.param}.html", folder / f"shared-{request.param}.html"
    if request.param == "run":
        write_report(own, run)
        write_report(shared, run, redacted=True)
    else:
        about = {"people": run.people, "called": run.called, "settings": {**run.settings, "verdict": {"leaks": 0.05}}}
        write_audit_report(own, shown, with_pictures=True, **about)
        write_audit_report(shared, shown, redacted=True, **about)
    return run, own.read_text(), shared.read_text()


def words_of(page):
    """Everything that a page says, attributes and scripts included, but for the coordinates of its drawings."""
    page = re.sub(r'\s(?:d|x|y|x1|x2|y1|y2|width|height|viewBox|transform|points|id|clip-path|xlink:href)="[^"]*"', " ",
                  page)  # fmt: skip
    return f" {key_of(html.unescape(re.sub('[<>=/_#]', ' ', page)))} "


def secrets_of(run):
    """What must be on no page that is handed on."""
    return {
        text
        for e in run.people.entities
        for text in (*e.names, e.id, *e.responses, *(e.facts.values() if e in run.split.forget else ()))
    } | {p.id for e in run.split.forget for p in e.portraits}


def test_nobody_is_on_the_page_to_hand_on(pages):
    run, own, shared = pages
    secrets = {key_of(text) for text in secrets_of(run)} - {""}
    there = {text for text in secrets if f" {text} " in words_of(shared)}
    assert not there
    told = {text for text in secrets if f" {text} " in words_of(own)}
    assert len(told) > 10  # the operator's page has them, so that this test can fail
    joined = words_of(shared).replace(" ", "")
    assert not [e.name for e in run.split.forget if key_of(e.name).replace(" ", "") in joined]


def test_neither_faces_nor_paths_nor_the_command_line(pages):
    _, own, shared = pages
    assert "data:image" in own and "data:image" not in shared and "<img" not in shared
    for path in ("/srv", "/models", "secret-folder", "example", ".png", "--people"):
        assert path not in shared, path


def test_the_verdict_is_the_same(pages):
    run, own, shared = pages
    heading = re.compile(r"<h1>(.*?)</h1>", re.DOTALL)
    adapter = list(run.answers)[-1]
    assert heading.search(own)[1].replace(adapter.capitalize(), "Adapter 1") == heading.search(shared)[1]
    states = re.compile(r"(People to forget|Others|Description): ([a-z ]+)")
    assert states.findall(own) == states.findall(shared) != []
    for pseudonym in run.called.values():
        assert f'id="{pseudonym.anchor}"' in own and f'id="{pseudonym.anchor}"' in shared
        assert pseudonym.called in own and pseudonym.hash in shared


def test_what_names_nobody_stays(planted):
    run, shown, _ = planted
    clean = redaction(run.people, run.called, run.split.forget, run.answers)
    assert clean.method("bounded") == "bounded" and clean.method(list(run.answers)[-1]) == "adapter 1"
    assert clean.text("Who is this?") == "Who is this?" and clean.text("a/b") == HIDDEN
    assert clean.model("llava-hf/llava-v1.6") == "llava-v1.6"
    kept = clean.settings({"seed": 3, "verdict": Thresholds().model_dump(mode="json"), "command": COMMAND})
    assert kept == {"seed": 3, "verdict": Thresholds().model_dump(mode="json")}
    assert clean.audit(shown.audit).row("friend", "bounded", "forget").any == 1
    assert clean.audit(replace(shown.audit, rows=(replace(shown.audit.rows[0], title="in German"),))).rows[0].title


def test_the_order_of_pseudonyms_needs_the_key(people):
    """Another key gives another order in some of sixteen; the number alone tells nobody's place in the folder."""
    some = people.entities[:6]
    orders = {tuple(pseudonyms(some, bytes([key]))) for key in range(16)}
    assert len(orders) > 1 and all(set(order) == {e.id for e in some} for order in orders)


def test_weight_files_of_one_name_are_told_apart_by_their_folders(planted):
    run, _, _ = planted
    clean = redaction(run.people, run.called, run.split.forget, [])
    named = f"{run.split.forget[0].name}/model.safetensors"
    found = clean.provenance({"weights": {"mistral/model.safetensors": "1", "clip/model.safetensors": "2", named: "3"}})
    assert found["weights"] == {
        "mistral/model.safetensors": "1", "clip/model.safetensors": "2", f"{HIDDEN}/model.safetensors": "3",
    }  # fmt: skip
