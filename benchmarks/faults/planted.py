"""Code that lies in the working directory, under names that Letheia and its libraries import: none of it runs."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OTHERS = ("typer", "rich", "torch", "transformers", "peft", "PIL", "numpy", "yaml", "pydantic", "datasets", "letheia")
BEFORE_US = {
    "importlib", "runpy", "letheia", "warnings", "contextlib", "collections", "functools", "keyword", "operator",
    "reprlib",
    "types", "heapq", "itertools",
}  # fmt: skip
"""What `python -m` itself looks for in the working directory, before Letheia's first line; `letheia` does not."""


def planted(count: int, folder: Path) -> Iterator[str]:
    """Every module of the standard library and of Letheia's libraries, by console script, by `-m` and in a child."""
    marker = folder / "ran"
    names = [n for n in (*sorted(sys.stdlib_module_names), *OTHERS) if not n.startswith("__")]
    script = Path(sys.executable).with_name("letheia")
    child = "import os; os.environ['PYTHONSAFEPATH'] = '1'; import multiprocessing as m; " \
            "m.get_context('spawn').Process(target=print).run()"  # fmt: skip
    ways = {
        "letheia": ([str(script), "doctor"], set[str]()),
        "python -m letheia": ([sys.executable, "-m", "letheia", "doctor"], BEFORE_US),
        "a child process": ([sys.executable, "-P", "-c", child], set[str]()),
    }
    for way, (command, left_out) in list(ways.items())[:count]:
        place = folder / way.replace(" ", "-")
        place.mkdir()
        for name in names:
            if name not in left_out:
                (place / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r} + ' ')\n")
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        ran = marker.read_text() if marker.exists() else ""
        marker.unlink(missing_ok=True)
        yield f"{way}: ran {ran}" if ran else "" if done.returncode == 0 else f"{way}: {done.stderr[-200:]}"
