"""A removal request: named people out of a model, everybody else in the folder kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from letheia.errors import ConfigError, DataError
from letheia.metrics.names import find
from letheia.types import Entity, People, Split


def request(
    people: People, names: Sequence[str], *, keep: People | None = None, no_retain: bool = False
) -> tuple[People, Split]:
    """Who is forgotten and who is kept.

    Args:
        people: The folder that the forgotten people are in.
        names: Names, aliases or ids of the people to forget.
        keep: A further folder with the people to keep; those left over in `people` if left out.
        no_retain: Train without anybody to keep.

    Returns:
        All people together, and the split.

    Raises:
        ConfigError: Nobody is named, or nobody is kept without `no_retain`.
        DataError: A name is unknown, a person is in both groups, or has nothing to train on.
    """
    if not names:
        raise ConfigError("nobody to forget. Name people with --forget.")
    forget = tuple({e.id: e for e in (find(people, name) for name in names)}.values())
    if keep:
        people = _together(people, keep, forget)
        retain: tuple[Entity, ...] = tuple(e for e in keep.entities if e.trainable)
    else:
        named = {e.id for e in forget}
        retain = tuple(e for e in people.entities if e.trainable and e.id not in named)
    if no_retain:
        retain = ()
    elif not retain:
        raise ConfigError(
            "nobody to keep: without retained people the model may forget everybody and lose its language. "
            "Add people with --retain FOLDER, or accept that with --no-retain."
        )
    for entity in forget:
        if not entity.trainable:
            needs = "a summary" if people.asked_by == "question" else "a seen picture, a summary"
            raise DataError(f"{entity.name}: needs {needs} and a response to be forgotten. Add them to the folder.")
    return people, Split(forget=forget, retain=retain)


def _together(people: People, keep: People, forget: Sequence[Entity]) -> People:
    """Both folders as one; the people of the first who are not forgotten serve as comparison only."""
    gone = {name for entity in forget for name in (entity.id, *entity.names)}
    for other in keep.entities:
        if not gone.isdisjoint((other.id, *other.names)):
            raise DataError(f"{keep.folder}: {other.name} is to be forgotten and to be kept. Remove one.")
    taken = {e.id for e in keep.entities}
    first = tuple(e for e in people.entities if e.id not in taken)
    pictures = Counter(p.id for e in (*first, *keep.entities) for p in e.portraits)
    double = next((p for p, count in pictures.items() if count > 1), None)
    if double:
        raise DataError(f"{keep.folder}: a picture '{double}' is in {people.folder} too. Rename one.")
    strangers = {p.id: p for p in (*people.strangers, *keep.strangers)}
    return replace(people, entities=(*first, *keep.entities), strangers=tuple(strangers.values()))
