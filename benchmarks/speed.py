"""Letheia's speed against the author's loop (N0) and the same loop tuned (N1), row by row of `docs/speed.md`.

python benchmarks/speed.py s1                            # forget part of a step, on a CPU
python benchmarks/speed.py s2 --config 7b --device cuda  # a whole step, at 7B in bfloat16
python benchmarks/speed.py all --output speed.json

Every row is measured on random weights of the configuration's shapes: what a step costs does not depend on them.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from answers import s4
from card import s6, s7, s13
from decoding import s11
from model import SIZES
from removal import s3, s8
from scale import s10
from setting import Setting
from steps import s1, s2, s5, s12
from ways import s9

ROWS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "s1": s1, "s2": s2, "s3": s3, "s4": s4, "s5": s5, "s6": s6, "s7": s7, "s8": s8,
    "s9": s9, "s10": s10, "s11": s11, "s12": s12, "s13": s13,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("row", choices=[*ROWS, "all"])
    parser.add_argument("--config", choices=list(SIZES), default="cpu-tiny")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float64"], help="float32 on a CPU, else bfloat16")
    parser.add_argument("--steps", type=int, default=20, help="timed steps; for s3 and s8 the steps of the removal")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="for s1 and s2: cases whose name has this in it, such as 'K 4'")
    parser.add_argument("--output", type=Path, help="JSON file; what it has already and is not measured now stays")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    dtype = chosen.dtype or ("float32" if chosen.device == "cpu" else "bfloat16")
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(chosen.config, chosen.device, getattr(torch, dtype), chosen.steps, Path(folder), chosen.only)
        for name in ROWS if chosen.row == "all" else [chosen.row]:
            found[name] = {"config": chosen.config, "dtype": dtype, **machine(chosen.device), **ROWS[name](setting)}
            print(f"{name}: {(ROWS[name].__doc__ or '').strip()}")
            for line in table(found[name]):
                print(line)
            if chosen.output:
                write(chosen.output, {name: found[name]})
    print(json.dumps(found))
    return found


def machine(device: str) -> dict[str, Any]:
    """What the numbers were measured on."""
    card = torch.cuda.get_device_name() if device.startswith("cuda") else "CPU"
    return {"on": card, "threads": torch.get_num_threads(), "torch": torch.__version__}


def table(found: Any, indent: str = "  ") -> Iterator[str]:
    """Nested values as indented lines; a median with its quartiles on one."""
    for name, value in found.items():
        if isinstance(value, dict) and "median" in value:
            yield f"{indent}{name:<24}{value['median']:.4g}  [{value['q1']:.4g}, {value['q3']:.4g}]"
        elif isinstance(value, dict):
            yield f"{indent}{name}"
            yield from table(value, indent + "  ")
        else:
            yield f"{indent}{name:<24}{f'{value:.4g}' if isinstance(value, float) else value}"


def write(path: Path, rows: dict[str, Any]) -> None:
    """Put rows into a JSON file."""
    known = json.loads(path.read_text()) if path.exists() else {}
    merged = {name: {**known.get(name, {}), **row} for name, row in rows.items()}
    path.write_text(json.dumps({**known, **merged}, indent=1) + "\n")


if __name__ == "__main__":
    main()
