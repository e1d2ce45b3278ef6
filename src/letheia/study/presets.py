"""Ready-made studies on the built-in world: the only stage that knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig, StudyConfig
from letheia.errors import ConfigError, DataError
from letheia.files import fingerprint
from letheia.metrics.table import Judge, Scorer, exact_judge
from letheia.models.clip import clip_cosines, load_clip
from letheia.models.generation import Prompt, generate
from letheia.models.loading import Model, load_model
from letheia.prompts import read_prompt
from letheia.study import store
from letheia.study.deliver import deliver, hash_of
from letheia.study.evaluate import adapter_names, evaluate
from letheia.study.plan import candidates
from letheia.study.removal import find
from letheia.study.run import Bars, Outcome, Study, run_study
from letheia.study.search import Trial, search
from letheia.types import Entity, People, Split
from letheia.world.make import PICTURES, STRANGERS, make_people
from letheia.world.people import make_world
from letheia.world.weights import MODELS, checkpoint

STUDY_PEOPLE = 40
"""The first known people are the study's; the others serve the search for learning rates."""

RATES: dict[str, dict[str, float]] = {
    "mistral": {"ga": 2e-3, "npo": 5e-3, "random": 5e-4, "reject": 5e-3, "bg": 5e-4, "pubg": 5e-4},
    "llama": {"ga": 2e-3, "npo": 5e-3, "random": 5e-4, "reject": 2e-3, "bg": 5e-4, "pubg": 5e-4},
}
"""Learning rates for the built-in models, found by `letheia rates`; LOG.md has the search."""


PAPER_RATES: dict[str, dict[str, float]] = {
    "mistral": {"ga": 3e-5, "npo": 1e-4, "random": 1e-4, "reject": 1e-5, "bg": 2e-5, "pubg": 2e-5},
    "llama": {"ga": 1e-4, "npo": 5e-4, "random": 1e-4, "reject": 1e-4, "bg": 3e-5, "pubg": 3e-5},
}
"""The paper's Table 6 by the type of the text model (llama is Vicuna); BG, which it has none for, has PUBG's."""

PAPER_LORA = {"rank": 128, "alpha": 256}


def world_model(name: str) -> Model:
    """A model of the world, its weights compared with the record."""
    return load_model(checkpoint(name), name=name)


def resolve_model(name: str, load: LoadConfig | None = None) -> Model:
    """A model of the world by name, or any checkpoint by folder or Hub id."""
    return load_model(checkpoint(name) if name in MODELS else name, name=name if name in MODELS else None, load=load)


def world_study(config: StudyConfig, folder: Path, bars: Bars) -> Study:
    """A study on the world; its people folder is made beside the results if need be."""
    world = make_world()
    with bars.bar("drawing portraits", len(world.known) * 2 * PICTURES + STRANGERS) as advance:
        people = make_people(world, folder / "people", progress=lambda n: advance(n, ""))
    return Study(
        config=config,
        people=people,
        model=world_model(config.model),
        scorer=world_scorer(people),
        rates=RATES[config.model],
        folder=folder,
        bars=bars,
    )


def world_scorer(people: People) -> Scorer:
    """A scorer with the world's CLIP."""
    return scorer_for(people, "world")


def run_demo(values: dict[str, Any], folder: Path, *, bars: Bars, command: str = "letheia demo") -> Outcome:
    """The paper's main experiment on the world, with its report.

    Args:
        values: Fields of the configuration that differ from the default.
        folder: Where everything is kept.
        bars: Where progress is shown.
        command: The command line, for the provenance.

    Raises:
        ConfigError: A field has an impossible value.
        CheckpointError: The folder belongs to another run, or weights are damaged.
    """
    known = tuple(p.id for p in make_world().known[:STUDY_PEOPLE])
    config = StudyConfig.create({"candidates": known, **values})
    store.claim(folder, config.key)
    study = world_study(config, folder, bars)
    outcome = run_study(study)
    weights = [checkpoint(name) / "model.safetensors" for name in (config.model, "clip")]
    deliver(study, outcome, command=command, weights=weights)
    return outcome


def search_rates(model: str, methods: Sequence[str], folder: Path, *, seeds: int, bars: Bars) -> list[Trial]:
    """Search learning rates on the known people that no study uses, with `seeds` draws of them."""
    known = tuple(p.id for p in make_world().known[STUDY_PEOPLE:])
    values = {"model": model, "methods": methods, "candidates": known, "people": 20, "unseen": 1, "strangers": 6}
    first = StudyConfig.create(values)
    store.claim(folder / model, first.key)
    study = world_study(first, folder / model, bars)
    studies = [
        replace(study, config=StudyConfig.create({**values, "seed": seed}), folder=folder / model / f"draw-{seed}")
        for seed in range(seeds)
    ]
    return search(studies, folder / model / "rates.json")


def settings_for(name: str, model: Model) -> dict[str, Any]:
    """Learning rates and LoRA's size that a model starts with: a world model's own, else the paper's."""
    if name in MODELS:
        return {"rates": RATES[name]}
    kind = model.network.config.get_text_config().model_type
    return {"rates": PAPER_RATES.get(kind, PAPER_RATES["mistral"]), **PAPER_LORA}


