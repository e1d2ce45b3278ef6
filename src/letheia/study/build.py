"""Studies are built here: the settings, the model and the scorer that belong together."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig, StudyConfig, agree, merged
from letheia.data.folder import hash_of
from letheia.data.targets import needs_others
from letheia.engines.table import engine_for
from letheia.errors import ConfigError, DataError
from letheia.files import fingerprint
from letheia.methods.paper import LORA
from letheia.methods.rates import WORLD_RATES, rates_for
from letheia.methods.table import method
from letheia.metrics.names import find
from letheia.metrics.scorer import Scorer
from letheia.metrics.table import Judge, exact_judge
from letheia.models.clip import clip_cosines, clip_key, load_clip
from letheia.models.model import Model
from letheia.models.shipped import checkpoint, resolve_model, weights_key
from letheia.progress import Bars
from letheia.study.budget import within_memory
from letheia.study.plan import candidates, check_scope, in_neither
from letheia.study.study import Study
from letheia.types import Entity, People, Split

NO_BYSTANDERS = {"bystanders": 0}
"""Where nobody can be one, a study is the same as one that asks about none."""


def build(
    config: StudyConfig, people: People, model: Model, scorer: Scorer, *, engine: str = "own", folder: Path, bars: Bars
) -> Study:
    """A study of parts that are there: the only place that makes one.

    Args:
        config: The settings.
        people: The people folder.
        model: The base model, or one that is planned.
        scorer: Scores answers.
        engine: Who answers questions with the model; a row of `ENGINES`.
        folder: Where everything is kept.
        bars: Where progress is shown.

    Raises:
        ConfigError: There is no such engine.
    """
    return Study(
        config=config,
        people=people,
        model=model,
        engine=engine_for(model, engine),
        scorer=scorer,
        rates={**start_rates(config.model, model), **config.rates},
        folder=folder,
        bars=bars,
    )


def start_rates(name: str, model: Model) -> dict[str, float]:
    """Learning rates by method: those found for a built-in model, else the paper's for its type of text model."""
    return WORLD_RATES.get(name) or rates_for(model.network.config.get_text_config().model_type)


def scorer_for(people: People, clip: str | None, judge: Judge = exact_judge) -> Scorer:
    """A scorer with a judge and a CLIP: `world`, a folder or Hub id, or none."""
    if clip is None:
        return Scorer(people, judge=judge)
    if people.asked_by == "question":
        raise ConfigError(
            "--clip: CLIPScore compares answers with pictures, and the model has no vision. Leave it out."
        )
    loaded = load_clip(clip_source(clip))
    return Scorer(people, cosines=partial(clip_cosines, loaded), judge=judge)


def clip_source(clip: str) -> str | Path:
    """Where a CLIP lies: the world's by name, else the folder or Hub id itself."""
    return checkpoint("clip") if clip == "world" else clip


def settings_for(name: str, model: Model) -> dict[str, Any]:
    """What a removal starts with: its rates, and for other than built-in models the paper's LoRA, length, checks."""
    start: dict[str, Any] = {"rates": start_rates(name, model)}
    return start if name in WORLD_RATES else merged(start, LORA, length_for(name, model), {"checked": True})


def length_for(name: str, model: Model) -> dict[str, Any]:
    """The length limit of a model's answers; those of the world keep the settings' own."""
    return {} if name in WORLD_RATES else {"max_new_tokens": model.answer_limit}


