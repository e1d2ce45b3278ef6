"""Ray: a node that is killed in mid-run changes nothing in what comes out, and what can't go says so in a line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import parts
import psutil
import pytest

from commands import fails, letheia
from letheia.config import StudyConfig
from letheia.errors import ConfigError, DataError, OutputError
from letheia.files import write_jsonl
from letheia.grid.executors import compute
from letheia.grid.grid import Cell
from letheia.grid.work import Machines
from letheia.models.adapter import add_adapter
from letheia.models.loading import load_model
from letheia.models.saving import save_adapter
from letheia.progress import Silent

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'letheia[ray]'")
NODE = {"num_cpus": 1, "memory": 4 * 2**30, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster():
    """A head that computes nothing, and two nodes."""
    from ray.cluster_utils import Cluster

    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_worker_niceness", "0")  # Ray's processes would wait for whatever else this machine does
    patch.setenv("PYTHONPATH", str(Path(parts.__file__).parent), prepend=os.pathsep)  # nodes do these parts
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    yield cluster
    cluster.shutdown()
    patch.undo()


@pytest.fixture
def on(cluster, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return Machines(executor="ray", address=cluster.address)


def begun(root):
    file = root / parts.BEGUN
    return file.read_text().splitlines() if file.exists() else []


def kill_node_of(root, after):
    """Kill -9 to the node, and all its processes, that began the part after so many others."""
    while len(begun(root)) <= after or not begun(root)[after].endswith(tuple("0123456789")):
        time.sleep(0.05)
    raylet = psutil.Process(int(begun(root)[after].split()[1]))
    assert "raylet" in raylet.name()
    for process in (raylet, *raylet.children(recursive=True)):
        process.send_signal(signal.SIGKILL)


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in (parts.BEGUN, "history.jsonl")
    }


def test_a_killed_node_changes_no_byte(cluster, on, checkpoints, people, tmp_path):
    """The second node is killed while it is at its first cell: another does that cell again, and every other once."""
    ids = [e.id for e in people.entities[:4]]
    cells = [
        Cell(
            config=StudyConfig.create(
                {
                    "model": str(checkpoints["mistral"]), "methods": ("bg",), "forget": (ids[seed],), "n": 1,
                    "people": 4, "candidates": ids, "bystanders": 0, "seed": seed, "max_new_tokens": 8,
                    "train": {"steps": 2, "rank": 2, "alpha": 4, "learning_rate": 1e-3},
                }
            ),
            jobs={"bg": "key"},
        )
        for seed in range(4)
    ]  # fmt: skip
    do = partial(parts.study_cell, people=people.folder)
    local, far = tmp_path / "local", tmp_path / "far"
    for root in (local, far):
        root.mkdir()
    compute(cells, local, do, on=Machines(), bars=Silent())
    killer = threading.Thread(target=kill_node_of, args=(far, 1), daemon=True)
    killer.start()
    compute(cells, far, do, on=on, bars=Silent())
    killer.join()
    names = [line.split()[0] for line in begun(far)]
    lost = names[1]
    assert sorted(names) == sorted([*(c.name for c in cells), lost])  # that one twice, the others once
    assert files(far) == files(local) and len([n for n in files(far) if n.endswith("cell.json")]) == 4
    before = begun(far)
    compute(cells, far, do, on=on, bars=Silent())
    assert begun(far) == before  # what is done is not done again
    cluster.add_node(**NODE)


class Told:
    """Progress that is remembered."""

    def __init__(self):
        self.notes = []

    def bar(self, title, total):
        import contextlib

        return contextlib.nullcontext(lambda n, note: self.notes.append((n, note)))


def test_a_killed_process_is_tried_again_and_not_for_ever(on, tmp_path):
    told = Told()
    compute([parts.Part("a"), parts.Part("once")], tmp_path, parts.note, on=on, bars=told)
    assert sorted(begun(tmp_path)) == ["a", "once", "once"]
    assert (0, "once again: its process or node was lost") in told.notes and sum(n for n, _ in told.notes) == 2
    with pytest.raises(OutputError, match=r"killed: was killed 4 times.*fewer --jobs"):
        compute([parts.Part("killed")], tmp_path, parts.note, on=on, bars=Silent())
    assert begun(tmp_path).count("killed") == 4
    assert not list(tmp_path.rglob("*.partial")) and not list(tmp_path.rglob(".lock"))


def test_what_a_part_says_is_one_line(on, tmp_path):
    with pytest.raises(DataError, match=r"^people/entities.jsonl:3: no name. Add it.$"):
        compute([parts.Part("wrong")], tmp_path, parts.note, on=on, bars=Silent())


def test_a_cluster_without_what_a_part_takes(on, tmp_path):
    def asked(**wanted):
        return Machines(executor="ray", address=on.address, **wanted)

    with pytest.raises(ConfigError, match=r"no node of the cluster has what a part takes .*2 GPU.*there are 3.*--gpus"):
        compute([parts.Part("a")], tmp_path, parts.note, on=asked(gpus=2), bars=Silent())
    with pytest.raises(ConfigError, match=r"1 CPU, 64.0 GiB\); there are 3: .*4.0 GiB"):
        compute([parts.Part("a")], tmp_path, parts.note, on=asked(memory=lambda gpu: 64 * 2**30), bars=Silent())
    assert not begun(tmp_path)


def test_a_node_with_other_files(on, tmp_path, monkeypatch):
    """As where --output lies on a disk of the driver's own: the folder is there, what it wrote is not."""
    monkeypatch.setattr("letheia.grid.on_ray.write_text", lambda path, text: None)
    with pytest.raises(ConfigError, match=r"does not see .* a file system that all nodes share"):
        compute([parts.Part("a")], tmp_path, parts.note, on=on, bars=Silent())
    assert not begun(tmp_path)


