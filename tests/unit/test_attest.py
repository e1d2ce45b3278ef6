"""What an adapter carries for other programs: statements by the standards' fields, and a signature that notices."""

import json
import shutil
import subprocess
from hashlib import sha256

import pytest

from commands import fails, letheia
from letheia.audit.verdict import Missing, RequestVerdict
from letheia.report.attest import (
    PROVENANCE_TYPE,
    STATEMENT,
    TEST_RESULT_TYPE,
    as_test_result,
    provenance,
    take_over,
)

CARD = "# Card\n\n## Verdict\n\npubg: removed for the questions tried.\n\n## Measured\n\nnumbers\n"


def verdict(removal="removed", others="unharmed", description="useful", **more):
    return RequestVerdict(method="pubg", removal=removal, others=others, description=description, **more)


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    (folder / "adapter_config.json").write_text("{}")
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.mark.parametrize(
    ("found", "result", "passed", "failed"),
    [
        (verdict(), "PASSED", ["removed", "unharmed", "useful"], []),
        (verdict("removed for the questions tried"), "WARNED", ["unharmed", "useful"], []),
        (verdict("not removed"), "FAILED", ["unharmed", "useful"], ["removed"]),
        (verdict("removed for the questions tried", "harmed"), "FAILED", ["useful"], ["unharmed"]),
        (verdict(others="not measured"), "FAILED", ["removed", "useful"], ["unharmed"]),
    ],
)
def test_a_verdict_as_a_test_result(adapter, found, result, passed, failed):
    told = as_test_result(adapter, found, model="mistral")
    assert told["_type"] == STATEMENT and told["predicateType"] == TEST_RESULT_TYPE
    assert {s["name"]: s["digest"]["sha256"] for s in told["subject"]} == {
        "adapter_model.safetensors": sha256(b"weights").hexdigest(),
        "adapter_config.json": sha256(b"{}").hexdigest(),
    }
    predicate = told["predicate"]
    assert (predicate["result"], predicate["passedTests"], predicate["failedTests"]) == (result, passed, failed)
    assert predicate["configuration"][0]["name"] == "mistral"
    assert bool(predicate["warnedTests"]) == (found.removal == "removed for the questions tried")


def test_what_was_not_tried_is_a_warning(adapter):
    found = verdict(not_tried=(Missing(what="relearning", why="white box"),))
    told = as_test_result(adapter, found, model="mistral")["predicate"]
    assert told["result"] == "PASSED" and told["warnedTests"] == ["white box: relearning"]


def test_provenance_has_weights_and_settings_and_no_command(adapter):
    made_by = {
        "command": "letheia unlearn --forget 'Una Varga'",
        "python": "3.11.7",
        "platform": "x86_64",
        "versions": {"torch": "2.13.0"},
        "weights": {"mistral/model.safetensors": "ab"},
        "hub_commit": None,
    }
    told = provenance(adapter, model="mistral", settings={"method": "pubg", "steps": 30}, made_by=made_by)
    assert told["predicateType"] == PROVENANCE_TYPE and "Varga" not in json.dumps(told)
    built = told["predicate"]["buildDefinition"]
    assert built["externalParameters"] == {"model": "mistral", "method": "pubg", "steps": 30}
    assert built["resolvedDependencies"] == [{"name": "mistral/model.safetensors", "digest": {"sha256": "ab"}}]
    assert told["predicate"]["runDetails"]["builder"]["version"] == {"torch": "2.13.0"}


def test_an_audit_takes_the_place_of_the_studys_verdict(adapter):
    take_over(adapter, verdict("not removed"), model="mistral")
    card = (adapter / "README.md").read_text()
    assert "pubg: not removed" in card and "for the questions tried" not in card
    assert card.startswith("# Card\n\n## Verdict\n\n") and card.endswith("\n\n## Measured\n\nnumbers\n")
    assert json.loads((adapter / "attestations" / "test-result.json").read_text())["predicate"]["result"] == "FAILED"


def test_a_card_of_others_is_left_as_it_is(adapter):
    (adapter / "README.md").write_text("# Somebody else's\n")
    take_over(adapter, verdict(), model="mistral")
    assert (adapter / "README.md").read_text() == "# Somebody else's\n" and not (adapter / "attestations").exists()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two pairs of keys, as the page says to make them."""
    pytest.importorskip("model_signing")
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("keys")
    for name in ("mine", "other"):
        key, public = folder / f"{name}.pem", folder / f"{name}.pub"
        for command in (
            ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
            ["ec", "-in", key, "-pubout", "-out", public],
        ):
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return folder


@pytest.mark.slow
def test_a_signature_notices_every_change(adapter, keys):
    fails(letheia("verify", adapter, "--key", keys / "mine.pub"), "is not signed", "letheia sign")
    done = letheia("sign", adapter, "--key", keys / "mine.pem")
    assert done.returncode == 0 and (adapter / "model.sig").exists(), done.stderr
    assert letheia("verify", adapter, "--key", keys / "mine.pub").returncode == 0
    fails(letheia("verify", adapter, "--key", keys / "other.pub"), "is not as it was signed")
    card = adapter / "README.md"
    card.write_text(CARD.replace("removed for the questions tried", "removed"))
    fails(letheia("verify", adapter, "--key", keys / "mine.pub"), str(adapter), "(changed: README.md). Do not use it.")
    card.write_text(CARD)
    (adapter / "more.txt").write_text("added")
    fails(letheia("verify", adapter, "--key", keys / "mine.pub"), "is not as it was signed")
    (adapter / "more.txt").unlink()
    assert letheia("verify", adapter, "--key", keys / "mine.pub").returncode == 0
    (adapter / "adapter_config.json").unlink()
    fails(letheia("verify", adapter, "--key", keys / "mine.pub"), "is not as it was signed")


@pytest.mark.slow
def test_what_is_no_key_signs_nothing(adapter, keys):
    (keys / "text").write_text("no key")
    fails(letheia("sign", adapter, "--key", keys / "text"), "can't sign with it", "openssl ecparam")
    assert not (adapter / "model.sig").exists()
    fails(letheia("sign", adapter.parent / "nothing", "--key", keys / "mine.pem"), "nothing")
