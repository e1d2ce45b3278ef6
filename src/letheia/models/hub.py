"""Whether a checkpoint of the Hub can be had at all: asked once, before the libraries ask many times over."""

import os
from pathlib import Path

from letheia.errors import CheckpointError, first_line
from letheia.models.quiet import quiet_libraries

PATIENCE = 5.0
"""Seconds that the Hub has for its first answer."""


def check_reachable(source: str | Path, revision: str | None = None) -> None:
    """Make sure that a Hub id's files are here already, or that the Hub answers.

    Args:
        source: Folder or Hub id; nothing is asked about a folder.
        revision: Branch, tag or commit.

    Raises:
        CheckpointError: Neither; with what to do.
    """
    if Path(source).is_dir():
        return
    from huggingface_hub import constants, try_to_load_from_cache
    from huggingface_hub.utils import get_session

    if isinstance(try_to_load_from_cache(str(source), "config.json", revision=revision), str):
        return
    help = (
        "Set HF_ENDPOINT to a mirror that can be reached, or fetch the checkpoint elsewhere "
        f"('hf download {source} --local-dir FOLDER') and give its folder."
    )
    if constants.HF_HUB_OFFLINE:
        raise CheckpointError(f"{source}: is not on this machine, and HF_HUB_OFFLINE is set. {help}")
    place = os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")
    with quiet_libraries():
        try:
            get_session().head(f"{place}/{source}/resolve/{revision or 'main'}/config.json", timeout=PATIENCE)
        except Exception as error:  # of an HTTP library that is the Hub's own choice
            raise CheckpointError(f"{source}: {place} can't be reached ({first_line(error)}). {help}") from error
