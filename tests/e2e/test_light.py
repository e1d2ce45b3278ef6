"""Nothing is imported that isn't needed: what torch does not compute is answered without it."""

import json
import os
import pydoc
import subprocess
import sys
from pathlib import Path

import pytest

import letheia as package
from commands import process

HEAVY = ("torch", "transformers", "peft", "accelerate", "datasets", "sklearn", "scipy")
IN_ONE_PROCESS = """
import contextlib, io, itertools, json, os, shlex, sys
import letheia, letheia.cli.app

def ask(line):
    sys.argv = ["letheia", *shlex.split(line)]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            letheia.cli.app.run()
        except SystemExit as stop:
            code = stop.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue(), "modules": list(sys.modules)}

for line in json.load(sys.stdin):
    print(json.dumps(ask(line)), flush=True)
"""
STUDY = "docs/results/study.json"
ANSWERED = (
    "--version",
    "--help",
    "unlearn --help",
    "world train --help",
    "people import --help",
    "rates --dry-run",
    "run world/study --dry-run",
    f"table 1 {STUDY}",
    f"table aftermaths-forget {STUDY} --format latex",
    f"table 1 {STUDY} --format latex --columns unseen.usr_strict,usr",
)
REFUSED = {
    "demmo": "No such command 'demmo'",
    "demo --sed 1": "--sed",
    "demo --method pubgg": "did you mean 'pubg'",
    "demo --model mistrl": "did you mean 'mistral'",
    "demo --n 25": "n: 25 of 25",
    "demo --quick": "Add --audit",
    "demo --audit --json": "--json",
    "demo --resume --output nowhere": "no run to resume",
    "rates --method pubgg": "did you mean 'pubg'",
    "run world/studdy": "did you mean 'world/study'",
    "run world/study --method pubgg": "did you mean 'pubg'",
    "run world/study --model foo": "Choose from mistral, llama",
    "run paper/llava-1.6-mistral": "--people",
    "run paper/llava-1.6-mistral --people nowhere": "nowhere/entities.jsonl",
    "unlearn --people nowhere --forget A --output new": "nowhere/entities.jsonl",
    "unlearn --output new": "--people",
    "unlearn --people nowhere --forget A --output new --dtype float9": "dtype",
    "unlearn --people nowhere --forget A --output new --steps many": "--steps",
    "evaluate --people nowhere --output new": "nowhere/entities.jsonl",
    "evaluate --people nowhere --output new --adapter nowhere": "--adapter",
    "audit --people nowhere --output new": "--forget",
    "audit --people nowhere --output new --forget A": "--adapter",
    "audit --people nowhere --output new --forget A --adapter .": "nowhere/entities.jsonl",
    "audit --people nowhere --output new --forget A --adapter . --attack rephrase": "did you mean 'rephrased'",
    "probe --people nowhere --output new": "nowhere/entities.jsonl",
    "merge --adapter nowhere --output new": "--adapter",
    "ask nowhere.png Who?": "nowhere.png",
    "people check nowhere": "nowhere: 2 problems",
    "people summaries nowhere": "nowhere/entities.jsonl",
    "people responses nowhere": "nowhere/entities.jsonl",
    "people facts nowhere": "nowhere/entities.jsonl",
    "people import new --folders nowhere": "nowhere",
    "table 99 nowhere": "did you mean '9'",
    f"table 1 {STUDY} --columns usr_strikt": "did you mean 'usr_strict'",
    f"table 6 {STUDY} --columns usr": "Leave --columns out",
    "table 1 nowhere": "nowhere",
    "world train --start nowhere": "--start",
    "world check --model lama": "did you mean 'llama'",
    "report nowhere page.html": "nowhere",
    "report {tmp}/study.json {tmp}/page.html": "",  # last: a page needs matplotlib
}


def answers(lines):
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS], input=json.dumps(lines), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(lines, map(json.loads, done.stdout.splitlines()), strict=True))


def heavy(modules):
    return [name for name in HEAVY if name in modules]


def test_help_tables_plans_and_errors_need_no_torch(tmp_path):
    study = json.loads(Path(STUDY).read_text())
    cells = [c for c in study["cells"] if (c["model"], c["n"], c["seed"]) == ("mistral", 10, 0)]
    (tmp_path / "study.json").write_text(json.dumps({**study, "people": "unknown", "cells": cells}))
    lines = [*ANSWERED, *(line.format(tmp=tmp_path) for line in REFUSED)]
    given = answers(lines)
    for line, told in given.items():
        assert not heavy(told["modules"]), line
        assert "Traceback" not in told["err"], told["err"]
    assert all(given[line]["code"] == 0 and not given[line]["err"] for line in ANSWERED)
    for line, words in REFUSED.items():
        told = given[line.format(tmp=tmp_path)]
        assert words in told["err"] and told["code"] == (2 if words else 0), (line, told["err"])
    assert given["--version"]["out"] == "letheia 0.1.0\n"
    few = given[f"table 1 {STUDY} --format latex --columns unseen.usr_strict,usr"]["out"]
    head = next(line for line in few.splitlines() if line.startswith("Method"))
    assert head == r"Method & USR strict $\uparrow$ (unseen) & USR $\uparrow$ (seen) & USR $\uparrow$ (unseen) \\"
    assert not {"numpy", "httpx", "PIL"} & set(given["unlearn --help"]["modules"])
    assert "matplotlib" not in given[f"table 1 {STUDY}"]["modules"]


def test_the_doctor_says_what_is_installed_before_torch_is_imported():
    code = """
import sys
from letheia.cli.doctor import findings
for name, _ in findings():
    if name == "cpu":
        break
    print(name, len([m for m in ("torch", "transformers") if m in sys.modules]), sep="|")
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert {line.split("|")[0] for line in told.splitlines()} >= {"python", "letheia", "torch", "OPENAI_API_KEY"}
    assert all(line.endswith("|0") for line in told.splitlines())


NAMED = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell is named, not the one that runs tests


@pytest.mark.skipif(sys.platform == "win32", reason="shells of other systems")
def test_the_shell_completes(tmp_path):
    """Through the new process image that the command starts in."""
    shown = process("--show-completion", "bash", **NAMED)
    assert "complete -o default -F _letheia_completion letheia" in shown.stdout
    offered = process(COMP_WORDS="letheia unl", COMP_CWORD="1", _LETHEIA_COMPLETE="complete_bash")
    assert offered.stdout.split() == ["unlearn"]
    done = process("--install-completion", "bash", HOME=str(tmp_path), **NAMED)
    assert done.returncode == 0, done.stderr
    assert "letheia.sh" in (tmp_path / ".bashrc").read_text()
    assert os.listdir(tmp_path / ".bash_completions") == ["letheia.sh"]


def test_the_public_names_are_listed_with_their_docs_and_import_nothing():
    code = """
import sys, letheia
names = dir(letheia)
assert letheia.__version__ == "0.1.0" and "__version__" in names
print([m for m in ("torch", "transformers", "pydantic") if m in sys.modules], set(letheia.__all__) <= set(names))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "[] True\n"
    text = pydoc.render_doc(package, renderer=pydoc.plaintext).splitlines()
    for words in ("class Method(", "A way to unlearn.", "    unlearn(", "Train the adapter in place.", "register("):
        assert any(words in line for line in text), words