def test_what_can_not_go_is_one_line(tmp_path, monkeypatch):
    run = ("run", "world/study", "--n", 3, "--seeds", 1, "--output", tmp_path / "run")
    fails(letheia(*run, "--executor", "rey"), "unknown executor 'rey': did you mean 'ray'? Choose from local, ray")
    fails(letheia(*run, "--address", "10.0.0.1:6379"), "--address: is for a cluster", "--executor ray")
    far = (*run, "--executor", "ray")
    fails(letheia(*far, "--address", "127.0.0.1:9"), "--address 127.0.0.1:9: nobody answers there", "ray start --head")
    fails(letheia(*far, RAY_ADDRESS="127.0.0.1:9"), "--address 127.0.0.1:9: nobody answers there")
    fails(letheia(*far, "--address", "ray://head:10001"), "is no HOST:PORT")
    fails(letheia(*far, "--device", "cuda:1"), "--device cuda:1: a cluster says which GPU")
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    fails(letheia(*far), "--executor ray: Ray is not installed. pip install 'letheia[ray]' brings it.")


OWN = """
import os, sys, parts
from pathlib import Path
from letheia.grid.executors import compute
from letheia.grid.work import Machines
from letheia.progress import Silent
compute([parts.Part("a")], Path(sys.argv[1]), parts.note, on=Machines(executor="ray"), bars=Silent())
print(os.environ["RAY_AUTH_MODE"])
"""


def test_without_an_address_a_ray_of_its_own_starts_and_asks_for_a_token(tmp_path):
    """In a process that has not imported Ray, as the command's: Ray reads how it is to ask when it is imported."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    settings = {**clean, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path), "RAY_worker_niceness": "0"}
    command = [sys.executable, "-P", "-c", OWN, str(tmp_path)]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.split()[-1] == "token", done.stderr
    assert len(begun(tmp_path)) == 1 and (tmp_path / ".ray" / "auth_token").stat().st_size


@pytest.fixture(scope="module")
def adapter(checkpoints, tmp_path_factory):
    """One with weights of its own, so that it answers otherwise."""
    model = load_model(checkpoints["mistral"])
    adapted = add_adapter(model, rank=2, alpha=4, seed=0)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(0, 1.0)
    folder = tmp_path_factory.mktemp("adapters") / "mine"
    save_adapter(adapted, folder)
    return folder


def test_an_evaluation_in_blocks(on, checkpoints, people, adapter, tmp_path, monkeypatch):
    """Its answers and scores are those of one process, but for a block that a killed run has left: it is taken up."""
    monkeypatch.setattr("letheia.study.blocks.BLOCK", 8)
    asked = ("evaluate", "--people", people.folder, "--model", checkpoints["mistral"], "--adapter", adapter)
    asked = (*asked, "--forget", people.entities[0].name, "--max-new-tokens", 8)
    done = letheia(*asked, "--output", tmp_path / "local")
    assert done.returncode == 0, done.stderr
    local, far = tmp_path / "local", tmp_path / "far"
    shutil.copytree(local, far)
    for made in (*far.glob("*/*.jsonl"), far / "results.json", far / "report.html"):
        made.unlink()
    whole = next((local / "mine").glob("answers-*.jsonl"))
    rows = [json.loads(line) for line in whole.read_text().splitlines()]
    left = far / "mine" / f"{whole.stem}.blocks" / "00000.jsonl"
    write_jsonl(left, [{**row, "answer": "kept"} for row in rows[:8]])
    done = letheia(*asked, "--output", far, "--executor", "ray", "--address", on.address)
    assert done.returncode == 0, done.stderr
    assert "blocks of answers: 4 in" in done.stderr and "blocks of scores: 4 in" in done.stderr
    found = [json.loads(line) for line in (far / "mine" / whole.name).read_text().splitlines()]
    assert [row["answer"] for row in found[:8]] == ["kept"] * 8 and found[8:] == rows[8:]
    before, after = files(local / "original"), files(far / "original")
    assert before == after and {name.split("-")[0] for name in before} == {"answers", "scores"}
    rest = [path for path in local.glob("mine/scores-*")]
    assert len(rest) == 1 and rest[0].name not in files(far / "mine")  # scores know whose answers they are of
    assert not list(tmp_path.rglob("*.blocks"))


def test_an_audit_in_parts(on, checkpoints, people, adapter, tmp_path):
    """Its findings are those of one process."""
    asked = ("audit", "--people", people.folder, "--model", checkpoints["mistral"], "--adapter", adapter)
    asked = (*asked, "--forget", people.entities[0].name, "--max-new-tokens", 8, "--n-others", 2, "--n-pictures", 1)
    asked = (*asked, "--gold", checkpoints["mistral"], "--only", "rephrased", "--only", "membership")
    done = letheia(*asked, "--output", tmp_path / "local")
    assert done.returncode == 0, done.stderr
    done = letheia(*asked, "--output", tmp_path / "far", "--executor", "ray", "--address", on.address)
    assert done.returncode == 0, done.stderr
    assert "checks of the audit: 5 in" in done.stderr
    local, there = files(tmp_path / "local"), files(tmp_path / "far")
    same = [n for n in local if n.endswith((".json", ".jsonl"))]
    assert "audit.json" in same and "mine/membership.json" in same and "gold/rephrased.json" in same
    assert [n for n in same if local[n] != there.get(n)] == []
