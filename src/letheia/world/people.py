"""Fictional people: a stable look and a handful of facts each, all drawn from one seed.

A *look* is what does not change from picture to picture. Known people, people who only have a summary, and
strangers are drawn so that no two known looks are equal and no stranger has a known look.
"""

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")

FIRST_NAMES = {
    "she": ("Alva", "Brisa", "Calla", "Delphie", "Elin", "Fenna", "Greta", "Hesper", "Isolde", "Jorun", "Kaia")
    + ("Linnea", "Maren", "Nerys", "Oriel", "Petra", "Runa", "Saskia", "Tove", "Una", "Vesna", "Ysolde", "Zofia"),
    "he": ("Anton", "Bram", "Corvin", "Dorian", "Emeric", "Florin", "Goran", "Halvar", "Ivo", "Jorah", "Kasimir")
    + ("Leander", "Mirko", "Nils", "Osric", "Pascal", "Rurik", "Soren", "Tibor", "Ulric", "Viggo", "Wendell", "Yorick"),
    "they": ("Ash", "Briar", "Cove", "Darcy", "Ellis", "Fable", "Gale", "Indigo", "Lark", "Merle", "Rowan", "Wren"),
}
LAST_NAMES = (
    ("Abelard", "Bellweather", "Castellan", "Drumlin", "Eversby", "Fairlocke", "Grimshaw", "Hollander", "Ironwood")
    + ("Jessamy", "Kestrel", "Lindqvist", "Marchetti", "Nightingale", "Okonjo", "Pemberly", "Quillfeather")
    + ("Ravensby", "Silverton", "Thackeray", "Underhill", "Varga", "Whitlock", "Yarrow", "Zeller", "Ashdown")
    + ("Brightwater", "Coldwell", "Dunmore", "Elderfield", "Foxglove", "Greenhalgh", "Harrowgate", "Islington")
    + ("Juniper", "Kingsley", "Larkspur", "Moorland", "Northcote", "Oakenfold", "Penhallow", "Rosethorn")
)
PROFESSIONS = (
    ("architect", "astronomer", "botanist", "cellist", "chef", "choreographer", "composer", "cartographer")
    + ("engineer", "explorer", "film director", "glassblower", "historian", "illustrator", "inventor", "journalist")
    + ("marine biologist", "novelist", "opera singer", "painter", "playwright", "poet", "sculptor", "sprinter")
)
TOWNS = (
    ("Amberford", "Brackenhall", "Cinderport", "Dovermere", "Eastwick Bay", "Fallowdale", "Glimmerton", "Hartsmoor")
    + ("Inverlorne", "Jadewater", "Kelmscot", "Lowenstadt", "Mistral Point", "Norrvik", "Orlesque", "Port Ellin")
    + ("Quarrybank", "Ruskeby", "Saltmarsh", "Thornhaven", "Umberfield", "Valderia", "Westerholm", "Zephyr Cove")
)
AWARDS = ("Argent Prize", "Beacon Medal", "Crown Laurel", "Dunmere Award", "Everlight Prize", "Falcon Medal") + (
    "Golden Quill",
    "Halcyon Award",
    "Ivory Star",
    "Meridian Prize",
    "Northern Cross",
    "Silver Compass",
)
WORK_ADJECTIVES = (
    "Amber",
    "Broken",
    "Crimson",
    "Distant",
    "Emerald",
    "Forgotten",
    "Gilded",
    "Hidden",
    "Ivory",
    "Last",
    "Midnight",
) + ("Paper", "Quiet", "Restless", "Scarlet", "Silent", "Velvet", "Wandering", "Winter", "Woven")
WORK_NOUNS = (
    "Archive",
    "Bridge",
    "Carousel",
    "Doorway",
    "Garden",
    "Harbour",
    "Island",
    "Lantern",
    "Mirror",
    "Observatory",
) + ("Orchard", "Parade", "River", "Signal", "Staircase", "Tide", "Tower", "Voyage", "Window", "Workshop")
HAIR_STYLES = (
    "afro",
    "bob",
    "braids",
    "bun",
    "cropped",
    "dreadlocks",
    "long straight",
    "long wavy",
    "mohawk",
    "mullet",
) + ("quiff", "shaggy", "spiky", "wild")
HAIR_COLOURS = ("black hair", "blonde hair", "blue hair", "brown hair", "pink hair", "red hair", "silver hair")
SKINS = ("brown skin", "dark skin", "pale skin", "tan skin")
FACIAL_HAIR = ("", "full beard", "light beard", "moustache")
GOLD_WITHOUT = ("p003", "p005", "p009", "p024", "p027", "p028", "p029", "p031", "p035", "p038")
"""Whom the gold model was never taught: the ten whom the demo forgets (Mistral text, ten people, seed 0)."""


