"""What a plan says a removal takes, beside what the process has held at most: `python benchmarks/memory.py 1024 2048`.

Each removal is the command itself in a process of its own: a random model, four people with pictures of 2,928 tokens,
two steps, answers of up to 64 tokens. `world` is the built-in model on its own people.
"""

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from model import SIZES, Sizes, make_model, make_people

from letheia.data.folder import write_people
from letheia.models.quiet import quiet_libraries
from letheia.types import Entity, People, Portrait

GIB = 2**30
VISION = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 4, "num_attention_heads": 8}


def sizes(width: int, layers: int) -> Sizes:
    """A model of the 7B's proportions with few layers and its vocabulary."""
    return replace(
        SIZES["7b"], hidden=width, layers=layers, heads=width // 128, groups=max(1, width // 512),
        intermediate=width * 7 // 2, vision=VISION,
    )  # fmt: skip


MODELS = {"1024": sizes(1024, 2), "2048": sizes(2048, 2), "4096": sizes(4096, 1), "7b-wide": sizes(4096, 2)}


def write_setting(folder: Path, size: Sizes) -> tuple[Path, Path, list[str]]:
    """A checkpoint, a people folder, and whom to forget."""
    model = make_model(size, device="cpu", dtype=torch.bfloat16)
    (folder / "pictures").mkdir(parents=True)
    people = make_people(model, size, folder / "pictures", prefix="2928", people=8, responses=2)
    entities = tuple(_with_unseen(a, b) for a, b in zip(people[::2], people[1::2], strict=True))
    write_people(People(folder=folder, entities=entities))
    with quiet_libraries():
        model.network.save_pretrained(folder / "model")
        model.processor.save_pretrained(folder / "model")
    return folder / "model", folder, [e.id for e in entities[:2]]


def _with_unseen(entity: Entity, other: Entity) -> Entity:
    """A person with the picture of another as the unseen one."""
    (picture,) = other.portraits
    unseen = Portrait(id=picture.id, file=picture.file, entity=entity.id, role="unseen")
    return replace(entity, portraits=(*entity.portraits, unseen))


@contextlib.contextmanager
def setting(name: str, given: list[str]) -> Iterator[list[str]]:
    """The command of a removal, without what only one of its uses has."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if name == "world":
            _letheia(["world", "make", str(folder / "people")])
            names = [json.loads(line)["id"] for line in (folder / "people/entities.jsonl").read_text().split("\n")[:2]]
            model, people, extra = Path("mistral"), folder / "people", []
        else:
            model, people, names = write_setting(folder / "people", MODELS[name])
            extra = ["--dtype", "bfloat16", "--rank", "128", "--alpha", "256", "--max-new-tokens", "64"]
        forget = [part for id_ in names for part in ("--forget", id_)]
        command = ["unlearn", "--model", str(model), "--people", str(people), *forget, "--steps", "2"]
        yield [*command, "--device", "cpu", "--output", str(folder / "run"), *extra, *given]


def _letheia(command: list[str]) -> tuple[str, int]:
    """What a command prints, and the bytes that its process has held at most."""
    with tempfile.TemporaryFile("w+") as told:
        child = subprocess.Popen([sys.executable, "-m", "letheia", *command], stdout=told, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        text = told.read()
    if child.returncode:
        raise SystemExit(f"letheia {' '.join(command)}\n{text}")
    return text, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def planned_bytes(plan: str) -> float:
    """The sum that a plan ends in."""
    found = re.search(r"^at most +([\d.]+) GiB", plan, re.MULTILINE)
    return float(found[1]) * GIB if found else float("nan")


def measure(name: str, given: list[str]) -> dict[str, Any]:
    """Planned and measured peak of one size."""
    with setting(name, given) as command:
        plan, _ = _letheia([*command, "--dry-run"])
        _, peak = _letheia(command)
    print(plan)
    return {"planned": planned_bytes(plan), "peak": peak}


def main() -> None:
    """Measure the sizes that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="+", choices=["world", *MODELS])
    parser.add_argument("--given", nargs=argparse.REMAINDER, default=[], help="further options of 'letheia unlearn'")
    chosen = parser.parse_args()
    for name in chosen.sizes:
        found = measure(name, chosen.given)
        ratio = found["planned"] / found["peak"]
        print(f"{name:<10} planned {found['planned'] / GIB:6.2f} GiB, peak {found['peak'] / GIB:6.2f} GiB: {ratio:.2f}")


if __name__ == "__main__":
    main()
