"""Every engine, one row each: its name, and how it is made for a model."""

from collections.abc import Callable

from letheia.engines.base import Engine
from letheia.engines.own import OwnEngine
from letheia.errors import pick
from letheia.models.model import Model

ENGINES: dict[str, Callable[[Model], Engine]] = {"own": OwnEngine}


def engine_for(model: Model, name: str = "own") -> Engine:
    """The engine of that name, for a base model: with its weights, or planned without them.

    Raises:
        ConfigError: There is none; the nearest is suggested.
    """
    return pick("engine", name, ENGINES)(model)
