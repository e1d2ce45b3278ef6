"""Statements about an adapter that other programs read: in-toto's test result, and SLSA's provenance.

Both name the adapter by its files' hashes, and nobody whom it was to forget. They lie in a folder of their own, since
the files beside the weights are what tells one adapter from another.
"""

import importlib.metadata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from letheia.audit.verdict import REQUIRED, RequestVerdict
from letheia.files import make_folder, sha256, write_json
from letheia.report.card import CARD, write_on_card

FOLDER, TEST_RESULT, PROVENANCE = "attestations", "test-result.json", "provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
PROVENANCE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:letheia:unlearning:v1"


def as_test_result(adapter: Path, verdict: RequestVerdict, *, model: str) -> dict[str, Any]:
    """A verdict as an in-toto statement: passed only if the people are removed, also for what an audit tries.

    A verdict that holds for the questions tried alone is a warning, and so is everything that was not tried.

    Args:
        adapter: The adapter's folder.
        verdict: What was found.
        model: The base model.
    """
    words = [word for word in REQUIRED if word != "tried"]
    passed = [word for word in words if verdict.holds([word])]
    only_tried = "removed" not in passed and verdict.holds(["tried"])
    failed = [word for word in words if word not in passed and not (word == "removed" and only_tried)]
    warned = (["removed: for the questions tried only"] if only_tried else []) + verdict.missing
    return _statement(
        adapter,
        TEST_RESULT_TYPE,
        {
            "result": "FAILED" if failed else "WARNED" if only_tried else "PASSED",
            "configuration": [{"name": model, "annotations": {"tool": "letheia", "version": _version()}}],
            "passedTests": passed,
            "warnedTests": warned,
            "failedTests": failed,
        },
    )


def provenance(adapter: Path, *, model: str, settings: Mapping[str, Any], made_by: Mapping[str, Any]) -> dict[str, Any]:
    """How an adapter was made, as SLSA's provenance; without the command line, which names people.

    Args:
        adapter: The adapter's folder.
        model: The base model.
        settings: What it was trained with.
        made_by: What `store.provenance` found.
    """
    weights = [{"name": name, "digest": {"sha256": digest}} for name, digest in made_by["weights"].items()]
    commit = made_by.get("hub_commit")
    hub = [{"name": model, "digest": {"gitCommit": commit}}] if commit else []
    builder = {"id": f"urn:letheia:{_version()}", "version": made_by["versions"]}
    return _statement(
        adapter,
        PROVENANCE_TYPE,
        {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"model": model, **settings},
                "internalParameters": {"python": made_by["python"], "platform": made_by["platform"]},
                "resolvedDependencies": [*weights, *hub],
            },
            "runDetails": {"builder": builder},
        },
    )


def write_statement(adapter: Path, name: str, statement: Mapping[str, Any]) -> None:
    """Write a statement beside the adapter's weights."""
    make_folder(adapter / FOLDER)
    write_json(adapter / FOLDER / name, statement)


def take_over(adapter: Path, verdict: RequestVerdict, *, model: str) -> None:
    """Put an audit's verdict in place of the study's, on the card and in the test result.

    Args:
        adapter: The adapter's folder; without a card of Letheia's it is left as it is.
        verdict: What the audit found.
        model: The base model.
    """
    if write_on_card(adapter / CARD, verdict):
        write_statement(adapter, TEST_RESULT, as_test_result(adapter, verdict, model=model))


def _statement(adapter: Path, kind: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    files = sorted(adapter.glob("adapter_*"))
    subjects = [{"name": file.name, "digest": {"sha256": sha256(file)}} for file in files]
    return {"_type": STATEMENT, "subject": subjects, "predicateType": kind, "predicate": predicate}


def _version() -> str:
    return importlib.metadata.version("letheia")
