"""A run that is killed with SIGKILL goes on and ends in the same file, bit for bit."""

import subprocess
import sys
from pathlib import Path

import pytest

from letheia.data.folder import write_people

PROCESS = Path(__file__).with_name("unlearn_process.py")


def start(checkpoint, folder, output):
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(checkpoint), str(folder), str(output)],
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(checkpoint, folder, output):
    with start(checkpoint, folder, output) as process:
        steps = [int(line) for line in process.stdout]
    assert process.returncode == 0
    return steps, (output / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(checkpoints, people, tmp_path_factory):
    write_people(people)
    output = tmp_path_factory.mktemp("whole")
    steps, adapter = finish(checkpoints["mistral"], people.folder, output)
    assert steps == list(range(1, 9))
    return adapter, (output / "history.jsonl").read_text()


@pytest.mark.parametrize("kill_after", [1, 3, 6])
def test_killed_and_resumed(checkpoints, people, uninterrupted, tmp_path, kill_after):
    with start(checkpoints["mistral"], people.folder, tmp_path) as process:
        for line in process.stdout:
            if int(line) == kill_after:
                process.kill()
                break
    assert process.returncode != 0
    assert not (tmp_path / "adapter").exists()
    steps, adapter = finish(checkpoints["mistral"], people.folder, tmp_path)
    assert steps[0] <= kill_after + 1 and steps[-1] == 8
    assert (steps[0] > 1) == (kill_after >= 2)
    assert adapter == uninterrupted[0]
    assert (tmp_path / "history.jsonl").read_text() == uninterrupted[1]
