"""Lessons of a study: what the original says in every way of asking is drawn once and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain

from letheia.data.lessons import as_steps, plan, to_draw
from letheia.data.split import Step
from letheia.data.ways import Draw, Lesson, Sources
from letheia.files import read_jsonl, write_jsonl
from letheia.methods.terms import Way
from letheia.metrics.labels import facts_in, named
from letheia.study.study import Study
from letheia.types import Answer, Split

SAID = "said.jsonl"


def planned(study: Study, split: Split, ways: Sequence[Way], steps: int) -> list[list[Lesson]]:
    """The lessons of each step, before the original is asked."""
    config = study.config
    sources = Sources(
        split=split, people=study.people, prompts=config.prompts, ways=ways, seed=config.seed, scope=config.scope
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
    chosen = planned(study, split, ways, steps)
    said = _said(study, to_draw(chain.from_iterable(chosen)))

    def fit(text: str, lesson: Lesson) -> bool:
        """Whether a text about anyone names nobody who is forgotten, and another nobody at all."""
        if lesson.who == "anyone":
            return not any(named(text, entity, study.scorer.labels) for entity in split.forget)
        asked = f"{lesson.question} {lesson.prefix}"
        return not facts_in(text, None, study.scorer.labels, asked=asked).wrong

    return as_steps(chosen, said, study.config.prompts, fit)


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
    return known
