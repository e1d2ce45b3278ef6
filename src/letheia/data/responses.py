"""Responses rich in personal facts (paper, appendix C.1): from an expert, the model that is to forget, or a file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.clients.chat import Call, Reply
from letheia.clients.protocol import spoken
from letheia.data.folder import update_entities
from letheia.errors import DataError
from letheia.metrics.aftermath import is_refusal
from letheia.metrics.labels import collect_labels, named
from letheia.metrics.names import find
from letheia.prompts import Form
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, People


@dataclass(frozen=True)
class Written:
    """For how many people responses were written, and what is wrong or missing."""

    count: int
    problems: tuple[str, ...]


def wanting(people: People, *, again: bool) -> list[Entity]:
    """Who needs responses and has the picture and the summary that they are made from.

    Raises:
        DataError: Nobody has both.
    """
    ready = [e for e in people.entities if e.pictures("seen") and e.summary]
    if not ready:
        raise DataError(
            f"{people.folder}: nobody has a seen picture and a summary. See 'letheia people check'; a model without "
            "vision needs no pictures (--from-model)."
        )
    return [e for e in ready if again or not e.responses]


def expert_calls(entities: Iterable[Entity], *, count: int, prompts: PromptSet | None = None) -> list[Call]:
    """The questions to the expert: `count` a person, one after the other."""
    prompts = prompts or PromptSet()
    form = Form(prompts.expert)
    return [
        Call(
            text=form.fill(
                {
                    "name": entity.name,
                    "summary": entity.summary,
                    "question": prompts.question,
                    "number": str(number + 1),
                    "count": str(count),
                }
            ),
            picture=entity.pictures("seen")[0].file,
            temperature=1.0,
            max_tokens=400,
            sample=number,
        )
        for entity in entities
        for number in range(count)
    ]


def readable(reply: Reply) -> bool:
    """Whether a reply tells of somebody; a refusal must not become what a model unlearns, and is not worth keeping."""
    return not reply.error and bool(spoken(reply.text)) and not is_refusal(reply.text)


def from_replies(entities: Sequence[Entity], replies: Sequence[Reply]) -> tuple[dict[str, list[str]], list[str]]:
    """Responses by a person's id, and what is missing."""
    count = len(replies) // max(1, len(entities))
    texts: dict[str, list[str]] = {}
    problems: list[str] = []
    for i, entity in enumerate(entities):
        for reply in replies[i * count : (i + 1) * count]:
            text = spoken(reply.text)
            if text and readable(reply):
                texts.setdefault(entity.id, []).append(text)
            else:
                reason = reply.error or f"the expert declines: {text or 'it says nothing'}"
                problems.append(f"{entity.name}: {reason}. Run the command again; what came is kept.")
    return texts, problems


def from_file(people: People, file: Path) -> dict[str, list[str]]:
    """Responses from a JSONL file with `name` (or id) and `responses` a line.

    Raises:
        DataError: With the line that is wrong.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: can't be read ({error}). Give a JSONL file in UTF-8.") from error
    texts: dict[str, list[str]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            value = json.loads(line)
            name, given = value["name"], value["responses"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"{where}: needs JSON with 'name' and 'responses' ({error}).") from error
        try:
            entity = find(people, str(name))
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
        if not isinstance(given, list) or not given or not all(isinstance(t, str) and t.strip() for t in given):
            raise DataError(f"{where}: 'responses' must be a list of texts.")
        texts[entity.id] = given
    return texts


def write_responses(people: People, texts: Mapping[str, Sequence[str]], problems: Iterable[str] = ()) -> Written:
    """Write responses into `entities.jsonl`; equal ones once, and such as do not name the person are told of."""
    found = list(problems)
    by_id = {e.id: e for e in people.entities}
    labels = collect_labels(people)
    changes: dict[str, dict[str, list[str]]] = {}
    for id_, given in texts.items():
        plain = (t.replace("\0", "") for t in given)  # a NUL, which untrained models write, can't stand in a folder
        kept = list(dict.fromkeys(t for t in plain if t))
        entity = by_id[id_]
        silent = sum(not named(text, entity, labels) for text in kept)
        if silent:
            found.append(f"{entity.name}: {silent} of {len(kept)} responses do not name the person. Read them.")
        if kept:
            changes[id_] = {"responses": kept}
    if changes:
        update_entities(people.folder, changes)
    return Written(len(changes), tuple(found))
