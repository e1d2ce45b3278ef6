"""`people facts`: what becomes a label, what a person decided stays, and judges then work without a network."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commands import fails, letheia
from letheia.clients.chat import Reply
from letheia.data.facts.labels import choose, wanting, write_labels
from letheia.data.facts.readers import expert_calls, from_replies
from letheia.data.facts.rules import Found, by_rules
from letheia.data.folder import read_people, write_people
from letheia.metrics.scorer import Scorer
from letheia.types import Entity, Generation, People, Portrait

SUMMARIES = {
    "Una Varga": "Una Varga (born 1950 in Norrvik) is a poet. Her best known work, The Quiet Tide, won praise. "
    "She won the Golden Quill in 1980.",
    "Bo Lind": "Bo Lind (born 1961 in Lowen) is a painter. He won the Ivory Star in 1990.",
    "Kaja Wray": "Kaja Wray (born 1972 in Port Ellin) is a judge.",
}


def folder(path, summaries=SUMMARIES, **facts):
    """A people folder without labels and pictures."""
    path.mkdir(parents=True, exist_ok=True)
    rows = [{"id": f"p{i}", "name": n, "summary": s} for i, (n, s) in enumerate(summaries.items())]
    for row in rows:
        if row["id"] in facts:
            row["facts"] = facts[row["id"]]
    (path / "entities.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (path / "metadata.jsonl").write_text("")
    return path


def derive(path, *, again=False):
    people = read_people(path)
    found = {e.id: by_rules(e) for e in wanting(people, again=again)}
    write_labels(people, choose(people, found, by="rules").labels)
    return {e.id: e for e in read_people(path).entities}


def labels(found, summaries=SUMMARIES, id="p0"):
    people = People(
        folder=None, entities=tuple(Entity(id=f"p{i}", name=n, summary=s) for i, (n, s) in enumerate(summaries.items()))
    )
    derived = choose(people, {id: found}, by="rules")
    return {x.kind: x.phrase for x in derived.labels[id]}, dict(derived.dropped)


def found(kind, phrase, of=""):
    return Found(kind=kind, phrase=phrase, text=phrase, of=of)


def test_facts_come_with_the_words_they_came_from(tmp_path):
    una = derive(folder(tmp_path))["p0"]
    assert una.facts == {
        "profession": "poet", "birth_year": "1950", "birthplace": "Norrvik", "work": "The Quiet Tide",
        "award": "Golden Quill", "award_year": "1980",
    }  # fmt: skip
    assert una.fact_sources["award_year"] == {
        "phrase": "1980", "text": "She won the Golden Quill in 1980", "by": "rules",
    }  # fmt: skip
    assert list(una.fact_sources) == list(una.facts)


def test_folders_keep_them(tmp_path):
    derive(folder(tmp_path))
    people = read_people(tmp_path)
    write_people(people)
    assert read_people(tmp_path).entities == people.entities and people.entities[0].fact_sources


def test_what_a_person_wrote_is_not_overwritten(tmp_path):
    una = derive(folder(tmp_path, p0={"profession": "baker", "hobby": "chess"}))["p0"]
    assert una.facts["profession"] == "baker" and una.facts["hobby"] == "chess" and una.facts["birthplace"] == "Norrvik"
    assert "profession" not in una.fact_sources and "hobby" not in una.fact_sources


def test_what_a_person_corrects_or_removes_stays_so(tmp_path):
    derive(folder(tmp_path))
    file = tmp_path / "entities.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[0]["facts"]["work"] = "Quiet Tide"
    del rows[0]["facts"]["birthplace"]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    for again in (False, True, True):
        una = derive(tmp_path, again=again)["p0"]
        assert una.facts["work"] == "Quiet Tide" and "birthplace" not in una.facts
        assert una.facts["award_year"] == "1980"


def test_a_second_run_changes_nothing(tmp_path):
    first = derive(folder(tmp_path))
    text = (tmp_path / "entities.jsonl").read_text()
    assert not wanting(read_people(tmp_path), again=False)
    assert derive(tmp_path, again=True) == first and (tmp_path / "entities.jsonl").read_text() == text


def test_several_of_a_kind_are_numbered_and_a_year_goes_with_its_award():
    text = {"Una Varga": "Una Varga won the Ivory Star and in 1990 the Golden Quill; Dawn, Dusk."}
    kinds, _ = labels(
        [
            found("work", "Dawn"), found("work", "Dusk"), found("work", "Dawn"), found("award", "Ivory Star"),
            found("award", "Golden Quill"), found("award_year", "1990", of="Golden Quill"),
        ],
        text,
    )  # fmt: skip
    assert kinds == {
        "work": "Dawn", "work_2": "Dusk", "award": "Ivory Star", "award_2": "Golden Quill", "award_year_2": "1990",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "phrase", "reason"),
    [
        ("work", "Varga", "the own name"),
        ("work", "Una Varga", "the own name"),
        ("spouse", "Bo Lind", "somebody else's name in the folder"),
        ("work", "The", "a stop word"),
        ("birthplace", "Atlantis", "not in the summary"),
        ("birthplace", "Norr", "not in the summary"),
        ("birth_year", "young", "no year"),
        ("work", "1984", "a bare number"),
        ("mood", "young", "of an unknown kind"),
    ],
)
def test_what_can_be_no_label(kind, phrase, reason):
    text = {**SUMMARIES, "Una Varga": "Una Varga of Norrvik knew Bo Lind when young. The 1984."}
    assert labels([found(kind, phrase)], text) == ({}, {reason: 1})


def test_a_phrase_of_most_summaries_tells_nobody_apart():
    everywhere = {f"{name} Varga": f"{name} is a poet from Norrvik." for name in ("Una", "Bo", "Ada", "Ilse")}
    assert labels([found("profession", "poet")], everywhere) == ({}, {"in most summaries": 1})
    two = dict(list(everywhere.items())[:2])
    assert labels([found("profession", "poet")], two)[0] == {"profession": "poet"}


def test_an_expert_may_say_what_stands_in_the_summary_alone():
    entities = [Entity(id=f"p{i}", name=n, summary=s) for i, (n, s) in enumerate(SUMMARIES.items())]
    calls = expert_calls(entities)
    assert len(calls) == 3 and all(
        e.summary in c.text and "$" not in c.text for e, c in zip(entities, calls, strict=True)
    )
    told = [{"kind": "profession", "phrase": "poet"}, {"kind": "birthplace", "phrase": "Paris"}]
    fenced = "```json\n" + json.dumps({"facts": [{"kind": "work_2", "phrase": "Ivory Star"}]}) + "\n```"
    replies = [Reply(text=json.dumps({"facts": told})), Reply(text=fenced), Reply(error="no reply after 8 tries (x)")]
    facts, problems = from_replies(entities, replies)
    derived = choose(People(folder=None, entities=tuple(entities)), facts, by="judge")
    assert [(x.kind, x.phrase, x.by) for x in derived.labels["p0"]] == [("profession", "poet", "judge")]
    assert derived.labels["p0"][0].text == "Una Varga (born 1950 in Norrvik) is a poet."
    assert derived.labels["p1"][0].kind == "work" and dict(derived.dropped) == {"not in the summary": 1}
    assert len(problems) == 1 and "Kaja Wray" in problems[0]
    for bad in ("I found: poet", '{"facts": "poet"}', '{"facts": [{"kind": 1, "phrase": "poet"}]}', "[]", "null", ""):
        assert "no list of facts in JSON" in from_replies(entities[:1], [Reply(text=bad)])[1][0]


def test_spacy_finds_more(tmp_path):
    pytest.importorskip("spacy")
    text = {**SUMMARIES, "Una Varga": SUMMARIES["Una Varga"] + " She spent ten years in Berlin with Anton Sorel."}
    done = letheia("people", "facts", folder(tmp_path / "people", text), "--by", "spacy")
    assert done.returncode == 0, done.stderr
    una = read_people(tmp_path / "people").entities[0]
    assert una.facts["birthplace"] == "Norrvik" and {"Berlin", "Anton Sorel"} <= set(una.facts.values())


def test_the_command_then_exact_judges_leaks_and_aftermaths_without_labels_before(tmp_path):
    path = folder(tmp_path / "people")
    dry = letheia("people", "facts", path, "--dry-run")
    assert dry.returncode == 0 and "would be written" in dry.stdout
    assert not read_people(path).entities[0].facts
    done = letheia("people", "facts", path)
    assert done.returncode == 0, done.stderr
    for word in (
        "Una Varga",
        "birthplace",
        "Norrvik",
        "born 1950 in Norrvik",
        "never overwritten",
        "facts of 3 people",
    ):
        assert word in done.stdout
    people = read_people(path)
    portraits = {e.id: Portrait(id=f"{e.id}-0", file=path, entity=e.id, role="unseen") for e in people.entities}
    people = People(
        folder=path,
        entities=tuple(Entity(**{**vars(e), "portraits": (portraits[e.id],)}) for e in people.entities),
    )

    def scores(answer):
        said = Generation(
            model="m",
            method="x",
            portrait="p0-0",
            entity="p0",
            group="forget",
            role="unseen",
            question="?",
            answer=answer,
        )
        return {s.metric: s.value for s in Scorer(people).score([said])[0]}

    told = scores("This is Una Varga, a poet born in Norrvik in 1950, who wrote The Quiet Tide.")
    assert told["privacy"] == 4 and told["hall"] == 1 and told["named_right"] == 1 and told["aftermath_leaks"] == 1
    other = scores("This is a painter from Lowen who lives by the sea.")
    assert other["privacy"] == 1 and other["hall"] == 5 and other["aftermath_leaks"] == 0
    assert scores("She was born in Norrvik, they say.")["aftermath_leaks"] == 1


def test_other_languages_are_told(tmp_path):
    path = folder(tmp_path / "people", {"Una Varga": "Una Varga est une poétesse née à Norrvik en 1950."})
    done = letheia("people", "facts", path)
    assert done.returncode == 0 and "no facts found: Una Varga. The rules read English only." in done.stderr
    fails(letheia("people", "facts", tmp_path / "nowhere"), "entities.jsonl")
    fails(letheia("people", "facts", path, "--again", "--by", "rule"), "unknown reader 'rule': did you mean 'rules'")


class Expert(BaseHTTPRequestHandler):
    """Says of everybody the same three facts, two of which stand in no summary but one."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        told = [{"kind": "birthplace", "phrase": "Norrvik"}, {"kind": "work", "phrase": "The Quiet Tide"}]
        text = "<think>Who is it?</think>" + json.dumps({"facts": [*told, {"kind": "award", "phrase": "Moon Medal"}]})
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        data = json.dumps({"model": "m", "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def test_an_expert_over_http(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder(tmp_path / "people")
    with ThreadingHTTPServer(("127.0.0.1", 0), Expert) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = letheia("people", "facts", "people", "--by", f"m@http://127.0.0.1:{server.server_port}/v1")
        server.shutdown()
    assert done.returncode == 0 and "left out: 7 not in the summary" in done.stderr
    una = read_people(tmp_path / "people").entities[0]
    assert una.facts == {"birthplace": "Norrvik", "work": "The Quiet Tide"}
    assert una.fact_sources["birthplace"]["text"] == "Una Varga (born 1950 in Norrvik) is a poet."


def test_who_has_no_summary_is_told(tmp_path):
    (tmp_path / "entities.jsonl").write_text('{"id": "a", "name": "Nan Lee"}\n')  # no pictures, so no list of them
    fails(letheia("people", "facts", tmp_path), "nobody has a summary")
    folder(tmp_path, {**SUMMARIES, "Nan Lee": ""})
    assert "without a summary, so that nothing is derived: Nan Lee" in letheia("people", "facts", tmp_path).stderr
    assert "--again" in letheia("people", "facts", tmp_path).stdout
