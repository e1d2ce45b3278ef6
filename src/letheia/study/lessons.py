"""Lessons of a study: what the original says in every way of asking is drawn once and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import chain

from letheia.data.augment import blended
from letheia.data.lessons import as_steps, plan, to_draw
from letheia.data.split import Step
from letheia.data.ways import Draw, Lesson, Sources
from letheia.files import read_jsonl, write_jsonl
from letheia.methods.terms import Way
from letheia.metrics.labels import facts_in, named
from letheia.metrics.observation import names_said
from letheia.study.study import Study
from letheia.types import Answer, Portrait, Prompt, Split

SAID = "said.jsonl"
BLENDS = 100
"""Pictures that are made of two of anyone: between faces that were seen stand those that were not."""


def planned(
    study: Study,
    split: Split,
    ways: Sequence[Way],
    steps: int,
    *,
    anyone: Sequence[Portrait] = (),
    heard: Sequence[str] | None = None,
) -> list[list[Lesson]]:
    """The lessons of each step.

    Args:
        study: The study.
        split: Who is forgotten and who retained.
        ways: The ways of asking.
        steps: Optimizer steps.
        anyone: Pictures of anyone beside those of the folder.
        heard: The names that the original says of pictures of anyone; before it is asked, names stand in for them.
    """
    config, people = study.config, study.people
    if heard is None:
        heard = [f"Somebody {number}" for number, _ in enumerate(people.anyone)]
    people = replace(people, anyone=(*people.anyone, *anyone))
    sources = Sources(
        split=split,
        people=people,
        prompts=config.prompts,
        ways=ways,
        seed=config.seed,
        scope=config.scope,
        heard=heard,
    )
    return plan(sources, steps=steps, batch=config.train.batch)


def lessons(study: Study, split: Split, ways: Sequence[Way], steps: int) -> list[Step]:
    """What each step of a method trains on that asks in many ways; the model is the original.

    Args:
        study: The study.
        split: Who is forgotten and who retained.
        ways: The ways of asking.
        steps: Optimizer steps.
    """
    labels = study.scorer.labels
    blends = blended(study.people.anyone, study.folder / "blends", count=BLENDS, seed=study.config.seed)
    chosen = planned(study, split, ways, steps, anyone=blends, heard=_heard(study, split))
    said = _said(study, to_draw(chain.from_iterable(chosen)))

    def fit(text: str, lesson: Lesson) -> bool:
        """Whether a text may be trained on.

        What is said about anyone names nobody who is forgotten. What is said in a forgotten person's place names
        nobody at all, but where the answer was begun: then it tells nothing about any of them.
        """
        if lesson.who == "anyone":
            return not any(named(text, entity, labels) for entity in split.forget)
        asked = f"{lesson.question} {lesson.prefix}"
        if lesson.way == "begun":
            return not any(facts_in(text, entity, labels, asked=asked).own for entity in split.forget)
        return not facts_in(text, None, labels, asked=asked).wrong

    return as_steps(chosen, said, study.config.prompts, fit)


def _heard(study: Study, split: Split) -> list[str]:
    """The names that the original says of pictures of anyone, but for those of people who are forgotten."""
    question = study.config.prompts.train_specific[0]
    said = _said(study, {draw.key: draw for draw in (Draw(Prompt(question, p)) for p in study.people.anyone)})
    names = dict.fromkeys(name for answer in said.values() for name in names_said(answer.text))
    return [name for name in names if not any(named(name, entity, study.scorer.labels) for entity in split.forget)]


def _said(study: Study, wanted: Mapping[str, Draw]) -> dict[str, Answer]:
    """The original's answers by the key of a draw: those that are there already, and the others drawn now."""
    file = study.folder / SAID
    rows = read_jsonl(file) if file.exists() else []
    known = {row["key"]: Answer(row["text"], row["finished"]) for row in rows}
    missing = {key: draw for key, draw in wanted.items() if key not in known}
    if missing:
        with study.bars.bar("asking the original in many ways", len(missing)) as advance:
            for sample in (False, True):
                part = {key: draw.prompt for key, draw in missing.items() if draw.sample == sample}
                answers = study.engine.answer(
                    list(part.values()),
                    max_new_tokens=study.config.max_new_tokens,
                    sample=sample,
                    progress=lambda n: advance(n, ""),
                )
                known |= dict(zip(part, answers, strict=True))
        write_jsonl(file, [{"key": key, **asdict(answer)} for key, answer in known.items()])
    return {key: known[key] for key in wanted}