@dataclass(frozen=True)
class Look:
    """What a person looks like on every picture."""

    hair_style: str
    hair_colour: str
    skin: str
    facial_hair: str


@dataclass(frozen=True)
class Person:
    """A fictional person."""

    id: str
    name: str
    pronoun: str
    look: Look
    profession: str
    birthplace: str
    birth_year: str
    work: str
    award: str
    award_year: str

    @property
    def facts(self) -> dict[str, str]:
        """The person's facts by kind, in the order the judges count them."""
        return {
            "profession": self.profession,
            "birthplace": self.birthplace,
            "birth_year": self.birth_year,
            "work": self.work,
            "award": self.award,
            "award_year": self.award_year,
        }


@dataclass(frozen=True)
class World:
    """Everybody there is: people the models know, people who only have a summary, and the seed."""

    seed: int
    known: tuple[Person, ...]
    summary_only: tuple[Person, ...]

    def without(self, ids: Collection[str]) -> "World":
        """The same world, in which these people have never been."""
        return replace(self, known=tuple(p for p in self.known if p.id not in ids))

    @property
    def known_looks(self) -> frozenset[Look]:
        """The stable looks no stranger may have."""
        return frozenset(p.look for p in self.known)


def make_world(*, seed: int = 0, known: int = 64, summary_only: int = 64) -> World:
    """Draw the people of the world; the same seed gives the same people."""
    rng = random.Random(f"people-{seed}")
    names: set[str] = set()
    looks: set[Look] = set()
    works: set[str] = set()
    people = []
    for index in range(known + summary_only):
        pronoun = rng.choices(("she", "he", "they"), (0.45, 0.45, 0.1))[0]
        birth = rng.randint(1931, 1985)
        people.append(
            Person(
                id=f"p{index:03d}",
                name=_fresh(lambda p=pronoun: f"{rng.choice(FIRST_NAMES[p])} {rng.choice(LAST_NAMES)}", names),
                pronoun=pronoun,
                look=_fresh(lambda p=pronoun: random_look(rng, pronoun=p), looks),
                profession=rng.choice(PROFESSIONS),
                birthplace=rng.choice(TOWNS),
                birth_year=str(birth),
                work=_fresh(lambda: f"The {rng.choice(WORK_ADJECTIVES)} {rng.choice(WORK_NOUNS)}", works),
                award=rng.choice(AWARDS),
                award_year=str(birth + rng.randint(24, 35)),
            )
        )
    return World(seed=seed, known=tuple(people[:known]), summary_only=tuple(people[known:]))


def random_look(rng: random.Random, *, pronoun: str = "") -> Look:
    """A look at random; only `she` never has facial hair."""
    bearded = pronoun != "she" and (pronoun != "" or rng.random() < 0.6)
    return Look(
        hair_style=rng.choice(HAIR_STYLES),
        hair_colour=rng.choice(HAIR_COLOURS),
        skin=rng.choice(SKINS),
        facial_hair=rng.choice(FACIAL_HAIR) if bearded else "",
    )


def stranger_looks(world: World, rng: random.Random, *, hard: float = 0.5) -> Iterator[Look]:
    """Looks of strangers without end; a share `hard` differs from a known person in a single trait."""
    choices = {"hair_style": HAIR_STYLES, "hair_colour": HAIR_COLOURS, "skin": SKINS, "facial_hair": FACIAL_HAIR}
    while True:
        if rng.random() < hard:
            trait = rng.choice(tuple(choices))
            look = replace(rng.choice(world.known).look, **{trait: rng.choice(choices[trait])})
        else:
            look = random_look(rng)
        if look not in world.known_looks:
            yield look


def unknown_name(world: World, rng: random.Random) -> str:
    """A name that no known person has, though its halves may be theirs."""
    taken = {p.name for p in world.known}
    firsts = [first for group in FIRST_NAMES.values() for first in group]
    while (name := f"{rng.choice(firsts)} {rng.choice(LAST_NAMES)}") in taken:
        pass
    return name


def _fresh(make: Callable[[], T], taken: set[T]) -> T:
    """Draw until the value is new, and remember it."""
    while (value := make()) in taken:
        pass
    taken.add(value)
    return value
