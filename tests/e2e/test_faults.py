"""Each kind of fault, a few times: `make faults` tries them by the hundred."""

import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = Path(__file__).parents[2] / "benchmarks" / "faults"
COUNTS = {
    "kill": 2, "write": 3, "two": 1, "stop-starting": 2, "planted": 2, "pictures": 120, "exif": 100, "folders": 150,
    "folders-special": 200, "pages": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def done():
    """All of them in a process of its own, since some rows fork it."""
    rows = [f"{row}={count}" for row, count in COUNTS.items()]
    return subprocess.run(
        [sys.executable, "-P", str(FAULTS), *rows, "--keep"], capture_output=True, text=True, timeout=900, check=False
    )


@pytest.mark.parametrize("row", COUNTS)
def test_a_few_of_each(done, row):
    lines = [line for line in done.stdout.splitlines() if line.split()[0] == row]
    assert len(lines) == 1 and " 0 failures" in lines[0], done.stdout + done.stderr[-2000:]
