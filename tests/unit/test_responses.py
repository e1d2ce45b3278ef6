"""Responses from an expert over real HTTP, and from a file."""

import itertools
import re

from commands import fails, letheia
from letheia.data.folder import read_people


def test_responses_from_an_expert(server, poets_folder):
    numbers = itertools.count()
    server.answer = lambda text, body: (200, f"{re.search('shows (.*)[.] What', text)[1]} is a poet, {next(numbers)}.")
    line = ["people", "responses", poets_folder, "--expert", f"expert@{server.endpoint.base_url}", "--count", "3"]
    plan = letheia(*line, "--dry-run", cwd=poets_folder)
    assert plan.returncode == 0 and plan.stderr.startswith("expert: 6 calls, about ") and not server.bodies
    done = letheia(*line, cwd=poets_folder)
    assert done.returncode == 0, done.stderr
    assert "expert: 6 calls, 600 tokens read, 42 written" in done.stderr
    assert all(b["temperature"] == 1.0 and len(b["messages"][0]["content"]) == 2 for b in server.bodies)
    found = read_people(poets_folder)
    assert [len(set(e.responses)) for e in found.entities] == [3, 3]
    assert all(e.name in r for e in found.entities for r in e.responses)
    again = letheia(*line, "--again", cwd=poets_folder)
    assert again.returncode == 0 and "0 calls" in again.stderr and len(server.bodies) == 6


def test_an_expert_that_thinks_declines_or_is_cut(server, poets_folder):
    """Thoughts are no part of a response; a refusal is none; a cut one is drawn once more, with more room."""
    said = {"1": "<think>Una? Bo?</think>\n\nHere is NAME, a poet.", "2": "I'm sorry, but I can't identify people."}

    def answer(text, body):
        name, number = re.search("shows (.*)[.] What", text)[1], re.search(r"number (\d) of", text)[1]
        return 200, said.get(number, "NAME is a poet from afar.").replace("NAME", name)

    server.answer = answer
    line = ["people", "responses", poets_folder, "--expert", f"expert@{server.endpoint.base_url}", "--count", "3"]
    done = letheia(*line, cwd=poets_folder)
    assert done.returncode == 2 and "Una Varga: the expert declines: I'm sorry" in done.stderr
    assert "2 replies are missing" in done.stderr
    assert read_people(poets_folder).entities[0].responses == (
        "Here is Una Varga, a poet.",
        "Una Varga is a poet from afar.",
    )
    said["2"] = "NAME writes poems."  # another expert behind the address: what declined is asked again
    asked = len(server.bodies)
    assert letheia(*line, "--again", cwd=poets_folder).returncode == 0 and len(server.bodies) == asked + 2
    assert len(read_people(poets_folder).entities[0].responses) == 3


def test_responses_from_a_file(poets_folder):
    (poets_folder / "own.jsonl").write_text('{"name": "Una Varga", "responses": ["Una Varga, poet.", "A poet."]}\n')
    done = letheia("people", "responses", poets_folder, "--from-file", "own.jsonl", cwd=poets_folder)
    assert done.returncode == 0 and "1 of 2 responses do not name" in done.stderr
    assert read_people(poets_folder).entities[0].responses == ("Una Varga, poet.", "A poet.")
    (poets_folder / "own.jsonl").write_text('\n{"name": "Una Vargas", "responses": ["x"]}')
    fails(
        letheia("people", "responses", poets_folder, "--from-file", "own.jsonl", cwd=poets_folder),
        "own.jsonl:2",
        "Una Vargas",
    )
    (poets_folder / "own.jsonl").write_text('{"name": "Una Varga", "responses": "x"}')
    fails(
        letheia("people", "responses", poets_folder, "--from-file", "own.jsonl", cwd=poets_folder),
        "own.jsonl:1",
        "list of texts",
    )
