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


@pytest.mark.parametrize("row", COUNTS)
def test_a_few_of_each(row):
    """In a process of its own, since some rows fork it."""
    done = subprocess.run(
        [sys.executable, "-P", str(FAULTS), row, "--count", str(COUNTS[row]), "--keep"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and " 0 failures" in done.stdout, done.stdout + done.stderr[-2000:]