def removal_study(
    values: dict[str, Any],
    people: People,
    split: Split,
    folder: Path,
    *,
    judge: Judge = exact_judge,
    bars: Bars,
    planned: bool = False,
    anyway: bool = False,
) -> Study:
    """Named people out of any model, by one or several methods.

    Args:
        values: Fields of the configuration that differ from the model's own.
        people: The people folder.
        split: Who is forgotten and who retained.
        folder: Where everything is kept.
        judge: Gives the three verdicts.
        bars: Where progress is shown.
        planned: Leave the model's weights and CLIP out, for a forecast.
        anyway: Start although the plan needs more memory than is free.

    Raises:
        ConfigError: A field has an impossible value, or there is too little memory.
        CheckpointError: The model can't be loaded.
    """
    name = values.get("model", "mistral")
    check_scope(StudyConfig.check(values), people)
    if not planned and name not in WORLD_RATES:  # before the weights take what there is
        sketch = removal_study(values, people, split, folder, bars=bars, planned=True)
        values = merged(values, {"train": {"recompute": within_memory(sketch, split, anyway=anyway).train.recompute}})
    model = resolve_model(name, LoadConfig.create(values.get("load", {})), planned=planned)
    chosen = (*split.forget, *split.retain)
    start = settings_for(name, model)
    who = {
        "n": len(split.forget),
        "people": len(chosen),
        "forget": [e.id for e in split.forget],
        "candidates": [e.id for e in chosen],
    }
    seen = {"seen": max(len(e.pictures("seen")) for e in chosen)}
    beside = _beside(values, people, chosen)
    made_of = _made_of(values, (*chosen, *beside), model, planned=planned)
    config = StudyConfig.create(merged(start, seen, values, made_of, who, {} if beside else NO_BYSTANDERS))
    lone = next((name for name in config.methods if needs_others(method(name))), None)
    if lone and not split.retain:
        raise ConfigError(
            f"method '{lone}' trains on responses of retained people, and there are none. Choose another."
        )
    scorer = scorer_for(people, None if planned else config.clip, judge)
    return build(config, people, model, scorer, folder=folder, bars=bars)


def _beside(values: Mapping[str, Any], people: People, chosen: Sequence[Entity]) -> tuple[Entity, ...]:
    """Who may be asked about as a bystander."""
    return in_neither(people, chosen) if StudyConfig.check(values).bystanders else ()


def _made_of(values: Mapping[str, Any], people: Sequence[Entity], model: Model, *, planned: bool) -> dict[str, str]:
    """What a study's numbers rest on beside its settings: people's texts and pictures, the model's and CLIP's files.

    Raises:
        ConfigError: The settings are of a run on others.
    """
    made_of = {"data": fingerprint([hash_of(e) for e in sorted(people, key=lambda e: e.id)])}
    if not planned:
        clip = StudyConfig.check(values).clip
        made_of["weights"] = weights_key(values.get("model", "mistral"), model)
        made_of["clip_weights"] = clip_key(clip_source(clip)) if clip else ""
    agree(values, made_of)
    return made_of


def plain_study(
    values: Mapping[str, Any],
    people: People,
    folder: Path,
    *,
    judge: Judge = exact_judge,
    bars: Bars,
    planned: bool = False,
    keyed: bool = False,
) -> Study:
    """A study that trains nothing: any model, any people folder.

    Args:
        values: Fields of the configuration that differ from the model's own.
        people: The people folder.
        folder: Where everything is kept.
        judge: Gives the three verdicts.
        bars: Where progress is shown.
        planned: Leave the model's weights and CLIP out.
        keyed: Take their files' fingerprints all the same, so that the study's key is that of one with weights.

    Raises:
        ConfigError: A value is impossible.
        CheckpointError: The model can't be loaded.
        DataError: Nobody in the folder has a seen picture and a summary.
    """
    check_scope(StudyConfig.check({**values, "methods": ()}), people)
    wanted = values.get("candidates")
    ready = [e for e in people.entities if e.pictures("seen") and e.summary and (wanted is None or e.id in wanted)]
    if not ready:
        raise DataError(f"{people.folder}: nobody has a seen picture and a summary. See 'letheia people check'.")
    model = values.get("model", "mistral")
    loaded = resolve_model(model, LoadConfig.create(values.get("load", {})), planned=planned)
    beside = _beside(values, people, ready)
    made_of = _made_of(values, (*ready, *beside), loaded, planned=planned and not keyed)
    who = {"methods": (), "forget": (), "candidates": [e.id for e in ready]}
    settings = merged(length_for(model, loaded), values, who, made_of, {} if beside else NO_BYSTANDERS)
    config = StudyConfig.check(settings) if values.get("forget") else StudyConfig.create(settings)
    scorer = scorer_for(people, None if planned else config.clip, judge)
    return build(config, people, loaded, scorer, folder=folder, bars=bars)


def evaluation_split(study: Study, forget: Sequence[str]) -> Split:
    """The named people as those who should be forgotten; everybody else counts as retained.

    Raises:
        DataError: A name is unknown.
    """
    gone = tuple({e.id: e for e in (find(study.people, name) for name in forget)}.values())
    ids = {e.id for e in gone}
    return Split(forget=gone, retain=tuple(e for e in candidates(study.config, study.people) if e.id not in ids))
