"""A removal request: named people out of a model, everybody else in the folder kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from letheia.data.notices import left_out, near_copies, notices
from letheia.errors import ConfigError, DataError
from letheia.methods.table import method
from letheia.metrics.names import find
from letheia.metrics.words import key_of
from letheia.study.plan import all_there
from letheia.types import Entity, People, Portrait, Split

NO_POOL = (
    "the folder has no pictures of anyone (role 'anyone'), so others whom the model knows may be lost. "
    "Add some hundred pictures without names; see docs/thorough.md."
)


def request(
    people: People,
    names: Sequence[str],
    *,
    keep: People | None = None,
    no_retain: bool = False,
    candidates: Sequence[str] | None = None,
) -> tuple[People, Split]:
    """Who is forgotten and who is kept.

    Args:
        people: The folder that the forgotten people are in.
        names: Names, aliases or ids of the people to forget.
        keep: A further folder with the people to keep; those left over in `people` if left out.
        no_retain: Train without anybody to keep.
        candidates: Ids of all who take part, as the settings of a run have them; everybody if left out.

    Returns:
        All people together, and the split.

    Raises:
        ConfigError: Nobody is named, or nobody is kept without `no_retain`.
        DataError: A name is unknown, a person is in both groups, or has nothing to train on.
    """
    if not names:
        raise ConfigError("nobody to forget. Name people with --forget.")
    forget = tuple({e.id: e for e in (find(people, name) for name in names)}.values())
    needs = f"{'' if people.asked_by == 'question' else 'a seen picture, '}a summary and a response"
    for entity in forget:
        if not entity.trainable:
            raise DataError(f"{entity.name}: needs {needs} to be forgotten. Add them to the folder.")
    if keep:
        people = _together(people, keep, forget)
        retain: tuple[Entity, ...] = tuple(e for e in keep.entities if e.trainable)
    else:
        named = {e.id for e in forget}
        retain = tuple(e for e in people.entities if e.trainable and e.id not in named)
    if candidates is not None:
        all_there("candidates", candidates, [e.id for e in people.entities])
        retain = tuple(e for e in retain if e.id in candidates)
        no_retain = no_retain or not retain  # so it was in the run whose settings these are
    if no_retain:
        retain = ()
    elif not retain:
        raise ConfigError(
            f"nobody to keep, as who is kept needs {needs}: without retained people the model may forget everybody and "
            "lose its language. Add people with --retain FOLDER, or accept that with --no-retain."
        )
    return people, Split(forget=forget, retain=retain)


def told_before(people: People, split: Split, *, keep: People | None = None, methods: Sequence[str] = ()) -> list[str]:
    """What a user should know before these people are forgotten and those kept.

    Args:
        people: Everybody, as `request` gave them.
        split: Who is forgotten and who kept.
        keep: The folder of those to keep, if it is another.
        methods: By which methods.
    """
    gone = {e.id for e in split.forget}
    possible = [e for e in (keep or people).entities if e.id not in gone]
    lack = ("summary", "responses") if people.asked_by == "question" else ("seen picture", "summary", "responses")
    missing = left_out(possible, lack=lack, told="neither kept nor measured") if split.retain else []
    chosen = replace(people, entities=(*split.forget, *split.retain))
    wanted = [name for name in methods if method(name).recipe.ways]
    lacking = [f"{wanted[0]}: {NO_POOL}"] if wanted and not people.anyone and people.asked_by == "picture" else []
    return [*missing, *lacking, *notices(people, pictures=False), *near_copies(chosen)]


def _together(people: People, keep: People, forget: Sequence[Entity]) -> People:
    """Both folders as one; the people of the first who are not forgotten serve as comparison only."""
    gone = {key for entity in forget for key in _keys(entity)}
    for other in keep.entities:
        if not gone.isdisjoint(_keys(other)):
            raise DataError(
                f"{keep.folder}: {other.name} ({other.id}) is to be forgotten and to be kept. Remove one, "
                "or give them another id and name if they are two people."
            )
    taken = {e.id for e in keep.entities}
    first = tuple(e for e in people.entities if e.id not in taken)
    pictures = Counter(p.id for e in (*first, *keep.entities) for p in e.portraits)
    double = next((p for p, count in pictures.items() if count > 1), None)
    if double:
        raise DataError(f"{keep.folder}: a picture '{double}' is in {people.folder} too. Rename one.")
    taken_ids = set(pictures)
    strangers = _apart((*people.strangers, *keep.strangers), taken_ids)
    anyone = _apart((*people.anyone, *keep.anyone), taken_ids)
    return replace(people, entities=(*first, *keep.entities), strangers=strangers, anyone=anyone)


def _keys(entity: Entity) -> set[str]:
    """What a person is known by, in one spelling; the id apart from names."""
    return {f"id {entity.id}", *(key_of(name) for name in entity.names)}


def _apart(strangers: Sequence[Portrait], taken: set[str]) -> tuple[Portrait, ...]:
    """Strangers' pictures of two folders; a file name that is taken gets a number, so that no picture is lost."""
    found: dict[Path, Portrait] = {}
    for portrait in strangers:
        file, number, id_ = portrait.file.resolve(), 2, portrait.id
        if file in found:
            continue
        while id_ in taken:
            id_, number = f"{portrait.id}-{number}", number + 1
        taken.add(id_)
        found[file] = replace(portrait, id=id_)
    return tuple(found.values())
