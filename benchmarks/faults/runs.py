"""Removals that are killed, meet write errors, or are started twice: in the end stands what one clean run leaves.

Python and its libraries are loaded once; each run is a fork of that process, so that hundreds can be tried. A fork
kills itself, or is given an error, at one of its file events: opening to write, making, moving or removing.
"""

import contextlib
import errno
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from folders import write_folder

import families
from letheia.cli.app import run

_PREPARED = tempfile.TemporaryDirectory()
KEYED = ("removal.key", "README.md", "report.html")  # by a random secret on purpose
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}
SENTENCES = ("This is Una Varga, a poet.", "Bram Okonjo is a pilot born in 1951.", "The person has red hair.")


@dataclass(frozen=True)
class End:
    """How a run ended: its exit code, or minus the signal; and what it printed as errors."""

    code: int
    errors: str


@dataclass(frozen=True)
class Setting:
    """What all runs share."""

    people: Path
    model: Path
    clean: dict[str, bytes]
    events: int
    seconds: float


@cache
def prepare() -> Setting:
    """Write people and a tiny model, and do one clean removal, counting its file events; once a process."""
    folder = Path(_PREPARED.name)
    people, model = write_folder(folder / "people", 3), folder / "model"
    torch.manual_seed(0)
    model.mkdir()
    families.make("llava", model, list(SENTENCES) * 12)
    setting = Setting(people, model, {}, 0, 0.0)
    counts: list[float] = []
    for name in ("first", "second"):  # the first also loads what is loaded late
        began, place = time.monotonic(), folder / name
        end = wait(start(setting, place, lambda n, _place=place: (_place / "events").write_text(str(n))), place)
        assert end.code == 0, end
        counts = [int((place / "events").read_text()), time.monotonic() - began]
    return Setting(people, model, tree(folder / "second" / "run"), int(counts[0]), counts[1])


def start(setting: Setting, place: Path, at_event: Callable[[int], object] = lambda n: None) -> int:
    """Fork a removal in a folder of its own; `at_event` is called before each change of a file below it."""
    place.mkdir(parents=True, exist_ok=True)
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.chdir(place)
        out = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        _watch(place, at_event)
        sys.argv = ["letheia", "unlearn", "--people", str(setting.people), "--forget", "p0", "--model",
                    str(setting.model), "--method", "npo", "--method", "ga", "--steps", "4", "--rank", "2", "--alpha",
                    "4", "--max-new-tokens", "8", "--force", "--output", "run"]  # fmt: skip
        run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException as error:
        print(f"Traceback: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _watch(place: Path, at_event: Callable[[int], object]) -> None:
    root, count, inside = str(place / "run"), 0, False

    def audit(event: str, values: tuple[object, ...]) -> None:
        nonlocal count, inside
        if inside or not values or not isinstance(values[0], (str, os.PathLike)):
            return
        writes = event == "open" and isinstance(values[2], int) and values[2] & (os.O_WRONLY | os.O_RDWR)
        if (writes or event in CHANGES) and os.path.abspath(values[0]).startswith(root):
            count += 1
            inside = True
            try:
                at_event(count)
            finally:
                inside = False

    sys.addaudithook(audit)


def wait(child: int, place: Path) -> End:
    """How a fork ended."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return End(code, (place / "output").read_text(errors="replace"))


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name."""
    return {
        str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file() and f.name not in KEYED
    }


def again(setting: Setting, place: Path, what: str) -> str:
    """Give the same command once more: it must end well, and leave what a clean run leaves."""
    end = wait(start(setting, place), place)
    if end.code:
        return f"{what}: then exit {end.code}, {end.errors[-300:]}"
    found = tree(place / "run")
    other = sorted(n for n in {*found, *setting.clean} if found.get(n) != setting.clean.get(n))
    return f"{what}: other files {other[:3]}" if other else ""


def killed(count: int, folder: Path) -> Iterator[str]:
    """kill -9 at file events over the whole run, then at random times; one in three once more while it goes on."""
    setting, rng = prepare(), random.Random(0)
    spread = min(setting.events, 1 + 2 * count // 3)
    for i in range(count):
        place = folder / "killed"
        shutil.rmtree(place, ignore_errors=True)
        for event in (1 + i * setting.events // spread if i < spread else 0, *([0] if rng.random() < 0.3 else [])):
            what = f"killed at event {event}" if event else "killed at a random time"
            child = start(setting, place, lambda n, e=event: os.kill(os.getpid(), signal.SIGKILL) if n == e else None)
            if not event:
                time.sleep(rng.random() * setting.seconds)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            wait(child, place)
        yield again(setting, place, what)


def write_errors(count: int, folder: Path) -> Iterator[str]:
    """A full disk at file events spread over the run, and files that may not grow beyond some sizes."""
    setting = prepare()
    sizes = (5_000, 10_000, 20_000, 50_000, 100_000)
    for i in range(count):
        place = folder / "full"
        shutil.rmtree(place, ignore_errors=True)
        if i < len(sizes):
            what = f"files of {sizes[i]} bytes at most"
            child = start(setting, place, _limited(sizes[i]))
        else:
            event = 1 + (i - len(sizes)) * setting.events // max(1, count - len(sizes))
            what = f"full disk at event {event}"
            child = start(setting, place, lambda n, e=event: _full() if n == e else None)
        end = wait(child, place)
        last = end.errors.strip().splitlines()[-1:] or [""]
        told = end.code == 2 and last[0].startswith("letheia: ") and "Traceback" not in end.errors
        yield again(setting, place, what) if told or end.code == 0 else f"{what}: exit {end.code}, {end.errors[-300:]}"


def _full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _limited(size: int) -> Callable[[int], object]:
    def limit(event: int) -> None:
        if event == 1:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return limit


def two_at_once(count: int, folder: Path) -> Iterator[str]:
    """The same command twice in one folder: one does it, the other is refused in one line, or comes after."""
    setting, rng = prepare(), random.Random(0)
    for i in range(count):
        place = folder / "twice"
        shutil.rmtree(place, ignore_errors=True)
        first = start(setting, place)
        time.sleep(rng.random() * setting.seconds * (i % 2))
        second = start(setting, place)  # prints into the same file
        ends = [wait(child, place) for child in (first, second)]
        refused = [line for line in ends[1].errors.splitlines() if line.startswith("letheia: ")]
        codes = sorted(end.code for end in ends)
        if codes not in ([0, 0], [0, 2]) or "Traceback" in ends[1].errors:
            yield f"pair {i}: exits {codes}, {ends[1].errors[-300:]}"
        elif codes[1] and not (len(refused) == 1 and "another letheia process" in refused[0]):
            yield f"pair {i}: says {refused}"
        else:
            yield again(setting, place, f"pair {i}")
