"""Letheia's speed against the author's loop (N0) and the same loop tuned (N1), row by row of `docs/speed.md`.

python benchmarks/speed.py s1                            # forget part of a step, on a CPU
python benchmarks/speed.py s2 --config 7b --device cuda  # a whole step, at 7B in bfloat16
python benchmarks/speed.py all --output speed.json

Every row is measured on random weights of the configuration's shapes: what a step costs does not depend on them.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from answers import s4
from arms import Setting
from card import s6, s7
from removal import s3, s8
from steps import s1, s2, s5

ROWS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "s1": s1, "s2": s2, "s3": s3, "s4": s4, "s5": s5, "s6": s6, "s7": s7, "s8": s8,
}  # fmt: skip
