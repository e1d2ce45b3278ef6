"""Experiment trackers: a finished run is told to one of them, and only to one that was named.

What is told: settings, each term of a method's loss by step, and the means of `results.json`. No names, texts or
pictures of people.
"""

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from letheia.errors import ConfigError, pick
from letheia.files import read_jsonl
from letheia.metrics.results import read_results

Log = Callable[[Mapping[str, float], int], None]
"""Tells numbers of a step."""
PROJECT = "letheia"
SILENT = {
    "console": "off",
    "disable_code": True,
    "disable_git": True,
    "host": "unnamed",
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}
"""What Weights & Biases is told not to send, which it would by itself: the command line, which names people, what the
terminal shows, the machine, its folders and its packages."""


@contextmanager
def _hosted(
    kind: str, folder: Path, method: str, settings: Mapping[str, Any], *, quiet: Mapping[str, Any] | None = None
) -> Iterator[Log]:
    """Weights & Biases and trackio, which are called in the same way."""
    module = importlib.import_module(kind)
    module.init(project=PROJECT, name=f"{folder.name}/{method}", config=dict(settings), **(quiet or {}))
    try:
        yield lambda values, step: module.log(dict(values), step=step)
    finally:
        module.finish()


@contextmanager
def _tensorboard(kind: str, folder: Path, method: str, settings: Mapping[str, Any]) -> Iterator[Log]:
    """TensorBoard's files in the run's folder; nothing goes online."""
    from torch.utils.tensorboard import SummaryWriter  # pyright: ignore[reportPrivateImportUsage]

    with SummaryWriter(str(folder / kind / method)) as writer:
        writer.add_text("settings", str(dict(settings)))

        def log(values: Mapping[str, float], step: int) -> None:
            for name, value in values.items():
                writer.add_scalar(name, value, step)

        yield log


TRACKERS = {"trackio": _hosted, "wandb": partial(_hosted, quiet={"settings": SILENT}), "tensorboard": _tensorboard}
"""Every tracker, one row each."""


def check_tracker(kind: str) -> None:
    """Make sure that a tracker is known and installed, before anything is trained.

    Raises:
        ConfigError: It is not.
    """
    pick("tracker", kind, TRACKERS)
    if importlib.util.find_spec(kind) is None:
        raise ConfigError(f"--track {kind}: is not installed. pip install 'letheia[{kind}]'.")


def track(kind: str, folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Tell a tracker what a finished run has done.

    Args:
        kind: A row of `TRACKERS`.
        folder: The run's folder.
        settings: What each method was trained with, by its name.
    """
    rows = read_results(folder / "results.json")
    for method, chosen in settings.items():
        steps = list(read_jsonl(folder / method / "history.jsonl"))
        mine = [r for r in rows if r.method == method and r.mean is not None]
        with TRACKERS[kind](kind, folder, method, chosen) as log:
            for row in steps:
                log({f"train/{name}": value for name, value in row.items() if name != "step"}, row["step"])
            log({r.place.key: r.mean for r in mine if r.mean is not None}, len(steps))
