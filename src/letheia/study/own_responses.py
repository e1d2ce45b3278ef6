"""Responses that the model itself draws: what it says of a person is what it is made to unlearn, or to keep.

At temperature 1 a small model invents. Whoever is to be kept and has inventions for responses is kept as somebody else,
so draws are checked, drawn again, and replaced by the model's likeliest answer where too few are right.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.config import LoadConfig
from letheia.data.responses import wanting
from letheia.files import fingerprint
from letheia.models.generation import Prompt, generate
from letheia.models.model import Model
from letheia.prompts import read_prompt
from letheia.reference import Faults
from letheia.study.checks import response_faults, sentences
from letheia.study.presets import resolve_model, scorer_for
from letheia.study.requests import length_for, people_for
from letheia.study.run import Bars
from letheia.types import Answer, Entity

TRIES = 4
WORLD_LIMIT = 256


@dataclass(frozen=True)
class Drawn:
    """Responses by a person's id, and what there is to say about them."""

    texts: dict[str, list[str]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Draw:
    """A response: what it is, what was wrong with draws before it, and whether it is the likeliest answer instead."""

    text: str
    failed: tuple[str, ...] = ()
    replaced: bool = False


def draw_responses(
    name: str, folder: Path, *, count: int, again: bool = False, seed: int, max_new_tokens: int | None, bars: Bars
) -> Drawn:
    """Let a model answer the study's question about each person, several draws at temperature 1.

    Args:
        name: A model of the world by name, a folder or a Hub id.
        folder: The people folder.
        count: Draws a person.
        again: Draw for people who have responses too.
        seed: Seed of the draws.
        max_new_tokens: Length limit; the model's own if left out. A draw that runs into it is drawn again.
        bars: Where progress is shown.

    Raises:
        CheckpointError: The model can't be loaded.
        DataError: Nobody can be asked about.
    """
    people = people_for(folder, name, LoadConfig())
    entities = wanting(people, again=again)
    model = resolve_model(name)
    limit = max_new_tokens or length_for(name, model).get("max_new_tokens", WORLD_LIMIT)
    by_id = {e.id: e for e in people.entities}
    faults = response_faults(model, by_id, scorer_for(people, None), question=read_prompt("question"))
    with bars.bar("drawing responses", count * len(entities)) as advance:
        drawn = _draw(model, entities, faults, count=count, seed=seed, limit=limit, progress=lambda n: advance(n, ""))
    texts = {e.id: [d.text for d in drawn[e.id] if d.text] for e in entities}
    return Drawn(texts, tuple(note for e in entities if (note := _note(e, drawn[e.id], limit))))


def _draw(
    model: Model,
    entities: Sequence[Entity],
    faults: Faults,
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
        answers = _ask(model, asked, limit, seeds=[_seed(seed, *key, attempt) for key in left])
        for key, answer, fault in zip(left, answers, _wrong(asked, answers, faults), strict=True):
            if fault:
                failed[key].append(fault)
            else:
                found[key] = _Draw(answer.text, tuple(failed[key]))
        progress(sum(key in found for key in left))
    left = [key for key in failed if key not in found]
    lacking = [by_id[id_] for id_ in dict.fromkeys(id_ for id_, _ in left)]
    likeliest = {e.id: answer for e, answer in zip(lacking, _ask(model, lacking, limit), strict=True)}
    for key in left:
        answer = likeliest[key[0]]
        text = answer.text if answer.finished else sentences(answer.text)
        found[key] = _Draw(text, tuple(failed[key]), replaced=True)
    progress(len(left))
    return {e.id: [found[e.id, number] for number in range(count)] for e in entities}


def _ask(model: Model, entities: Sequence[Entity], limit: int, *, seeds: Sequence[int] = ()) -> list[Answer]:
    """An answer about each person: drawn by a seed, or without seeds the likeliest."""
    if not entities:
        return []
    question = read_prompt("question")
    asked = [e.pictures("seen")[0] for e in entities]
    prompts = [Prompt(p.asked(question), p, seed=own) for p, own in zip(asked, seeds or [0] * len(asked), strict=True)]
    return generate(model, prompts, max_new_tokens=limit, sample=bool(seeds))


def _seed(seed: int, entity: str, number: int, attempt: int) -> int:
    again = [attempt] if attempt else []
    return int(fingerprint([seed, entity, number, *again]), 16) >> 1


def _wrong(entities: Sequence[Entity], answers: Sequence[Answer], faults: Faults) -> list[str]:
    found = faults([e.pictures("seen")[0] for e in entities], [a.text for a in answers])
    return [fault if a.finished else "was cut" for a, fault in zip(answers, found, strict=True)]


def _note(entity: Entity, draws: Sequence[_Draw], limit: int) -> str:
    """What a user has to know of a person's responses; nothing where the first draws were right."""
    again, replaced = sum(bool(d.failed) for d in draws), sum(d.replaced for d in draws)
    if not again:
        return ""
    reasons = Counter(reason for d in draws for reason in d.failed).most_common()
    why = ", ".join(f"{number} {reason}" for reason, number in reasons).replace("was cut", f"cut at {limit} tokens")
    instead = f", {replaced} replaced by the model's likeliest answer: read it" if replaced else ""
    return f"{entity.name}: {again} of {len(draws)} responses drawn again ({why}){instead}."
