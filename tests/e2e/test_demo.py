"""The demo on the shipped models: what it leaves, that it reuses it, and the adapter in other hands."""

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest
from peft import PeftModel
from transformers import AutoModelForImageTextToText

from commands import fails, letheia, process
from letheia.metrics.results import Row
from letheia.models.shipped import checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    output = tmp_path_factory.mktemp("demo") / "run"
    result = process("demo", "--method", "pubg", "--method", "reject", "--n", "5", "--output", output)
    assert result.returncode == 0, result.stderr
    return output, result


def test_what_it_prints(demo):
    output, result = demo
    for words in (
        "Table 1",
        "Table 3",
        "Table strangers",
        "PUBG",
        "REJECT",
        "Original",
        str(output / "report.html"),
        "-operator.html",
    ):
        assert words in result.stdout
    assert "Warning" not in result.stderr and "Traceback" not in result.stderr
    assert "pubg: training: 30 in" in result.stderr


def test_what_it_leaves(demo):
    output, _ = demo
    rows = json.loads((output / "results.json").read_text())
    assert {r["method"] for r in rows} == {"original", "reject", "pubg"}
    assert {(r["people"], r["pictures"]) for r in rows} == {
        ("forget", "seen"), ("forget", "unseen"), ("retain", "seen"), ("retain", "unseen"), ("bystander", "unseen"),
        ("stranger", "stranger"),
    }  # fmt: skip
    assert [Row(**r) for r in rows]
    for name in ("config.yaml", "provenance.json", "split.json", "references.jsonl", "probe.jsonl", "report.html"):
        assert (output / name).exists()
    for method in ("pubg", "reject"):
        for name in ("adapter/adapter_model.safetensors", "answers.jsonl", "scores.jsonl", "history.jsonl"):
            assert (output / method / name).exists()
        assert len((output / method / "history.jsonl").read_text().splitlines()) == 30
    assert not list(output.rglob("*.partial"))
    listed = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    parts = {f.relative_to(output).parts for f in output.rglob("*") if f.is_file()}
    folders = {"people", "features", "altered", "blends", "adapter"}
    for name in {p[-1] for p in parts if not folders & set(p)} | {f"{f}/" for p in parts for f in folders & set(p)}:
        assert name in listed, name


def test_the_original_knows_and_pubg_forgets(demo):
    output, _ = demo
    mean = {
        (r["method"], r["people"], r["pictures"], r["metric"]): r["mean"]
        for r in json.loads((output / "results.json").read_text())
    }
    assert mean["original", "forget", "unseen", "named_right"] >= 0.9
    assert mean["original", "retain", "unseen", "named_right"] >= 0.9
    assert mean["pubg", "forget", "seen", "usr"] >= 0.9
    assert mean["pubg", "forget", "seen", "inform"] > mean["reject", "forget", "seen", "inform"]


def test_again_reuses_everything(demo):
    output, _ = demo
    before = (output / "results.json").read_bytes()
    times = {f: f.stat().st_mtime_ns for f in output.rglob("adapter_model.safetensors")}
    result = letheia(
        "demo", "--method", "pubg", "--method", "reject", "--n", "5", "--output", output, "--json", "--resume"
    )
    assert [Row(**r) for r in json.loads(result.stdout)]
    assert "training" not in result.stderr
    assert (output / "results.json").read_bytes() == before
    assert times == {f: f.stat().st_mtime_ns for f in output.rglob("adapter_model.safetensors")}


def test_other_settings_need_another_folder(demo):
    fails(letheia("demo", "--n", "6", "--output", demo[0]), "other settings")


def test_plain_peft_loads_the_adapter(demo):
    network = AutoModelForImageTextToText.from_pretrained(checkpoint("mistral"))
    PeftModel.from_pretrained(network, str(demo[0] / "pubg" / "adapter"))


def test_ask_shows_both_answers(demo):
    output, _ = demo
    person = json.loads((output / "split.json").read_text())["forget"][0]
    picture = output / "people" / "images" / f"{person}-seen-0.png"
    result = letheia("ask", picture, "Who is the person in this image?", "--adapter", output / "pubg" / "adapter")
    lines = result.stdout.strip().splitlines()
    assert [line.split(": ")[0] for line in lines] == ["original", str(output / "pubg" / "adapter")]
    assert lines[0].split(": ", 1)[1] != lines[1].split(": ", 1)[1]
    fails(letheia("ask", picture, "Who?", "--adapter", output), "no adapter there")


def test_quickstart(world_folder, tmp_path, monkeypatch, capsys):
    shutil.copytree(world_folder, tmp_path / "runs" / "quickstart" / "people")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "examples" / "quickstart.py"), run_name="__main__")
    told = capsys.readouterr().out
    assert len(told.splitlines()) == 10 and "informativeness" in told


def test_a_browser_shows_the_report_without_requests(demo):
    """The page has no address to fetch from, and forbids fetching."""
    html = (demo[0] / "report-operator.html").read_text()
    html = re.sub(r'xmlns(:\w+)?="[^"]*"', "", html)  # what a drawing's namespace is called is no address
    assert "http://" not in html and "https://" not in html
    assert "default-src 'none'" in html
    assert html.count("data:image/webp;base64,") >= 10
