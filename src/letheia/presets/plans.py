"""What ready-made studies consist of, as values: a wrong setting is told before anything large is imported."""

from collections.abc import Mapping
from typing import Any

from letheia.config import LoadConfig, StudyConfig, agree, merged
from letheia.data.folder import hash_of
from letheia.errors import ConfigError, unknown
from letheia.files import fingerprint
from letheia.grid.grid import Cell, GridConfig, parted, plan_grid
from letheia.methods.paper import ANSWER_LIMIT, LORA, PAPER_MODELS
from letheia.methods.rates import WORLD_RATES, rates_for
from letheia.study.plan import all_there, in_neither
from letheia.types import People
from letheia.world.people import make_world

STUDY_PEOPLE = 40
"""The first known people of the world are the study's; the others serve the search for learning rates."""
DRAWN = 25  # recognised people the paper draws (C.1)


def demo_config(values: Mapping[str, Any]) -> StudyConfig:
    """The settings of the paper's main experiment on the world.

    Args:
        values: Fields that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    config = StudyConfig.create(merged({"candidates": known, "clip": "world"}, values))
    by_labels(config)
    all_there("candidates", config.candidates or (), known)
    all_there("forget", config.forget, known)
    own = of_world(config.model, config.clip)
    agree(values, own)
    return StudyConfig.create(merged(own, config.model_dump()))


def of_world(model: str, clip: str | None) -> dict[str, Any]:
    """What the settings of a model of the world have: the rates that were found for it, and its files' fingerprints.

    Raises:
        ConfigError: There is no such model.
    """
    if model not in WORLD_RATES:
        raise unknown("model", model, WORLD_RATES)
    from letheia.models.shipped import checkpoint
    from letheia.models.weight_files import content_key

    keys = {"weights": content_key(checkpoint(model)), "clip_weights": ""}
    if clip == "world":  # without CLIP's libraries, which a plan does not want
        keys["clip_weights"] = content_key(checkpoint("clip"))
    elif clip:
        from letheia.models.clip import clip_key

        keys["clip_weights"] = clip_key(clip)
    return {"rates": WORLD_RATES[model], **keys}


def plan_world_grid(values: Mapping[str, Any]) -> list[Cell]:
    """The paper's whole study on the world, cell by cell.

    Args:
        values: Fields of `GridConfig`, and of every cell's settings, that differ from the default.

    Raises:
        ConfigError: A field has an impossible value.
    """
    spans, common = parted(values)
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    settings = merged({"candidates": known, "clip": "world"}, common)
    config = StudyConfig.check(settings)
    by_labels(config)
    return plan_grid(GridConfig.create(spans), settings, lambda model: of_world(model, config.clip))


def by_labels(config: StudyConfig) -> None:
    """Whether answers are judged exactly, as all of the world's are.

    Raises:
        ConfigError: Another judge was asked for.
    """
    if config.judge != "exact":
        raise ConfigError(f"judge: '{config.judge}' can't judge the world's answers, whose labels are counted.")


def plan_paper(name: str, values: Mapping[str, Any], people: People | None, *, planned: bool = False) -> list[Cell]:
    """The cells of one of the paper's studies.

    Args:
        name: Name of the preset.
        values: Fields of `GridConfig`, and of every cell's settings, that differ from the paper's.
        people: The people folder; none for a plan without one.
        planned: Leave out what only the model's files tell.

    Raises:
        ConfigError: A field has an impossible value, or there are too few people.
    """
    preset = PAPER_MODELS[name]
    spans, common = parted(values)
    grid = GridConfig.create({"models": (preset.model,), "seeds": 1, **spans})
    if people and len(people.pictured) < DRAWN:
        raise ConfigError(
            f"{people.folder}: has {len(people.pictured)} people with seen and unseen pictures, a summary and "
            f"responses; the paper draws {DRAWN}. Add people, or remove named ones with 'letheia unlearn'."
        )
    scoring = {"judge": preset.judge, "clip": preset.clip}
    settings = merged(LORA, {"people": DRAWN, "max_new_tokens": ANSWER_LIMIT}, scoring, common)
    if people:
        beside = in_neither(people, people.pictured) if StudyConfig.check(common).bystanders else ()
        settings["data"] = fingerprint([hash_of(e) for e in (*people.pictured, *beside)])
        agree(common, settings)

    def own(model: str) -> dict[str, Any]:
        rates = {"rates": rates_for(preset.text_model)}
        if planned:
            return rates
        from letheia.models.clip import clip_key
        from letheia.models.shipped import resolve_model, weights_key
        from letheia.study.build import clip_source

        clip = StudyConfig.check(settings).clip
        shapes = resolve_model(model, LoadConfig.create(settings.get("load", {})), planned=True)
        return {
            **rates,
            "weights": weights_key(model, shapes),
            "clip_weights": clip_key(clip_source(clip)) if clip else "",
        }

    return plan_grid(grid, settings, own)
