"""Studies whose answers a server gives: what it must have, and which adapters it can put in."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from letheia.engines.openai import ServerEngine, folder_name, server_engine
from letheia.errors import ConfigError
from letheia.models.adapter import servable_rank
from letheia.study.evaluate import RESERVED, adapter_names
from letheia.study.study import Study

USUAL_RANK = 16
"""Up to which rank vLLM takes adapters where it is told nothing."""


def by_server(study: Study, url: str, adapters: Sequence[Path], served: Sequence[str]) -> tuple[Study, tuple[str, ...]]:
    """The study with a server answering, and what a user should know of that.

    Args:
        study: The study; the model in this process reads what is language, and everything that needs weights.
        url: The server's address.
        adapters: Folders of adapters, each served under its name.
        served: Names of whole models there.

    Raises:
        ConfigError: It is no address, or two would be called the same.
        ClientError: Nobody is there, or it lacks a model.
        CheckpointError: An adapter changes more than a server would put in.
    """
    named = adapter_names(list(adapters))
    called = [*named, *RESERVED]
    for name in served:
        if folder_name(name) in called:
            raise ConfigError(
                f"--served {name}: another model or a folder is called so. Serve the model under another name."
            )
        called.append(folder_name(name))
    ranks = {name: servable_rank(study.model, folder) for name, folder in named.items()}
    engine = server_engine(url, study.config.model, [*named, *served], study.folder)
    return replace(study, engine=engine), tuple(_notices(engine, ranks))


def _notices(engine: ServerEngine, ranks: dict[str, int]) -> list[str]:
    told: list[str] = []
    if not engine.begins:
        told.append("the server does not go on with begun answers; what asks so does not fit and is left out.")
    rank = max(ranks.values(), default=0)
    if rank > USUAL_RANK:
        told.append(f"adapters of rank {rank}: vLLM must be started with --max-lora-rank {rank} or more.")
    return told
