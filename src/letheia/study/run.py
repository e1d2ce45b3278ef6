"""Doing a study: probe, split, draw o*, unlearn with each method, ask, score. What is done already is taken up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from letheia.data.augment import with_altered
from letheia.data.split import Step, draw_split
from letheia.data.targets import Texts, to_draw
from letheia.files import holding, read_json, write_json
from letheia.methods.table import method as method_row
from letheia.methods.terms import Method, Recipe
from letheia.metrics.recognition import Recognition, recognise
from letheia.metrics.results import Row, aggregate, write_results
from letheia.models.adapter import fresh_adapter, saved_adapter
from letheia.models.likeness import hard_negatives
from letheia.models.saving import save_adapter
from letheia.reference import draw_references
from letheia.study import store
from letheia.study.knowledge import still_known, unknown
from letheia.study.lessons import lessons
from letheia.study.plan import (
    Job,
    Query,
    apart,
    candidates,
    check_scope,
    in_neither,
    jobs,
    named_split,
    plan_steps,
    queries,
)
from letheia.study.scoring import Scoring, conclusion
from letheia.study.study import Outcome, Prepared, Study
from letheia.train.checkpoint import drop_state
from letheia.train.unlearn import unlearn, write_history, write_trained
from letheia.types import ORIGINAL, Entity, Generation, Portrait, Prompt, References, Score, Split, plain


def run_study(study: Study) -> Outcome:
    """Do what is not done yet, and gather everything.

    Raises:
        CheckpointError: The folder belongs to another study.
        OutputError: Another process works in it.
    """
    with holding(study.folder):
        prepared = prepare(study)
        answers = {ORIGINAL: original_answers(study, prepared.asked)}
        for job in jobs(study.config, study.rates):
            answers[job.name] = do_job(study, job, prepared)
        return conclude(study, prepared.split, answers)


def prepare(study: Study) -> Prepared:
    """Claim the folder and draw the people.

    Raises:
        CheckpointError: The folder belongs to another study.
        ConfigError: A method can't do what the scope asks for.
    """
    check_scope(study.config, study.people)
    claim(study, study.config.key)
    study.config.write(study.folder / "config.yaml")
    split = draw_people(study)
    return Prepared(split, queries(study.config, split, study.people, find_bystanders(study, split)))


def claim(study: Study, key: str) -> None:
    """Make the folder this study's, and the place of its pictures' features.

    Args:
        study: The study.
        key: What tells it from others.

    Raises:
        CheckpointError: The folder belongs to another study.
    """
    store.claim(study.folder, key)
    study.model.pictures.folder = study.folder / "features"


def draw_people(study: Study) -> Split:
    """Who is forgotten and who is kept: as the settings name them, else drawn from whom the original recognises."""
    file = study.folder / "split.json"
    if file.exists():
        return store.read_split(file, study.people)
    if study.config.forget:
        split = named_split(study.config, candidates(study.config, study.people))
    else:
        known = probe(study).known
        split = draw_split(known, people=study.config.people, n=study.config.n, seed=study.config.seed)
    store.write_split(file, split)
    return split


def probe(study: Study) -> Recognition:
    """Whom the original recognises on their first seen picture (paper C.1)."""
    return known_by(study, _probed(study, "probe.jsonl", candidates(study.config, study.people)), alarms=True)


def _probed(study: Study, name: str, people: Sequence[Entity]) -> list[Generation]:
    """The original's answers about each person's first seen picture, which are kept."""
    file = study.folder / name
    if not file.exists():
        pictures = [Query(portrait=e.pictures("seen")[0], group="retain", role="seen") for e in people]
        store.write_answers(file, ask(study, ORIGINAL, pictures, "recognition probe"))
    return store.read_answers(file)


def find_bystanders(study: Study, split: Split) -> tuple[Entity, ...]:
    """Whom the original recognises on their first seen picture, of those who are neither forgotten nor retained."""
    others = in_neither(study.people, (*split.forget, *split.retain)) if study.config.bystanders else ()
    if not others:
        return ()
    drawn = study.folder / "probe.jsonl"
    answers = store.read_answers(drawn) if drawn.exists() else []
    asked = {a.entity for a in answers}
    answers += _probed(study, "probe-others.jsonl", [e for e in others if e.id not in asked])
    known = {e.id for e in known_by(study, answers).known}
    return tuple(e for e in others if e.id in known)


def known_by(study: Study, answers: Sequence[Generation], *, alarms: bool = False) -> Recognition:
    """Who is known by a model's answers to the study's own question."""
    return recognise(plain(answers), study.people.entities, study.scorer.labels, study.scorer.index, alarms=alarms)


def original_answers(study: Study, asked: Sequence[Query]) -> list[Generation]:
    """The original's answers, which are kept."""
    file = study.folder / ORIGINAL / "answers.jsonl"
    if not file.exists():
        _load_pictures(study, asked)
        store.write_answers(file, ask(study, ORIGINAL, asked, "original: answers"))
    return store.read_answers(file)


