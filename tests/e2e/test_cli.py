"""The command line as users meet it: exit codes, one-line errors."""

import json
from pathlib import Path

import pytest

from commands import fails, letheia, process


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--method", "pubgg"], ["unknown method 'pubgg'", "did you mean 'pubg'"]),
        (["demo", "--model", "mistrl"], ["unknown model 'mistrl'", "did you mean 'mistral'"]),
        (["demo", "--n", "many"], ["--n", "valid integer"]),
        (["demo", "--n", "25"], ["n: 25 of 25", "smaller --n"]),
        (["demo", "--n", "0"], ["--n", "greater than or equal to 1"]),
        (["demo", "--sed", "1"], ["--sed", "--seed"]),
        (["demmo"], ["demmo"]),
        (["demo", "--resume", "--output", "nowhere"], ["nowhere", "no run to resume"]),
        (["ask", "missing.png", "Who is this?"], ["missing.png: there is no such file"]),
        (["world", "train", "--start", "nowhere"], ["nowhere", "--start"]),
        (["people", "summaries", "nowhere"], ["nowhere", "entities.jsonl"]),
        (["world", "check", "--model", "lama"], ["unknown model 'lama'", "llama"]),
    ],
)
def test_wrong_arguments(arguments, words, tmp_path):
    fails(letheia(*arguments, cwd=tmp_path), *words)
    assert not list(tmp_path.iterdir())


def test_help_is_quick_and_quiet():
    result = process("--help")
    assert result.returncode == 0 and not result.stderr
    places = [result.stdout.index(f"│ {name} ") for name in ("demo", "people", "probe", "unlearn", "audit", "world")]
    assert places == sorted(places)  # in the order of a request
    assert letheia("-h").stdout == result.stdout
    assert "--forget" in letheia("unlearn", "-h").stdout and "import" in letheia("people", "-h").stdout


def test_an_error_is_one_line_of_a_process_too(tmp_path):
    fails(process("demmo", cwd=tmp_path), "demmo")


def test_a_search_says_what_it_will_train(tmp_path):
    asked = ("rates", "--method", "pubg", "--rate", "0.001", "--draws", "2", "--steps", "90", "--dry-run")
    result = letheia(*asked, cwd=tmp_path)
    assert result.stdout == "at most 2 trainings: pubg; rates (0.001,); 2 draws, 90 steps\n"
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_else_is_not_touched(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    fails(letheia("demo", "--output", tmp_path), str(tmp_path), "--output")
    assert [f.name for f in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_of_another_run_is_not_touched(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"key": "another"}))
    fails(letheia("demo", "--output", tmp_path), str(tmp_path), "other settings", "--output")
    assert [f.name for f in tmp_path.iterdir()] == ["run.json"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    """/dev/full refuses every byte as a full disk does."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    from letheia.errors import OutputError
    from letheia.files import write_atomic

    target = tmp_path / "results.json"
    target.write_text("old")

    def write(_path):
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)

    with pytest.raises(OutputError, match="Free some space"):
        write_atomic(target, write)
    assert target.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["results.json"]


def test_the_doctor_tells_what_is_there_and_no_key():
    done = letheia("doctor", OPENAI_API_KEY="sk-secret", HF_TOKEN="")
    assert done.returncode == 0 and not done.stderr
    found = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if not line.startswith("built-in"))
    assert found["OPENAI_API_KEY"].startswith("set;") and found["HF_TOKEN"].startswith("not set;")
    assert found["torch"].startswith("2.") and "cores" in found["cpu"]
    assert done.stdout.count("as shipped") == 4 and "sk-secret" not in done.stdout
