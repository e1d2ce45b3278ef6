"""Ctrl-C and a request to end, during start-up and while a removal runs: one line, exit 130 or 143, no traceback."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from runs import prepare

LINE = "stopped; run the same command again to go on"
START_UP = 4.0  # seconds in which `letheia doctor` is still importing


def starting(count: int, folder: Path) -> Iterator[str]:
    """At random times while the command line is still being imported."""
    rng = random.Random(0)
    for i in range(count):
        number = (signal.SIGINT, signal.SIGTERM)[i % 2]
        yield _stopped(["doctor"], folder, number, 0.05 + rng.random() ** 2 * START_UP)


def running(count: int, folder: Path) -> Iterator[str]:
    """At random times while a model is loaded, trained and asked."""
    setting, rng = prepare(), random.Random(0)
    for i in range(count):
        number = (signal.SIGINT, signal.SIGTERM)[i % 2]
        arguments = ["unlearn", "--people", str(setting.people), "--forget", "p0", "--model", str(setting.model),
                     "--method", "ga", "--steps", "9999", "--rank", "2", "--alpha", "4", "--force", "--output",
                     str(folder / "stopped")]  # fmt: skip
        yield _stopped(arguments, folder, number, 8 + rng.random() * 20)


def _stopped(arguments: Sequence[str], folder: Path, number: signal.Signals, after: float) -> str:
    what = f"{arguments[0]}, {number.name} after {after:.1f} s"
    process = subprocess.Popen(
        [sys.executable, "-m", "letheia", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        cwd=folder,
    )  # fmt: skip
    time.sleep(after)
    process.send_signal(number)
    try:
        errors = process.communicate(timeout=30)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"{what}: goes on for 30 s"
    if process.returncode == 0 and arguments[0] == "doctor":
        return ""  # it had ended before
    told = errors.count(LINE) == 1 and errors.strip().splitlines()[-1] == LINE and "Traceback" not in errors
    return (
        "" if told and process.returncode == 128 + number else f"{what}: exit {process.returncode}, {errors[-200:]!r}"
    )
