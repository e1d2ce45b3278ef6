"""Responses that the model itself draws: what it says of a person is what it is made to unlearn, or to keep.

At temperature 1 a small model invents. Whoever is to be kept and has inventions for responses is kept as somebody else,
so draws are checked, drawn again, and replaced by the model's likeliest answer where too few are right.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.config import StudyConfig
from letheia.data.responses import wanting
from letheia.data.wordings import people_for
from letheia.engines.base import Engine
from letheia.engines.table import engine_for
from letheia.files import fingerprint
from letheia.models.shipped import resolve_model
from letheia.progress import Bars
from letheia.reference import Faults
from letheia.study.build import length_for, scorer_for
from letheia.study.checks import response_faults, sentences
from letheia.types import Answer, Entity, Prompt

TRIES = 4
WORLD_LIMIT = 256


@dataclass(frozen=True)
class Drawn:
    """Responses by a person's id, and what there is to say about them."""

    texts: dict[str, list[str]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Draw:
    """A response.

    Attributes:
        text: What it is.
        failed: What was wrong with draws before it.
        cut: Whether it ran into the limit and was shortened to whole sentences.
        replaced: Whether it is the model's likeliest answer, as no draw was right.
    """

    text: str
    failed: tuple[str, ...] = ()
    cut: bool = False
    replaced: bool = False


def draw_responses(values: Mapping[str, Any], folder: Path, *, count: int, again: bool = False, bars: Bars) -> Drawn:
    """Let a model answer the study's question about each person, several draws at temperature 1.

    Args:
        values: Fields of the configuration: model, seed, length limit where it is not the model's own, prompts. Of what
            was cut, whole sentences are kept.
        folder: The people folder.
        count: Draws a person.
        again: Draw for people who have responses too.
        bars: Where progress is shown.

    Raises:
        CheckpointError: The model can't be loaded.
        DataError: Nobody can be asked about.
    """
    config = StudyConfig.check(values)
    people = people_for(folder, config)
    entities = wanting(people, again=again)
    model = resolve_model(config.model, config.load)
    own = {"max_new_tokens": WORLD_LIMIT} | length_for(config.model, model)
    limit = config.max_new_tokens if "max_new_tokens" in values else own["max_new_tokens"]
    engine, question, seed = engine_for(model), config.prompts.question, config.seed
    faults = response_faults(model, people, scorer_for(people, None), question=question)
    with bars.bar("drawing responses", count * len(entities)) as advance:
        drawn = _draw(
            engine, entities, faults, question, count=count, seed=seed, limit=limit, progress=lambda n: advance(n, "")
        )
    texts = {e.id: [d.text for d in drawn[e.id] if d.text] for e in entities}
    return Drawn(texts, tuple(note for e in entities if (note := _note(e, drawn[e.id], limit))))


def _draw(
    engine: Engine,
    entities: Sequence[Entity],
    faults: Faults,
    question: str,
    *,
    count: int,
    seed: int,
    limit: int,
    progress: Callable[[int], None],
) -> dict[str, list[_Draw]]:
    """Draws by a person's id, in their order: such as are right, and the likeliest answer for the rest."""
    by_id = {e.id: e for e in entities}
    failed: dict[tuple[str, int], list[str]] = {(e.id, number): [] for e in entities for number in range(count)}
    found: dict[tuple[str, int], _Draw] = {}
    for attempt in range(TRIES):
        left = [key for key in failed if key not in found]
        asked = [by_id[id_] for id_, _ in left]
        answers = _ask(engine, asked, question, limit, seeds=[_seed(seed, *key, attempt) for key in left])
        for key, answer, fault in zip(left, answers, _wrong(asked, answers, faults), strict=True):
            if fault:
                failed[key].append(fault)
            else:
                found[key] = _Draw(_whole(answer), tuple(failed[key]), cut=not answer.finished)
        progress(sum(key in found for key in left))
    left = [key for key in failed if key not in found]
    lacking = [by_id[id_] for id_ in dict.fromkeys(id_ for id_, _ in left)]
    likeliest = {e.id: answer for e, answer in zip(lacking, _ask(engine, lacking, question, limit), strict=True)}
    for key in left:
        answer = likeliest[key[0]]
        found[key] = _Draw(_whole(answer), tuple(failed[key]), cut=not answer.finished, replaced=True)
    progress(len(left))
    return {e.id: [found[e.id, number] for number in range(count)] for e in entities}


def _ask(
    engine: Engine, entities: Sequence[Entity], question: str, limit: int, *, seeds: Sequence[int] = ()
) -> list[Answer]:
    """An answer about each person: drawn by a seed, or without seeds the likeliest."""
    if not entities:
        return []
    asked = [e.pictures("seen")[0] for e in entities]
    prompts = [Prompt(p.asked(question), p, seed=own) for p, own in zip(asked, seeds or [0] * len(asked), strict=True)]
    return engine.answer(prompts, max_new_tokens=limit, sample=bool(seeds))


def _seed(seed: int, entity: str, number: int, attempt: int) -> int:
    again = [attempt] if attempt else []
    return int(fingerprint([seed, entity, number, *again]), 16) >> 1


def _wrong(entities: Sequence[Entity], answers: Sequence[Answer], faults: Faults) -> list[str]:
    found = faults([e.pictures("seen")[0] for e in entities], answers)
    return [fault if _whole(a) else "cut" for a, fault in zip(answers, found, strict=True)]


def _whole(answer: Answer) -> str:
    """What of an answer can be taught as one that ends: all of it, or where it was cut up to its last sentence."""
    return answer.text if answer.finished else sentences(answer.text)


def _note(entity: Entity, draws: Sequence[_Draw], limit: int) -> str:
    """What a user has to know of a person's responses; nothing where the first draws were right."""
    reasons = Counter(reason for d in draws for reason in d.failed).most_common()
    found = {
        f"drawn again ({', '.join(f'{reason} {number}' for reason, number in reasons)})": sum(
            bool(d.failed) for d in draws
        ),
        "replaced by the model's likeliest answer": sum(d.replaced for d in draws),
        f"shortened to whole sentences, as they were cut at {limit} tokens": sum(d.cut for d in draws),
        "left out, as nothing of them is whole": sum(not d.text for d in draws),
    }
    told = "; ".join(f"{number} {what}" for what, number in found.items() if number)
    return f"{entity.name}, {len(draws)} responses: {told}." if told else ""
