"""`letheia audit` on the shipped model: what leaks, what does not fit, what is taken up again, and what is refused."""

import shutil

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForImageTextToText

from commands import fails, letheia
from letheia import extensions
from letheia.attacks.table import ATTACKS
from letheia.audit.results import read_audit
from letheia.data.folder import read_people, write_people
from letheia.models.shipped import checkpoint
from letheia.report.card import MEASURED, VERDICT
from letheia.report.redaction import HIDDEN
from letheia.types import People
from samples import OWN_ATTACK

ONLY = [f"--only={name}" for name in ("text", "yes-no", "begun", "turns")]


@pytest.fixture(scope="module")
def folder(world_folder, tmp_path_factory):
    """Five known people of the world, everybody else's summaries, two strangers, and an adapter that babbles."""
    root = tmp_path_factory.mktemp("audit")
    shutil.copytree(world_folder, root / "people")
    people = read_people(root / "people", check_pictures=False)
    others = [type(e)(**{**vars(e), "portraits": ()}) for e in people.entities[5:]]
    write_people(People(folder=people.folder, entities=(*people.entities[:5], *others), strangers=people.strangers[:2]))
    network = AutoModelForImageTextToText.from_pretrained(checkpoint("mistral"))
    adapted = get_peft_model(network, LoraConfig(r=4, target_modules=r".*language_model.*\.(q_proj|v_proj)"))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 2.0)
    adapted.save_pretrained(root / "babble")
    (root / "babble" / "README.md").write_text(f"# Card\n\n{VERDICT}of the study{MEASURED}\nTable 1\n")
    return root


@pytest.fixture(scope="module")
def names(folder):
    return [e.name for e in read_people(folder / "people", check_pictures=False).entities[:5]]


def line(names, output, *more):
    """One person to forget, two to keep, two bystanders."""
    kept = [f"--retain={name}" for name in names[1:3]]
    given = ("--people", "people", "--forget", names[0], *kept, "--adapter", "babble", "--n-pictures", 1)
    return ("audit", *given, "--output", output, *more)


@pytest.fixture(scope="module")
def done(folder, names):
    return letheia(*line(names, "out", *ONLY), cwd=folder)


def test_the_original_leaks_and_babble_is_told(folder, done):
    assert done.returncode == 0, done.stderr
    found = read_audit(folder / "out" / "audit.json")
    assert found.models == ("original", "babble") and not found.gold
    assert [len(found.people[g]) for g in ("forget", "retain", "bystander", "stranger")] == [1, 2, 2, 2]
    told = found.row("text", "original", "forget")
    assert told.any == 1 and told.leaked == found.people["forget"] and told.worst.answer
    assert found.row("text", "original", "stranger").any == 0
    assert found.row("begun", "original", "forget").access == "grey"
    assert found.row("yes-no", "original", "retain").any is None
    assert found.row("text", "babble", "forget").degenerate > 0.5
    assert {r.variant for r in found.variants if r.check == "yes-no"} >= {"true", "near", "far"}
    assert "Audit of Babble" in done.stdout and "no gold model" in done.stderr
    card = (folder / "babble" / "README.md").read_text()
    assert "By an audit of 3 checks that say something (2 black box, 1 grey box):\n\nbabble: not removed" in card
    assert "of the study" not in card and card.endswith(f"{MEASURED}\nTable 1\n")


def test_a_repeat_asks_nothing_and_a_killed_audit_goes_on(folder, names, done):
    file = folder / "out" / "audit.json"
    before = file.read_bytes()
    again = letheia(*line(names, "out", *ONLY), cwd=folder)
    assert again.returncode == 0 and "original:" not in again.stderr and file.read_bytes() == before
    file.unlink()
    findings = folder / "out" / "babble" / "begun.json"
    was = findings.read_bytes()
    findings.unlink()
    again = letheia(*line(names, "out", *ONLY), cwd=folder)
    assert again.stderr.count("babble:") == 1 and "original:" not in again.stderr
    assert (findings.read_bytes(), file.read_bytes()) == (was, before)


def test_what_is_refused(folder, names, done):
    fails(letheia(*line(names, "out", "--seed", 7, *ONLY), cwd=folder), "out", "other settings")
    fails(letheia(*line(names, "out", "--only", "texts"), cwd=folder), "did you mean 'text'")
    fails(letheia(*line(names, "out", "--only", "begun", "--access", "black"), cwd=folder), "leaves none")
    fails(letheia(*line(names, "new", "--gold", "people", *ONLY), cwd=folder), "people: no checkpoint there")
    other = folder / "adapter-of-another-base"
    shutil.copytree(folder / "babble", other)
    (other / "adapter_model.safetensors").write_bytes(b"damaged")
    both = letheia(*line(names, "out", *ONLY), "--adapter", other.name, cwd=folder)
    assert both.returncode == 0 and "adapter-of-another-base: not audited" in both.stderr
    assert read_audit(folder / "out" / "audit.json").failed.keys() == {"adapter-of-another-base"}


def test_the_card_names_nobody_even_where_a_check_does(folder, names, done):
    file = folder / f"{names[0].replace(' ', '-').lower()}.jsonl"
    file.write_text('{"question": "How many?", "first": "Hello", "picture": false}\n')
    try:
        result = letheia(*line(names, "out", *ONLY, "--attack", file.name), cwd=folder)
    finally:
        ATTACKS.pop(file.stem, None)
    assert result.returncode == 0, result.stderr
    assert file.name in (folder / "out" / "verdict.json").read_text()
    for handed_on in ("README.md", "attestations/test-result.json"):
        text = (folder / "babble" / handed_on).read_text()
        assert file.stem not in text and names[0] not in text and HIDDEN in text


def test_an_attack_of_ones_own_and_a_plan(folder, names, done):
    (folder / "own.py").write_text(OWN_ATTACK)
    kept = dict(ATTACKS)
    own = ("--only", "text", "--attack", "own.py:mine")
    planned = letheia(*line(names, "out", *own, "--dry-run"), cwd=folder)
    assert planned.returncode == 0, planned.stderr
    assert "1 to forget, 2 retained, up to 2 bystanders, 2 nobody knows" in planned.stdout
    assert "mine" in planned.stdout and "roughly" in planned.stdout
    result = letheia(*line(names, "out", *own), cwd=folder)
    ATTACKS.clear()
    ATTACKS.update(kept)
    extensions._modules.clear()
    assert result.returncode == 0, result.stderr
    assert read_audit(folder / "out" / "audit.json").row("mine", "original", "forget").answers == 1