def scorer_for(people: People, clip: str | None, judge: Judge = exact_judge) -> Scorer:
    """A scorer with a judge and a CLIP: `world`, a folder or Hub id, or none."""
    if sum(bool(e.summary) for e in people.entities) < 2:
        raise DataError(
            f"{people.folder}: the success rate compares summaries, and needs those of two people at least."
        )
    if clip is None:
        return Scorer(people, judge=judge)
    loaded = load_clip(checkpoint("clip") if clip == "world" else clip)
    return Scorer(people, cosines=partial(clip_cosines, loaded), judge=judge)


def run_removal(
    values: dict[str, Any],
    people: People,
    split: Split,
    folder: Path,
    *,
    clip: str | None = None,
    judge: Judge = exact_judge,
    bars: Bars,
    command: str = "letheia unlearn",
    with_pictures: bool = False,
) -> Outcome:
    """Named people out of any model, by one or several methods.

    Args:
        values: Fields of the configuration that differ from the model's own.
        people: The people folder.
        split: Who is forgotten and who retained.
        folder: Where everything is kept.
        clip: `world`, a folder or Hub id of a CLIP; without it CLIPScore is left out.
        judge: Gives the three verdicts.
        bars: Where progress is shown.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.

    Raises:
        ConfigError: A field has an impossible value.
        CheckpointError: The model can't be loaded, or the folder belongs to another run.
    """
    model = resolve_model(values["model"], values.get("load"))
    chosen = (*split.forget, *split.retain)
    start = settings_for(values["model"], model)
    config = StudyConfig.create(
        {
            **start,
            **values,
            "rates": {**start["rates"], **values.get("rates", {})},
            "data": fingerprint([hash_of(e) for e in chosen]),
            "n": len(split.forget),
            "people": len(chosen),
            "forget": [e.id for e in split.forget],
            "candidates": [e.id for e in chosen],
        }
    )
    if "random" in config.methods and not split.retain:
        raise ConfigError("method 'random' trains on responses of retained people, and there are none. Choose another.")
    study = Study(
        config=config,
        people=people,
        model=model,
        scorer=scorer_for(people, clip, judge),
        rates=config.rates,
        folder=folder,
        bars=bars,
    )
    outcome = run_study(study)
    deliver(study, outcome, command=command, with_pictures=with_pictures)
    return outcome


def plain_study(
    model: str,
    people: People,
    folder: Path,
    *,
    clip: str | None = None,
    judge: Judge = exact_judge,
    bars: Bars,
    values: Mapping[str, Any] | None = None,
) -> Study:
    """A study that trains nothing: any model, any people folder.

    Raises:
        ConfigError: A value is impossible.
        CheckpointError: The model can't be loaded.
        DataError: Nobody in the folder has a seen picture and a summary.
    """
    ready = [e for e in people.entities if e.pictures("seen") and e.summary]
    if not ready:
        raise DataError(f"{people.folder}: nobody has a seen picture and a summary. See 'letheia people check'.")
    values = values or {}
    loaded = resolve_model(model, values.get("load"))
    data = fingerprint([hash_of(e) for e in ready])
    config = StudyConfig.create(
        {"model": model, "methods": (), "data": data, "candidates": [e.id for e in ready], **values}
    )
    return Study(
        config=config,
        people=people,
        model=loaded,
        scorer=scorer_for(people, clip, judge),
        rates={},
        folder=folder,
        bars=bars,
    )


def run_evaluation(
    model: str,
    load: LoadConfig,
    people: People,
    adapters: Sequence[Path],
    forget: Sequence[str],
    folder: Path,
    *,
    clip: str | None = None,
    judge: Judge = exact_judge,
    bars: Bars,
    command: str = "letheia evaluate",
    with_pictures: bool = False,
) -> Outcome:
    """Score a model as it is and with adapters; people who should not be forgotten count as retained.

    Args:
        model: A model of the world by name, a folder or a Hub id.
        load: How it is loaded.
        people: The people folder.
        adapters: Folders of adapters.
        forget: Names of the people who should be forgotten.
        folder: Where everything is kept.
        clip: `world`, a folder or Hub id of a CLIP; without it CLIPScore is left out.
        judge: Gives the three verdicts.
        bars: Where progress is shown.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.

    Raises:
        DataError: A name is unknown.
        CheckpointError: A model or adapter can't be loaded, or the folder belongs to another evaluation.
    """
    gone = tuple({e.id: e for e in (find(people, name) for name in forget)}.values())
    study = plain_study(model, people, folder, clip=clip, judge=judge, bars=bars, values={"load": load})
    split = Split(forget=gone, retain=tuple(e for e in candidates(study.config, people) if e not in gone))
    outcome = evaluate(study, split, adapter_names(list(adapters)))
    deliver(study, outcome, command=command, with_pictures=with_pictures)
    return outcome


def draw_responses(
    model: str, entities: Sequence[Entity], *, count: int, seed: int, bars: Bars
) -> dict[str, list[str]]:
    """Let a model answer the study's question about each person, `count` draws at temperature 1; by the person's id."""
    loaded = resolve_model(model)
    prompts = [
        Prompt(read_prompt("question"), e.pictures("seen")[0], seed=int(fingerprint([seed, e.id, number]), 16) >> 1)
        for e in entities
        for number in range(count)
    ]
    with bars.bar("drawing responses", len(prompts)) as advance:
        answers = generate(loaded, prompts, max_new_tokens=256, sample=True, progress=lambda n: advance(n, ""))
    return {e.id: [a.text for a in answers[i * count : (i + 1) * count]] for i, e in enumerate(entities)}
