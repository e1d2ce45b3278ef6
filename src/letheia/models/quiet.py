"""Keep the libraries' own notices and progress bars off the user's terminal."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from letheia.errors import CheckpointError, LetheiaError, first_line


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence transformers, huggingface_hub and warnings inside, and restore everything after."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
    from transformers.utils import logging as transformers_logging

    level, hub = transformers_logging.get_verbosity(), are_progress_bars_disabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    disable_progress_bars()
    root = logging.getLogger("huggingface_hub")
    root_level = root.level
    root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers_logging.set_verbosity(level)
        root.setLevel(root_level)
        if not hub:
            enable_progress_bars()


@contextlib.contextmanager
def one_line_errors(place: str | Path) -> Iterator[None]:
    """What the libraries raise on a user's file, in one line; their notices are kept off the terminal.

    Args:
        place: The file or the checkpoint that is being read.

    Raises:
        CheckpointError: Whatever it was.
    """
    with quiet_libraries():
        try:
            yield
        except (LetheiaError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of tokenizers is no Exception
            raise CheckpointError(f"{place}: can't be loaded ({first_line(error)}).") from error
