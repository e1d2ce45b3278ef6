"""`make faults`: what goes wrong outside the program, tried many times; how often it was not dealt with as it should.

python benchmarks/faults [ROW[=COUNT] ...] [--keep]

Each row's last result is kept in results.json beside this file, and docs/faults.md is written anew from all of them.
"""

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS, PAGE = HERE / "results.json", ROOT / "docs" / "faults.md"
MARKS = "<!-- measured -->", "<!-- /measured -->"


@dataclass(frozen=True)
class Row:
    """A kind of fault.

    Attributes:
        title: What is tried.
        tries: Module and function that yields an empty text for a try that went well, else what went wrong.
        count: How many tries.
    """

    title: str
    tries: str
    count: int


ROWS = {
    "kill": Row("kill -9 at file events and at random times, then resumed", "runs.killed", 200),
    "write": Row("write errors, full disk, then resumed", "runs.write_errors", 25),
    "two": Row("two runs in one folder", "runs.two_at_once", 20),
    "stop-running": Row("Ctrl-C and SIGTERM while running", "stops.running", 32),
    "stop-starting": Row("Ctrl-C and SIGTERM during start-up", "stops.starting", 26),
    "planted": Row("code in the working directory: all names at once, by each way to start", "planted.planted", 3),
    "pictures": Row("pictures of every kind, whole and damaged", "pictures.every_kind", 562),
    "exif": Row("pictures with damaged EXIF", "pictures.damaged_exif", 3000),
    "folders": Row("people folders, changed at random", "folders.mutations", 7711),
    "folders-special": Row("people folders, changed by hand", "folders.special", 90),
    "pages": Row("texts that try to be HTML, in a page", "pages.scripts", 64),
}
OTHERS = {"judge": "judge.run", "checkpoints": "hostile.run"}
"""Whole tables of other subjects: functions that give a title, tries and failures a line."""


def main(arguments: list[str] | None = None) -> int:
    """Do the rows and write the table; how many tries failed."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__.splitlines()[0])
    rows = ", ".join([*ROWS, *OTHERS])
    parser.add_argument("rows", nargs="*", metavar="ROW[=COUNT]", help=f"{rows}; all, by their own counts, if left out")
    parser.add_argument("--keep", action="store_true", help="write no results")
    given = parser.parse_args(arguments)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = 0
    for row in given.rows or [*ROWS, *OTHERS]:
        name, _, count = row.partition("=")
        for title, tried, wrong, seconds in _do(name, int(count or 0)):
            print(f"{name:<17}{title:<84}{tried:>6} tries {wrong:>4} failures {seconds:>6.0f} s", flush=True)
            failed += wrong
            known[title] = [tried, wrong]
        if not given.keep:  # after each row, so that a stopped round keeps what it has
            RESULTS.write_text(json.dumps(known, indent=1) + "\n")
            _write_page(known)
    return failed


def _do(name: str, count: int) -> Iterator[tuple[str, int, int, float]]:
    began = time.monotonic()
    if name in OTHERS:
        if not any((place / f"{OTHERS[name].split('.')[0]}.py").exists() for place in (HERE, ROOT / "tests")):
            print(f"{name}: not here", file=sys.stderr)
            return
        for title, tried, wrong in _function(OTHERS[name])():
            yield title, tried, wrong, time.monotonic() - began
        return
    row = ROWS[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / name
        place.mkdir()
        found = list(_function(row.tries)(count or row.count, place))
    for wrong in filter(None, found):
        print(f"  {wrong}", file=sys.stderr)
    yield row.title, len(found), sum(map(bool, found)), time.monotonic() - began


def _function(name: str) -> Callable[..., Any]:
    sys.path[:0] = [p for p in (str(HERE), str(ROOT / "tests")) if p not in sys.path]
    module, function = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), function)


def _write_page(known: dict[str, list[int]]) -> None:
    lines = ["| fault | tried | failures |", "|---|---|---|"]
    lines += [f"| {title} | {tried:,} | {wrong} |" for title, (tried, wrong) in known.items()]
    before, after = PAGE.read_text(encoding="utf-8").split(MARKS[0])[0], PAGE.read_text("utf-8").split(MARKS[1])[1]
    PAGE.write_text(before + MARKS[0] + "\n" + "\n".join(lines) + "\n" + MARKS[1] + after, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(bool(main()))
