"""Studies on a user's own people, with any model: a removal request, an evaluation, a probe."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig, StudyConfig
from letheia.data.folder import read_people
from letheia.data.wordings import in_words
from letheia.errors import ConfigError, DataError
from letheia.files import fingerprint, holding
from letheia.metrics.names import find
from letheia.metrics.table import Judge, exact_judge
from letheia.models.loading import read_family
from letheia.models.model import Model
from letheia.progress import Bars
from letheia.prompts import read_prompt
from letheia.study import store
from letheia.study.auto import with_found_rates
from letheia.study.budget import within_memory
from letheia.study.deliver import deliver, hash_of
from letheia.study.evaluate import adapter_names, evaluate
from letheia.study.knowledge import check, unknown
from letheia.study.paper import LORA, rates_for
from letheia.study.plan import ORIGINAL, candidates
from letheia.study.presets import RATES, resolve_model, scorer_for, weight_files, weights_key
from letheia.study.run import Outcome, Study, known_by, original_answers, prepare, run_study
from letheia.study.verdict import verdict
from letheia.types import People, Split


def settings_for(name: str, model: Model) -> dict[str, Any]:
    """What a removal starts with: a world model's own rates; for others the paper's, its LoRA, length, checks."""
    if name in RATES:
        return {"rates": RATES[name]}
    rates = rates_for(model.network.config.get_text_config().model_type)
    return {"rates": rates, **LORA, **length_for(name, model), "checked": True}


def length_for(name: str, model: Model) -> dict[str, Any]:
    """The length limit of a model's answers; those of the world keep the settings' own."""
    return {} if name in RATES else {"max_new_tokens": model.answer_limit}


def people_for(folder: Path, model: str, load: LoadConfig) -> People:
    """Read a people folder for a model; one without vision is asked in words, and needs no pictures.

    Args:
        folder: The people folder.
        model: A model of the world by name, a folder or a Hub id.
        load: How it is loaded.

    Raises:
        CheckpointError: The model's family is unknown.
        DataError: Something in the folder is wrong, or nobody in it can be asked about.
    """
    people = read_people(folder)
    if model in RATES or read_family(model, load).vision:
        return people
    asked = in_words(people, read_prompt("wordings").splitlines())
    if asked.asked_by == "picture":
        raise DataError(
            f"{folder}: nobody has a summary, and a model without vision is asked about people by name and scored by "
            "it. 'letheia people summaries' fetches some."
        )
    return asked


def removal_study(
    values: dict[str, Any],
    people: People,
    split: Split,
    folder: Path,
    *,
    clip: str | None = None,
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
        clip: `world`, a folder or Hub id of a CLIP; without it CLIPScore is left out.
        judge: Gives the three verdicts.
        bars: Where progress is shown.
        planned: Leave the model's weights out, for a forecast.
        anyway: Start although the plan needs more memory than is free.

    Raises:
        ConfigError: A field has an impossible value, or there is too little memory.
        CheckpointError: The model can't be loaded.
    """
    if not planned and values["model"] not in RATES:  # before the weights take what there is
        sketch = removal_study(values, people, split, folder, bars=bars, planned=True)
        values = {**values, "recompute": within_memory(sketch, split, anyway=anyway).recompute}
    model = resolve_model(values["model"], values.get("load"), planned=planned)
    chosen = (*split.forget, *split.retain)
    start = settings_for(values["model"], model)
    config = StudyConfig.create(
        {
            **start,
            "seen": max(len(e.pictures("seen")) for e in chosen),
            **values,
            "rates": {**start["rates"], **values.get("rates", {})},
            "data": fingerprint([hash_of(e) for e in chosen]),
            "weights": "" if planned else weights_key(values["model"], model),
            "n": len(split.forget),
            "people": len(chosen),
            "forget": [e.id for e in split.forget],
            "candidates": [e.id for e in chosen],
        }
    )
    if "random" in config.methods and not split.retain:
        raise ConfigError("method 'random' trains on responses of retained people, and there are none. Choose another.")
    return Study(
        config=config,
        people=people,
        model=model,
        scorer=scorer_for(people, clip, judge),
        rates=config.rates,
        folder=folder,
        bars=bars,
    )


def plain_study(
    model: str,
    people: People,
    folder: Path,
    *,
    clip: str | None = None,
    judge: Judge = exact_judge,
    bars: Bars,
    values: Mapping[str, Any] | None = None,
    planned: bool = False,
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
    loaded = resolve_model(model, values.get("load"), planned=planned)
    made_of = {
        "data": fingerprint([hash_of(e) for e in ready]),
        "weights": "" if planned else weights_key(model, loaded),
    }
    config = StudyConfig.create(
        {
            **length_for(model, loaded),
            "model": model,
            "methods": (),
            **made_of,
            "candidates": [e.id for e in ready],
            **values,
        }
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


def run_removal(
    study: Study,
    *,
    command: str,
    with_pictures: bool = False,
    force: bool = False,
    budget: int = 0,
    least: float = 0.8,
) -> Outcome:
    """Do a removal and hand over adapters, report and cards.

    Args:
        study: What `removal_study` made.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.
        force: Train though the model knows nobody of those to forget.
        budget: Trainings a method may take to find its learning rate; 0 to take the rates as they are.
        least: Share of the kept people who must still be kept by a rate that is found.

    Raises:
        CheckpointError: The folder belongs to another run.
        DataError: The model knows nobody of those to forget.
    """
    with holding(study.folder):
        prepared = prepare(study)
        known = known_by(study, original_answers(study, prepared.asked))
        check(prepared.split, known, force=force)
        strange = tuple(unknown(prepared.split, known))
        for line in strange:
            print(line, file=sys.stderr)
        if budget:
            study = with_found_rates(study, budget=budget, least=least)
        outcome = run_study(study)
        scores = {name: store.read_scores(study.folder / name / "scores.jsonl") for name in outcome.answers}
        verdicts = tuple(
            verdict(name, outcome.split, outcome.answers[name], scores[name], scores[ORIGINAL])
            for name in study.config.methods
        )
        outcome = replace(outcome, verdicts=verdicts, notes=strange)  # verdicts say who is still known
        weights = weight_files(study.config.model)
        deliver(study, outcome, command=command, weights=weights, with_pictures=with_pictures)
    return outcome


def evaluation_split(study: Study, forget: Sequence[str]) -> Split:
    """The named people as those who should be forgotten; everybody else counts as retained.

    Raises:
        DataError: A name is unknown.
    """
    gone = tuple({e.id: e for e in (find(study.people, name) for name in forget)}.values())
    ids = {e.id for e in gone}
    return Split(forget=gone, retain=tuple(e for e in candidates(study.config, study.people) if e.id not in ids))


def run_evaluation(
    study: Study, split: Split, adapters: Sequence[Path], *, command: str, with_pictures: bool = False
) -> Outcome:
    """Score a model as it is and with adapters.

    Args:
        study: What `plain_study` made.
        split: Who should be forgotten and who retained.
        adapters: Folders of adapters.
        command: The command line, for the provenance.
        with_pictures: Whether the report shows people's pictures.

    Raises:
        CheckpointError: An adapter can't be loaded, or the folder belongs to another evaluation.
    """
    with holding(study.folder):
        outcome = evaluate(study, split, adapter_names(list(adapters)))
        weights = weight_files(study.config.model)
        deliver(study, outcome, command=command, weights=weights, with_pictures=with_pictures)
    return outcome
