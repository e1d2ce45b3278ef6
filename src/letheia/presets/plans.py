"""What ready-made studies consist of, as values: a wrong setting is told before anything large is imported."""

from typing import Any

from letheia.config import LoadConfig, StudyConfig
from letheia.data.folder import hash_of
from letheia.errors import ConfigError, unknown
from letheia.files import fingerprint
from letheia.grid.grid import Cell, GridConfig, plan_grid
from letheia.methods.paper import ANSWER_LIMIT, LORA, PAPER_MODELS
from letheia.methods.rates import WORLD_RATES, rates_for
from letheia.types import People
from letheia.world.people import make_world

STUDY_PEOPLE = 40
"""The first known people of the world are the study's; the others serve the search for learning rates."""
DRAWN = 25  # recognised people the paper draws (C.1)


def demo_config(values: dict[str, Any]) -> StudyConfig:
    """The settings of the paper's main experiment on the world.

    Args:
        values: Fields that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    return StudyConfig.create({"candidates": known, **values})


def plan_world_grid(values: dict[str, Any]) -> list[Cell]:
    """The paper's whole study on the world, cell by cell.

    Args:
        values: Fields of `GridConfig` that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    for name in values.get("models", ()):
        if name not in WORLD_RATES:
            raise unknown("model", name, WORLD_RATES)
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    return plan_grid(GridConfig.create(values), {"candidates": known}, WORLD_RATES)


def plan_paper(name: str, values: dict[str, Any], people: People | None, load: LoadConfig) -> list[Cell]:
    """The cells of one of the paper's studies.

    Args:
        name: Name of the preset.
        values: Fields of `GridConfig` that differ from the paper's.
        people: The people folder; none for a plan without one.
        load: How the model is loaded.

    Raises:
        ConfigError: A field has an impossible value, or there are too few people.
    """
    preset = PAPER_MODELS[name]
    grid = GridConfig.create({"models": (preset.model,), "seeds": 1, "max_new_tokens": ANSWER_LIMIT, **values})
    if people and len(people.pictured) < DRAWN:
        raise ConfigError(
            f"{people.folder}: has {len(people.pictured)} people with seen and unseen pictures, a summary and "
            f"responses; the paper draws {DRAWN}. Add people, or remove named ones with 'letheia unlearn'."
        )
    data = fingerprint([hash_of(e) for e in people.pictured]) if people else ""
    base = {**LORA, "load": load, "data": data}
    rates = dict.fromkeys(grid.models, rates_for(preset.text_model))
    return plan_grid(grid, base, rates, people=DRAWN)
