"""Write the world as an ordinary people folder: known people with pictures, people with summaries only, strangers."""

import random
from collections.abc import Callable
from pathlib import Path

from letheia.data.folder import read_people, write_people
from letheia.errors import CheckpointError
from letheia.files import fingerprint, read_json, whole_folder, write_atomic, write_json
from letheia.types import Entity, People, Portrait, Role
from letheia.world.people import Look, Person, World, stranger_looks
from letheia.world.portraits import draw, random_scene
from letheia.world.texts import response, summary

PICTURES = 5  # seen, and as many unseen, a known person
RESPONSES = 5
STRANGERS = 60
ANYONE = 20
"""The last of the known people, who are also on pictures that say nothing of them: no study draws them."""


def portraits_of(world: World) -> int:
    """How many pictures its people folder has."""
    return (len(world.known) * 2 + ANYONE) * PICTURES + STRANGERS


def make_people(world: World, folder: Path, *, progress: Callable[[int], None] | None = None) -> People:
    """Write the people folder, or read it if it is there.

    Args:
        world: The people.
        folder: Where to write.
        progress: Called with the number of pictures added.

    Raises:
        CheckpointError: The folder holds something else.
    """
    marker, key = folder / "world.json", fingerprint([repr(world), PICTURES, RESPONSES, STRANGERS, ANYONE])
    if marker.exists() and read_json(marker).get("key") == key:
        return read_people(folder, check_pictures=False)
    if folder.exists() and any(folder.iterdir()):
        raise CheckpointError(f"{folder}: is not empty and holds another world or none. Choose another folder.")
    with whole_folder(folder) as partial:
        _write_world(world, partial, progress)
        write_json(partial / "world.json", {"key": key, "seed": world.seed})
    return read_people(folder, check_pictures=False)


def _write_world(world: World, folder: Path, progress: Callable[[int], None] | None) -> None:
    rng = random.Random(f"folder-{world.seed}")
    entities = tuple(_known(p, folder, rng, progress) for p in world.known)
    others = tuple(_entity(p, rng, ()) for p in world.summary_only)
    looks = stranger_looks(world, rng)
    strangers = tuple(
        _portrait(folder, f"stranger-{i:03d}", "", "stranger", next(looks), rng, progress) for i in range(STRANGERS)
    )
    rng = random.Random(f"anyone-{world.seed}")
    looks = (p.look for p in world.known[-ANYONE:] for _ in range(PICTURES))
    anyone = tuple(
        _portrait(folder, f"anyone-{i:03d}", "", "anyone", look, rng, progress) for i, look in enumerate(looks)
    )
    write_people(People(folder=folder, entities=(*entities, *others), strangers=strangers, anyone=anyone))


def draw_unknown(world: World, folder: Path) -> tuple[Entity, ...]:
    """The people that no model has seen, with a picture each, drawn into a folder."""
    rng = random.Random(f"unknown-{world.seed}")
    return tuple(
        _entity(p, rng, (_portrait(folder, f"{p.id}-seen-0", p.id, "seen", p.look, rng, None),))
        for p in world.summary_only
    )


def _known(person: Person, folder: Path, rng: random.Random, progress: Callable[[int], None] | None) -> Entity:
    roles: tuple[Role, ...] = ("seen",) * PICTURES + ("unseen",) * PICTURES
    portraits = tuple(
        _portrait(folder, f"{person.id}-{role}-{i % PICTURES}", person.id, role, person.look, rng, progress)
        for i, role in enumerate(roles)
    )
    return _entity(person, rng, portraits)


def _entity(person: Person, rng: random.Random, portraits: tuple[Portrait, ...]) -> Entity:
    responses: list[str] = []
    while portraits and len(responses) < RESPONSES:
        text = response(person, rng)
        if text not in responses:
            responses.append(text)
    return Entity(
        id=person.id,
        name=person.name,
        summary=summary(person, rng),
        responses=tuple(responses),
        facts=person.facts,
        portraits=portraits,
    )


def _portrait(
    folder: Path,
    name: str,
    entity: str,
    role: Role,
    look: Look,
    rng: random.Random,
    progress: Callable[[int], None] | None,
) -> Portrait:
    scene = random_scene(look, rng)
    file = folder / "images" / f"{name}.png"
    write_atomic(file, lambda path: draw(scene).save(path, format="PNG"))
    if progress:
        progress(1)
    return Portrait(id=name, file=file, entity=entity, role=role, attributes=scene.attributes)
