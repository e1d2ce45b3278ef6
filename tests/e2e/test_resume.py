"""A run that is killed with SIGKILL ends in the same file, bit for bit; one in two processes in the same adapter."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from letheia.data.folder import write_people

PROCESS = Path(__file__).with_name("unlearn_process.py")
SERVER = multiprocessing.get_context("forkserver")
LOADED = ("models.loading", "models.saving", "train.unlearn", "data.folder", "methods.table")
LLAVA = ("llava_next.modeling_llava_next", "llava_next.processing_llava_next", "mistral.modeling_mistral")
SERVER.set_forkserver_preload(  # loaded once; each process is a fork of that one
    [*(f"letheia.{name}" for name in LOADED), *(f"transformers.models.{name}" for name in LLAVA)]
)


def report(checkpoint, folder, output, steps):
    import unlearn_process

    unlearn_process.main(checkpoint, folder, output, told=steps.send)


def start(checkpoint, folder, output):
    steps, told = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=report, args=(checkpoint, folder, output, told))
    process.start()
    told.close()
    return process, steps


def told(steps):
    """The steps that a process says it has done, until it ends."""
    while True:
        try:
            yield steps.recv()
        except EOFError:
            return


def finish(checkpoint, folder, output):
    process, steps = start(checkpoint, folder, output)
    done = list(told(steps))
    process.join()
    assert process.exitcode == 0
    return done, (output / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(checkpoints, people, tmp_path_factory):
    write_people(people)
    output = tmp_path_factory.mktemp("whole")
    steps, adapter = finish(checkpoints["mistral"], people.folder, output)
    assert steps == list(range(1, 9))
    return adapter, (output / "history.jsonl").read_text()


@pytest.mark.parametrize("kill_after", [1, 3, 6])
def test_killed_and_resumed(checkpoints, people, uninterrupted, tmp_path, kill_after):
    process, steps = start(checkpoints["mistral"], people.folder, tmp_path)
    for step in told(steps):
        if step == kill_after:
            process.kill()
            break
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "adapter").exists()
    steps, adapter = finish(checkpoints["mistral"], people.folder, tmp_path)
    assert steps[0] <= kill_after + 1 and steps[-1] == 8
    assert (steps[0] > 1) == (kill_after >= 2)
    assert adapter == uninterrupted[0]
    assert (tmp_path / "history.jsonl").read_text() == uninterrupted[1]


def run(checkpoint, folder, output, *, processes, **settings):
    """Unlearn in processes of their own."""
    started = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"] if processes > 1 else []
    done = subprocess.run(
        [sys.executable, *started, str(PROCESS), str(checkpoint), str(folder), str(output)],
        env={**os.environ, "ACCELERATE_USE_CPU": "true", **settings},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("sharded", ["", "1"], ids=["whole", "sharded"])
def test_two_processes_give_the_same_adapter(checkpoints, people, uninterrupted, tmp_path, sharded):
    """gloo on CPUs; the sums over processes differ in their last digits alone. Sharded: half of the weights each."""
    run(checkpoints["mistral"], people.folder, tmp_path, processes=2, SHARD=sharded)
    check_ranks(load(uninterrupted[0]), tmp_path)


@pytest.mark.slow
def test_distributed_weights_with_terms_that_ask_the_original(checkpoints, people, uninterrupted, tmp_path):
    """KL and hidden states: every process asks the original as often as the others, whatever it has to do itself."""
    run(checkpoints["mistral"], people.folder, tmp_path / "single", processes=1, HELD="1")
    single = (tmp_path / "single" / "adapter" / "adapter_model.safetensors").read_bytes()
    assert single != uninterrupted[0]
    run(checkpoints["mistral"], people.folder, tmp_path, processes=2, SHARD="1", HELD="1")
    check_ranks(load(single), tmp_path)


def check_ranks(single, tmp_path):
    """Both processes have the adapter of one."""
    ranks = [load((tmp_path / r / "adapter" / "adapter_model.safetensors").read_bytes()) for r in "01"]
    for name, weight in single.items():
        assert torch.equal(ranks[0][name], ranks[1][name])
        assert (ranks[0][name] - weight).norm() <= 1e-5 * weight.norm()
