"""A removal request as an engineer makes it: a folder of people, names, one command, and what it leaves."""

import json
from dataclasses import replace

import pytest
from transformers import AutoModelForImageTextToText, AutoProcessor

from commands import fails, letheia
from letheia.data.folder import read_people, write_people
from letheia.engines.own import generate
from letheia.files import PASSING
from letheia.models.loading import load_model
from letheia.types import Prompt


@pytest.fixture(scope="module")
def folder(world_folder, tmp_path_factory):
    """Eight known people with two seen and two unseen pictures."""
    whole = read_people(world_folder, check_pictures=False)
    folder = tmp_path_factory.mktemp("request") / "people"
    entities = []
    for e in whole.pictured[:8]:
        kept = (*e.pictures("seen")[:2], *e.pictures("unseen")[:2])
        entities.append(replace(e, portraits=tuple(replace(p, file=folder / "images" / p.file.name) for p in kept)))
    (folder / "images").mkdir(parents=True)
    for e in entities:
        for p in e.portraits:
            p.file.write_bytes((whole.folder / "images" / p.file.name).read_bytes())
    write_people(replace(whole, folder=folder, entities=(*entities, *whole.entities[64:]), strangers=(), anyone=()))
    return folder


@pytest.fixture(scope="module")
def removal(folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("removal") / "run"
    names = [e.name for e in read_people(folder).pictured[:2]]
    result = letheia(
        "unlearn", "--people", folder, "--forget", names[0], "--forget", names[1], "--output", output, "--clip", "world"
    )
    assert result.returncode == 0, result.stderr
    return output, names, result


def test_the_folder_is_checked_first(folder):
    result = letheia("people", "check", folder)
    assert result.returncode == 0 and "8 by a model with vision" in result.stdout


def test_what_it_leaves(removal):
    output, names, result = removal
    assert "Table 1" in result.stdout and str(output / "bounded" / "adapter") in result.stdout
    for name in ("config.yaml", "results.json", "provenance.json", "bounded/train.jsonl"):
        assert (output / name).exists(), name
    rows = {
        (r["method"], r["people"], r["pictures"], r["metric"]): r
        for r in json.loads((output / "results.json").read_text())
    }
    assert rows["bounded", "forget", "seen", "usr"]["count"] == 4  # both seen pictures of two people
    assert rows["original", "retain", "unseen", "named"]["mean"] > 0.8
    card = (output / "bounded" / "adapter" / "README.md").read_text()
    assert "base_model: mistral" in card and "0.002, falling,\n60 steps" in card and not any(n in card for n in names)
    shared, own = ((output / name).read_text() for name in ("report.html", "report-operator.html"))
    assert "<img" not in own + shared and all(n in own for n in names) and not any(n in shared for n in names)
    open_to = {p.stat().st_mode & 0o777 for p in (output, *output.rglob("*")) if p.is_dir()}
    assert open_to == {0o700} and {p.stat().st_mode & 0o777 for p in output.rglob("*") if p.is_file()} == {0o600}
    assert not [p for p in output.rglob("*") if PASSING.fullmatch(p.name)]
    trained = [json.loads(line) for line in (output / "bounded" / "train.jsonl").read_text().splitlines()]
    assert len(trained) == 60 * 8 * 3 and {t["target"] for t in trained} == {"own", "reference", "retain"}


def test_other_data_is_another_run(removal, folder):
    """The same names with a changed response: the answers that lie there must not be taken up."""
    output, names, _ = removal
    file = folder / "entities.jsonl"
    before = file.read_text()
    file.write_text(before.replace("This is ", "Here is ", 1))
    assert file.read_text() != before
    options = ("--people", folder, "--forget", names[0], "--forget", names[1], "--output", output, "--clip", "world")
    fails(letheia("unlearn", *options), "other settings")
    file.write_text(before)


def test_merged_answers_as_with_the_adapter(removal, folder, tmp_path):
    output, _, _ = removal
    result = letheia("merge", "--adapter", output / "bounded" / "adapter", "--output", tmp_path / "merged")
    assert result.returncode == 0, result.stderr
    AutoProcessor.from_pretrained(tmp_path / "merged")
    AutoModelForImageTextToText.from_pretrained(tmp_path / "merged")
    answered = [json.loads(line) for line in (output / "bounded" / "answers.jsonl").read_text().splitlines()]
    portraits = {p.id: p for e in read_people(folder).entities for p in e.portraits}
    prompts = [Prompt(a["question"], portraits[a["portrait"]]) for a in answered]
    found = generate(load_model(tmp_path / "merged"), prompts)
    same = sum(f.text == a["answer"] for f, a in zip(found, answered, strict=True))
    assert same >= 0.9 * len(found)  # merging rounds, and a greedy answer can tip over
    fails(letheia("merge", "--adapter", output, "--output", tmp_path / "x"), "no adapter there")
    fails(letheia("merge", "--adapter", output / "bounded" / "adapter", "--output", output), "not empty")


def test_bad_requests(folder, tmp_path):
    name = read_people(folder).pictured[0].name
    common = ("unlearn", "--people", folder, "--output", tmp_path / "run")
    fails(letheia(*common, "--forget", name + "x"), "nobody is called", f"'{name}'")
    fails(letheia(*common, "--forget", name, "--retain", folder), "to be forgotten and to be kept")
    fails(letheia(*common, "--forget", name, "--no-retain", "--method", "random"), "random")
    fails(letheia(*common, "--forget", name, "--model", tmp_path), "config.json")
    fails(letheia(*common, "--forget", name, "--gold", folder), "--gold: stands beside the result in an audit")
    fails(letheia(*common, "--forget", name, "--audit", "--gold", folder), "no checkpoint there")
    fails(letheia("table", "audit", tmp_path), f"{tmp_path}: no audit there", "'letheia audit'")
    assert not (tmp_path / "run").exists()