def _load_pictures(study: Study, asked: Sequence[Query]) -> None:
    """Compute features in the order of an uninterrupted run: their last digits depend on who shares a batch."""
    if not study.config.forget:
        study.model.load_pictures(e.pictures("seen")[0] for e in candidates(study.config, study.people))
    for part in apart(asked):
        study.model.load_pictures(q.portrait for q in part)


def do_job(study: Study, job: Job, prepared: Prepared) -> list[Generation]:
    """One method: train the adapter and ask, unless both have been done."""
    folder = study.folder / job.name
    file = folder / "answers.jsonl"
    trained = _is_done(folder / "trained.json", job)
    if _is_done(folder / "answered.json", job) and trained:
        return store.read_answers(file)
    for name in ("answered.json", "scores.jsonl"):  # before what they vouch for is overwritten
        (folder / name).unlink(missing_ok=True)
    _load_pictures(study, prepared.asked)
    if not trained:
        _train(study, job, prepared)
    with saved_adapter(study.model, folder / "adapter"):
        answers = ask(study, job.name, prepared.asked, f"{job.name}: answers")
    store.write_answers(file, answers)
    write_json(folder / "answered.json", {"key": job.key})
    return answers


def _is_done(marker: Path, job: Job) -> bool:
    return marker.exists() and read_json(marker).get("key") == job.key


def _train(study: Study, job: Job, prepared: Prepared) -> None:
    """Train the job's adapter and save it."""
    folder, train = study.folder / job.name, job.train
    (folder / "trained.json").unlink(missing_ok=True)
    row = method_row(job.method)
    done = drop_state(folder / "state.safetensors", unless=job.key)
    steps = steps_for(study, prepared.split, row.recipe)
    texts = _texts(study, row, prepared.split, steps)
    with (
        fresh_adapter(study.model, rank=train.rank, alpha=train.alpha, seed=study.config.seed) as adapted,
        study.bars.bar(f"{job.name}: training", len(steps), done) as advance,
    ):
        history = unlearn(
            study.model,
            adapted,
            steps,
            row,
            texts,
            train,
            state=folder / "state.safetensors",
            key=job.key,
            progress=lambda _, values, work: advance(1, f"{work}; {_note(values)}"),
        )
        write_history(folder / "history.jsonl", history)
        write_trained(folder / "train.jsonl", steps, row, texts)
        save_adapter(adapted, folder / "adapter")
    write_json(folder / "trained.json", {"key": job.key, **train.model_dump()})
    (folder / "state.safetensors").unlink(missing_ok=True)


def steps_for(study: Study, split: Split, recipe: Recipe) -> list[Step]:
    """What each step of a method trains on, by its recipe."""
    if recipe.augmented and study.model.family.vision:
        split = with_altered(split, study.folder / "altered", count=recipe.augmented, seed=study.config.seed)
    if recipe.hard_negatives:
        split = replace(split, retain=(*split.retain, *hard_negatives(study.model, split)))
    steps = plan_steps(study.config, split, recipe)
    return lessons(study, split, recipe.ways, len(steps)) if recipe.ways else steps


