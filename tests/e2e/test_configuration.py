"""A removal from a file of settings: its config.yaml repeats it, and nothing else goes on in its folder."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from commands import fails, letheia


@pytest.fixture(scope="module")
def removal(people, checkpoints, tmp_path_factory):
    """One step on two of six people with settings from everywhere: a file, an option, an assignment, a prompt."""
    root = tmp_path_factory.mktemp("configured")
    model = shutil.copytree(checkpoints["mistral"], root / "model")
    file = root / "mine.yaml"
    file.write_text(f"model: {model}\nmethods: [bg]\nseed: 3\nchecked: false\ntrain: {{steps: 9, rank: 2}}\n")
    prompts = root / "prompts"
    prompts.mkdir()
    (prompts / "guidance.txt").write_text("Say only what is to be seen.")
    names = [e.name for e in people.pictured[:2]]
    given = ("--people", people.folder, "--forget", names[0], "--forget", names[1], "--force")
    settings = ("--config", file, "--prompts", prompts, "--rank", "4", "--max-new-tokens", "8",
                "--set", "train.steps=1", "--set", "rates.bg=1e-3")  # fmt: skip
    result = letheia("unlearn", *given, *settings, "--output", root / "run")
    assert result.returncode == 0, result.stderr
    return root, given, settings


def results(folder: Path) -> tuple[bytes, ...]:
    return tuple((folder / name).read_bytes() for name in ("results.json", "bg/train.jsonl", "references.jsonl"))


def test_settings_come_from_file_option_and_assignment(removal):
    root, _, _ = removal
    found = yaml.safe_load((root / "run" / "config.yaml").read_text())
    assert found["train"]["steps"] == 1 and found["train"]["rank"] == 4 and found["seed"] == 3
    assert found["prompts"]["guidance"] == "Say only what is to be seen." and found["rates"]["bg"] == 1e-3
    trained = json.loads((root / "run" / "bg" / "trained.json").read_text())
    assert trained["steps"] == 1 and trained["rank"] == 4 and trained["learning_rate"] == 1e-3
    adapter = json.loads((root / "run" / "bg" / "adapter" / "adapter_config.json").read_text())
    assert adapter["r"] == 4
    assert "Say only what is to be seen." in (root / "run" / "report-operator.html").read_text()


def test_the_runs_own_settings_repeat_it(removal, people):
    root, _, _ = removal
    again = ("unlearn", "--people", people.folder, "--config", root / "run" / "config.yaml", "--force")
    result = letheia(*again, "--output", root / "again")
    assert result.returncode == 0, result.stderr
    assert results(root / "again") == results(root / "run")


def test_nothing_else_goes_on_in_its_folder(removal, people):
    """Another prompt would train on the o* of the first; another checkpoint of the same name is another model."""
    root, given, settings = removal
    before = results(root / "run")
    run = ("unlearn", *given, *settings, "--output", root / "run")
    assert letheia(*run).returncode == 0 and results(root / "run") == before
    for other in ("prompts.guidance=Say nothing.", "prompts.refusals=[No.]", "train.weight_decay=0.1", "train.batch=4"):
        fails(letheia(*run, "--set", other), "other settings")
    config = root / "model" / "generation_config.json"
    text = config.read_text()
    config.write_text(text.replace("{", '{\n  "repetition_penalty": 1.5,', 1))
    fails(letheia(*run), "other settings")
    repeat = ("unlearn", "--people", people.folder, "--config", root / "run" / "config.yaml", "--force")
    fails(letheia(*repeat, "--output", root / "other"), "weights", "other model files", "Leave 'weights' out")
    config.write_text(text)
    assert not (root / "other").exists()


def test_settings_of_another_command_or_world_are_told(removal, people, tmp_path):
    root, given, _ = removal
    written = root / "run" / "config.yaml"
    run = ("unlearn", *given, "--output", tmp_path / "run", "--config")
    grid = tmp_path / "grid.yaml"
    grid.write_text("models: [mistral]\ncounts: [5]\n")
    fails(letheia(*run, grid), str(grid), "models: is unknown", "did you mean 'model'")
    fails(
        letheia("run", "world/study", "--config", written, "--output", tmp_path / "study"), "model: is each cell's own"
    )
    fails(letheia("demo", "--config", written, "--output", tmp_path / "demo"), "unknown model")
    mistyped = tmp_path / "mistyped.yaml"
    mistyped.write_text("train: {step: 3}\n")
    fails(letheia(*run, mistyped), str(mistyped), "train.step: is unknown", "'steps'")
    fails(letheia(*run, tmp_path / "nowhere.yaml"), "nowhere.yaml", "can't be read")
    fails(letheia(*run, grid.parent), "can't be read")
    demo = tmp_path / "demo.yaml"
    demo.write_text("candidates: [p000, nobody]\nforget: [nobody]\n")
    fails(letheia("demo", "--config", demo, "--output", tmp_path / "demo"), "nobody has the id 'nobody'")


def test_a_text_only_field_is_replaced_for_evaluation_too(removal, people):
    """A further way of asking from the command line stands in the answers, the rows and the page."""
    root, *_ = removal
    out = root / "evaluated"
    result = letheia(
        "evaluate", "--people", people.folder, "--config", root / "run" / "config.yaml", "--adapter",
        root / "run" / "bg" / "adapter", "--set", "prompts.asked.where=Where was this person born?", "--output", out,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    rows = json.loads((out / "results.json").read_text())
    assert {r.get("asked", "plain") for r in rows} == {"plain", "where"}
    assert "where" in (out / "report-operator.html").read_text()
