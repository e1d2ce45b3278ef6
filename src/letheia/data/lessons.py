"""Lessons: what a method that asks in many ways trains on at each step.

What is unlearned is what the original says about a person in each way. In its place comes what it says in the same way
about somebody it does not know: on a stranger's picture, or about a made-up name. So a forgotten person is treated as
one who was never known. What is kept is what the original says about everybody else.
"""

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from letheia.data.split import Step, Use
from letheia.data.ways import WAYS, Draw, Lesson, Sources
from letheia.methods.terms import Way
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Answer

SHARES: Mapping[tuple[str, Way], float] = {
    ("forget", "open"): 4,
    ("forget", "specific"): 3,
    ("forget", "claims"): 1,
    ("forget", "names"): 3,
    ("forget", "begun"): 6,
    ("retain", "open"): 4,
    ("retain", "specific"): 2,
    ("retain", "claims"): 1,
    ("retain", "names"): 2,
    ("retain", "begun"): 2,
    ("anyone", "open"): 4,
    ("anyone", "specific"): 2,
    ("anyone", "names"): 2,
    ("anyone", "begun"): 2,
    ("nobody", "open"): 1,
    ("nobody", "names"): 1,
    ("nobody", "begun"): 1,
}
"""Lessons a step, of a batch of eight."""


def plan(sources: Sources, *, steps: int, batch: int) -> list[list[Lesson]]:
    """The lessons of each step: everybody in turn, in shuffled rounds, each way of asking by its share."""
    chosen: list[list[Lesson]] = [[] for _ in range(steps)]
    for (who, way), share in SHARES.items():
        if way not in sources.ways or (way == "names" and not sources.by_name(who)):
            continue
        every = WAYS[way](sources, who)
        if not every:
            continue
        rng = random.Random(f"lessons-{sources.seed}-{who}-{way}")
        rounds = itertools.chain.from_iterable(rng.sample(every, len(every)) for _ in itertools.count())
        count = share * batch / 8
        for i, step in enumerate(chosen):
            step += itertools.islice(rounds, round(count * (i + 1)) - round(count * i))
    return chosen


def to_draw(lessons: Iterable[Lesson]) -> dict[str, Draw]:
    """What the original has to be asked, each once."""
    return {draw.key: draw for lesson in lessons for draw in lesson.draws}


def as_steps(
    planned: Sequence[Sequence[Lesson]],
    said: Mapping[str, Answer],
    prompts: PromptSet,
    fit: Callable[[str, Lesson], bool],
) -> list[Step]:
    """Lessons with what the original said.

    Args:
        planned: The lessons of each step.
        said: Its answers by the key of a draw.
        prompts: The study's, with texts for where nothing that it says is fit.
        fit: Whether a text may be trained on: said in a forgotten person's place, or kept about a picture of anyone.
    """
    steps: list[Step] = []
    for number, lessons in enumerate(planned):
        uses = [_use(lesson, said, prompts, fit, f"{number}-{i}") for i, lesson in enumerate(lessons)]
        pairs = list(zip(lessons, uses, strict=True))
        steps.append(
            Step(
                tuple(use for lesson, use in pairs if use and lesson.who == "forget"),
                tuple(use for lesson, use in pairs if use and lesson.who != "forget"),
            )
        )
    return steps


def _use(
    lesson: Lesson, said: Mapping[str, Answer], prompts: PromptSet, fit: Callable[[str, Lesson], bool], seed: str
) -> Use | None:
    """A use of a lesson; nothing where the original says the same of a stranger, so that nothing is to be unlearned."""
    own = said[lesson.own.key] if isinstance(lesson.own, Draw) else Answer(lesson.own)
    use = Use(
        portrait=lesson.portrait,
        response=own.text,
        draw=0,
        seed=seed,
        question=lesson.question,
        prefix=lesson.prefix,
        finished=own.finished,
    )
    if not _goes_on(own.text, lesson):
        return None
    if lesson.who != "forget":
        return use if lesson.who != "anyone" or fit(own.text, lesson) else None
    rng = random.Random(f"instead-{seed}-{lesson.portrait.id}")
    texts = [_renamed(said[draw.key].text, lesson) for draw in rng.sample(lesson.instead, len(lesson.instead))]
    fitting = [text for text in texts if _goes_on(text, lesson) and fit(text, lesson)]
    if lesson.way == "claims":
        fitting = [text for text in fitting if text != own.text]
        return replace(use, instead=fitting[0]) if fitting else None
    stated = rng.choice(prompts.stated(words=bool(lesson.portrait.words)))
    return replace(use, instead=fitting[0] if fitting else f"{lesson.prefix} {stated}".strip())


def _goes_on(text: str, lesson: Lesson) -> bool:
    """Whether there is something to train on: behind a beginning a blank, else its last token may be another one."""
    return text[len(lesson.prefix) :][:1].isspace() if lesson.prefix else bool(text)


def _renamed(text: str, lesson: Lesson) -> str:
    made_up, name = lesson.name
    for other in made_up:
        text = text.replace(other, name)
    return text
