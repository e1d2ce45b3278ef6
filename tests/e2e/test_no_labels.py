"""A people folder without any labels, from a removal to its report, with an LVLM judge on a server of this machine."""

import json
import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from commands import letheia
from letheia.data.folder import read_people, write_people
from letheia.metrics.judges import VERDICTS
from letheia.types import Entity, People


class Judge(BaseHTTPRequestHandler):
    """Judges by plain rules what stands between the fences, and sees whether a picture came along."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][0]["content"]
        text, pictures = content[0]["text"], [p for p in content if p["type"] == "image_url"]
        fence = re.findall(r"<<[0-9a-f]{16}>>$", text, flags=re.MULTILINE)[-1]
        told = text.split(f"{fence}\n")
        if pictures:
            assert pictures[0]["image_url"]["url"].startswith("data:image/png;base64,")
            score = 4 if "hair" in told[-2] else 2
        else:
            summary, answer = told[-4].split("\n")[0], told[-2]
            name = re.search(r"reference on (.*) and an answer", text)[1]
            told_all = name in answer and name in summary
            score = 5 if told_all and "biography" in text else 1
        self.server.asked.append(bool(pictures))
        said = f"<think>Is it {score % 5 + 1}? No.</think>\n```json\n{json.dumps({'score': score})}\n```"
        reply = {"model": "local", "choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    request_queue_size, daemon_threads = 128, True


@pytest.fixture(scope="module")
def server():
    with Server(("127.0.0.1", 0), Judge) as found:
        found.asked = []
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()


def bare(entity: Entity, count: int) -> Entity:
    portraits = (*entity.pictures("seen")[:count], *entity.pictures("unseen")[:1])
    plain = tuple(type(p)(id=p.id, file=p.file, entity=p.entity, role=p.role) for p in portraits)
    return type(entity)(
        id=entity.id, name=entity.name, summary=entity.summary, responses=entity.responses, portraits=plain
    )


@pytest.fixture(scope="module")
def run(server, world_folder, tmp_path_factory):
    root = tmp_path_factory.mktemp("bare")
    shutil.copytree(world_folder, root / "people")
    world = read_people(root / "people", check_pictures=False)
    known = [bare(e, 2) for e in world.entities[:5]]
    write_people(People(folder=world.folder, entities=(*known, *(bare(e, 0) for e in world.entities[5:]))))
    line = ["unlearn", "--people", "people", "--forget", known[0].name, "--output", "run", "--method", "reject"]
    line += ["--steps", "8", "--judge", f"judge@http://127.0.0.1:{server.server_port}/v1"]
    done = letheia(*line, cwd=root)
    assert done.returncode == 0, done.stderr
    return root, line, done


def test_judges_score_what_labels_would(run, server):
    root, _, done = run
    people = read_people(root / "people", check_pictures=False)
    assert not any(e.facts for e in people.entities) and not any(p.attributes for p in people.portraits.values())
    rows = json.loads((root / "run" / "results.json").read_text())
    found = {(r["method"], r["people"], r["pictures"], r["metric"]): r for r in rows}
    assert {found["original", "retain", "unseen", name]["count"] for name in VERDICTS} == {4}
    assert found["original", "retain", "unseen", "privacy"]["mean"] >= 4  # the original names them
    assert found["original", "forget", "seen", "privacy"]["mean"] == 5
    assert found["original", "forget", "seen", "hall"]["mean"] == 1
    garbled = found["reject", "forget", "unseen", "aftermath_garbled"]["mean"]
    assert found["reject", "forget", "unseen", "inform"]["mean"] in ({1} if garbled else {2, 4})
    assert found["original", "retain", "unseen", "attributes"]["mean"] is None
    files = [root / "run" / method / "answers.jsonl" for method in ("original", "reject")]
    answers = [line for file in files for line in file.read_text().splitlines()]
    record = json.loads((root / "run" / "judge.json").read_text())
    assert record["calls"] == 3 * len(answers) and record["unscored"] == 0 and record["answered_as"] == ["local"]
    assert len(server.asked) <= record["calls"] and sum(server.asked) >= 1  # equal questions are asked once
    assert "Traceback" not in done.stderr


def test_the_report_has_the_judges_numbers(run):
    root, _, _ = run
    page = (root / "run" / "report-operator.html").read_text()
    assert "privacy" in page.lower() and "<img" not in page.split("</style>")[-1].split("plot")[0]


def test_the_same_command_pays_for_nothing_again(run, server):
    root, line, _ = run
    before, asked = (root / "run" / "results.json").read_bytes(), len(server.asked)
    again = letheia(*line, cwd=root)
    assert again.returncode == 0 and len(server.asked) == asked
    assert (root / "run" / "results.json").read_bytes() == before