def _texts(study: Study, row: Method, split: Split, steps: Sequence[Step]) -> Texts:
    return Texts(
        prompts=study.config.prompts,
        references=_references(study, to_draw(steps, row), checked=study.config.checked or row.recipe.checked),
        retain=split.retain,
    )


def _references(study: Study, wanted: Mapping[tuple[str, int], Portrait], *, checked: bool) -> References:
    """o* by picture and draw: those that another method has drawn already, and the others drawn now."""
    file = study.folder / (store.CHECKED if checked else store.UNCHECKED)
    known = store.read_references(file) if file.exists() else {}
    missing = {key: portrait for key, portrait in wanted.items() if key not in known}
    if missing:
        with study.bars.bar("drawing o* from the original", len(missing)) as advance:
            known |= draw_references(
                study.engine,
                missing,
                prompts=study.config.prompts,
                seed=study.config.seed,
                max_new_tokens=study.config.max_new_tokens,
                faults=study.faults if checked else None,
                progress=lambda n: advance(n, ""),
            )
        store.write_references(file, known)
    return known


def ask(study: Study, method: str, asked: Sequence[Query], title: str) -> list[Generation]:
    """Greedy answers of the model as it is, adapter on or off, each asked in its way."""
    with study.bars.bar(title, len(asked)) as advance:
        answers = [
            answer
            for part in apart(asked)
            for answer in study.engine.answer(
                [Prompt(q.text(study.question), q.portrait) for q in part],
                max_new_tokens=study.config.max_new_tokens,
                progress=lambda n: advance(n, ""),
            )
        ]
    return [
        Generation(
            model=study.model.name,
            method=method,
            portrait=q.portrait.id,
            entity=q.portrait.entity,
            group=q.group,
            role=q.role,
            question=q.text(study.question),
            answer=a.text,
            finished=a.finished,
            asked=q.asked,
        )
        for q, a in zip(asked, answers, strict=True)
    ]


def conclude(
    study: Study,
    split: Split,
    answers: dict[str, list[Generation]],
    *,
    keep: bool = True,
    score: Callable[[Scoring, str], list[list[Score]]] | None = None,
) -> Outcome:
    """Score all answers, the original's among them, and gather everything; no adapter may be in the model.

    Args:
        study: The study.
        split: Who is who.
        answers: By method.
        keep: Whether to write scores.
        score: Scores one method's answers; done here if left out.
    """
    scoring = scoring_of(study, answers[ORIGINAL])
    outcome, scores = conclusion(scoring, split, answers, seed=study.config.seed, score=score)
    for name, given in scores.items() if keep else ():
        store.write_scores(study.folder / name / "scores.jsonl", given)
    write_results(study.folder / "results.json", outcome.rows)
    if study.config.forget or not study.config.methods:  # people whom the user named, not drawn from the known
        known = {name: known_by(study, given) for name, given in answers.items()}
        outcome = replace(outcome, notes=(*unknown(split, known[ORIGINAL]), *still_known(split, known, ORIGINAL)))
    return outcome


def scoring_of(study: Study, original: Sequence[Generation]) -> Scoring:
    """What a study's answers are scored by, measured on the original's; no adapter may be in the model."""
    return Scoring.on(study.model, study.people, study.scorer, study.config.prompts, original)


def score(study: Study, name: str, answers: Sequence[Generation], by: Scoring) -> list[Row]:
    """Score one method's answers, keep the scores, and average them."""
    scores = by.score(answers)
    store.write_scores(study.folder / name / "scores.jsonl", scores)
    return aggregate(answers, scores, n=study.config.n, seed=study.config.seed)


def _note(values: Mapping[str, float]) -> str:
    return " ".join(f"{k} {v:.2f}" for k, v in values.items())
