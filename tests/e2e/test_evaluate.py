"""`letheia evaluate` and `letheia probe` on the shipped model and an adapter made elsewhere, with plain peft."""

import json
import re
import shutil

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForImageTextToText

from commands import fails, letheia
from letheia.data.folder import read_people, write_people
from letheia.models.shipped import checkpoint
from letheia.types import People


@pytest.fixture(scope="module")
def folder(world_folder, tmp_path_factory):
    """Six known people of the world, without responses, and the others' summaries."""
    root = tmp_path_factory.mktemp("evaluate")
    shutil.copytree(world_folder, root / "people")
    people = read_people(root / "people", check_pictures=False)
    known = [type(e)(**{**vars(e), "responses": ()}) for e in people.entities[:6]]
    others = [type(e)(**{**vars(e), "portraits": ()}) for e in people.entities[6:]]
    write_people(People(folder=people.folder, entities=(*known, *others), strangers=people.strangers[:2]))
    return root


def test_an_adapter_made_elsewhere(folder):
    network = AutoModelForImageTextToText.from_pretrained(checkpoint("mistral"))
    adapted = get_peft_model(network, LoraConfig(r=4, target_modules=r".*language_model.*\.(q_proj|v_proj)"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 2.0)
    adapted.save_pretrained(folder / "foreign")
    name = read_people(folder / "people", check_pictures=False).entities[0].name
    line = ["evaluate", "--people", "people", "--adapter", "foreign", "--forget", name, "--output", "out"]
    done = letheia(*line, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"foreign: \d of \d retained people are still recognised", done.stdout)
    assert "Foreign" in done.stdout and (folder / "out" / "report.html").exists()
    rows = json.loads((folder / "out" / "results.json").read_text())
    mean = {(r["method"], r["people"], r["pictures"], r["metric"]): r["mean"] for r in rows}
    assert mean["original", "retain", "seen", "named"] >= 0.8
    assert mean["foreign", "retain", "seen", "named"] < mean["original", "retain", "seen", "named"]
    assert mean["original", "forget", "seen", "clipscore"] is None
    assert {r["n"] for r in rows} == {1}
    again = letheia(*line, cwd=folder)
    assert again.returncode == 0 and "answers" not in again.stderr
    fails(
        letheia(*line[:-2], "--output", "more", "--adapter", "nowhere", cwd=folder),
        "--adapter",
        "'nowhere' does not exist",
    )
    fails(letheia("evaluate", "--people", "people", "--output", "out", cwd=folder), "out", "other settings")


def test_whom_the_original_recognises(folder):
    done = letheia("probe", "--people", "people", "--draw", "4", "--n", "2", "--output", "probe", cwd=folder)
    assert done.returncode == 0, done.stderr
    count = done.stdout.splitlines()[0].removeprefix("recognised: ")
    assert count in {"5 of 6", "6 of 6"} and "to forget: " in done.stdout
    split = json.loads((folder / "probe" / "split.json").read_text())
    assert (len(split["forget"]), len(split["retain"])) == (2, 2)
    result = letheia("probe", "--people", "people", "--draw", "40", "--output", "many", cwd=folder)
    assert result.returncode == 2 and "recognised" in result.stdout and "Traceback" not in result.stderr


def test_the_model_itself_writes_the_responses(folder):
    """Last, since the folder has responses from here on."""
    done = letheia("people", "responses", "people", "--from-model", "mistral", "--count", "3", cwd=folder)
    assert done.returncode == 0 and "responses for 6 people written" in done.stdout, done.stderr
    people = read_people(folder / "people", check_pictures=False).entities[:6]
    assert all(len(e.responses) > 1 for e in people)
    named = [e.name in r for e in people for r in e.responses]  # drawn at temperature 1: names go wrong now and then
    assert sum(named) > len(named) / 2
