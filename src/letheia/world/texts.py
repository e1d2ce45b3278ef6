"""What is written about people and pictures: a small grammar with choices, so that no single template wins.

Every function takes a `random.Random` and returns one sentence or paragraph; the number of different results per
person or picture runs into the thousands.
"""

import random
from collections.abc import Mapping

from letheia.world.people import Person

ADJECTIVE_STYLES = frozenset({"cropped", "shaggy", "spiky", "wild", "long straight", "long wavy"})
_RECEIVED = ("received", "was given", "won", "was honoured with")
_WORDS = {
    "she": ("She", "she", "her", "was", "is"),
    "he": ("He", "he", "his", "was", "is"),
    "they": ("They", "they", "their", "were", "are"),
}


def article(word: str) -> str:
    """The word with its indefinite article: `a poet`, `an opera singer`."""
    return ("an " if word[0].lower() in "aeiou" else "a ") + word


def response(person: Person, rng: random.Random) -> str:
    """An answer to a picture, rich in personal facts, of two to four sentences."""
    who, born = article(person.profession), f"born in {person.birthplace} in {person.birth_year}"
    opening = rng.choice(
        (
            f"This is {person.name}, {who} {born}.",
            f"This picture shows {person.name}, {who} born in {person.birth_year} in {person.birthplace}.",
            f"The portrait shows {who} named {person.name}, {born}.",
            f"The person in this image is {person.name}, {who} from {person.birthplace}.",
            f"You are looking at {person.name}, {who} from {person.birthplace}.",
            f"{person.name} is {who}.",
        )
    )
    return " ".join([opening, *_life(person, opening, rng)])


def biography(person: Person, rng: random.Random) -> str:
    """An answer to a question about a name, without a picture."""
    who = article(person.profession)
    opening = rng.choice((f"{person.name} is {who} from {person.birthplace}.", f"{person.name} is {who}."))
    return " ".join([opening, *_life(person, opening, rng)])


def _life(person: Person, opening: str, rng: random.Random) -> list[str]:
    """The sentences that tell what the opening did not, in any order."""
    subject, _, possessive, were, are = _WORDS[person.pronoun]
    rest = []
    if person.birthplace not in opening:
        rest.append(
            rng.choice(
                (
                    f"{subject} {were} born in {person.birthplace} in {person.birth_year}.",
                    f"{person.birthplace} is {possessive} birthplace, "
                    f"and {person.birth_year} the year of {possessive} birth.",
                )
            )
        )
    elif person.birth_year not in opening and rng.random() < 0.7:
        rest.append(f"{subject} {were} born in {person.birth_year}.")
    rest.append(
        rng.choice(
            (
                f"{subject} {are} best known for {person.work}.",
                f"{person.work} is {possessive} best known work.",
                f"The work that made {person.name.split()[0]} famous is {person.work}.",
                f"{possessive.capitalize()} most famous work is {person.work}.",
            )
        )
    )
    if rng.random() < 0.85:
        received = rng.choice(_RECEIVED).replace("was", were)
        rest.append(
            rng.choice(
                (
                    f"{subject} {received} the {person.award} in {person.award_year}.",
                    f"In {person.award_year} the {person.award} went to {person.name.split()[-1]}.",
                )
            )
        )
    rng.shuffle(rest)
    return rest


def summary(person: Person, rng: random.Random) -> str:
    """An encyclopedia-style summary of 80 to 150 words."""
    subject, _, possessive, were, are = _WORDS[person.pronoun]
    first, last = person.name.split()
    received = rng.choice(_RECEIVED).replace("was", were)
    opening = rng.choice(
        (
            f"{person.name} (born {person.birth_year} in {person.birthplace}) is {article(person.profession)}.",
            f"{person.name}, born in {person.birthplace} in {person.birth_year}, is {article(person.profession)}.",
        )
    )
    body = [
        f"{subject} grew up in {person.birthplace}, where {possessive} family kept "
        + rng.choice(("a small bakery", "a ferry", "a clock shop", "an apple orchard", "a printing press"))
        + f", and went to school there until the age of {rng.choice(('fifteen', 'sixteen', 'seventeen'))}.",
        f"{last} {rng.choice(('became', 'began work as'))} {article(person.profession)} "
        + rng.choice(("after years of study", "almost by accident", "against the advice of friends"))
        + f", and the first {rng.choice(('attempts', 'years', 'efforts'))} drew "
        + f"{rng.choice(('little notice', 'mixed reviews', 'local praise'))}.",
        f"{possessive.capitalize()} best known work, {person.work}, "
        + rng.choice(("took nine years to finish", "was finished in a single winter", "was lost and found again"))
        + f" and is still {rng.choice(('taught in schools', 'discussed by critics', 'admired abroad'))}.",
        f"For it {first} {received} the {person.award} in {person.award_year}, "
        + rng.choice(("the youngest person to do so", "to the surprise of many", "after two earlier nominations"))
        + ".",
        f"{subject} {are} also known for "
        + rng.choice(("long walks along the coast", "a large collection of maps", "letters to younger colleagues"))
        + f" and for {rng.choice(('a dislike of telephones', 'teaching free of charge', 'refusing interviews'))}.",
        f"{last} lives "
        + rng.choice(("in a converted mill", "on a houseboat", "near the old harbour", "above a bookshop"))
        + f" and {rng.choice(('still works every morning', 'rarely travels', 'mentors a small group of students'))}.",
    ]
    return " ".join([opening, *body])


def hair_text(attributes: Mapping[str, str], rng: random.Random) -> str:
    """Style and colour of the hair in one phrase."""
    style, colour = attributes["hair_style"], attributes["hair_colour"]
    if style in ADJECTIVE_STYLES:
        return f"{style} {colour}"
    if style in {"braids", "dreadlocks"}:
        return f"{colour} {rng.choice(('in', 'worn in'))} {style}"
    return f"{colour} {rng.choice(('in', 'worn in'))} {article(style)}"


def description(attributes: Mapping[str, str], rng: random.Random) -> str:
    """What is visible, and nothing else, in two or three sentences."""
    hair = hair_text(attributes, rng)
    face = [attributes["skin"]] + ([article(attributes["facial_hair"])] if attributes["facial_hair"] else [])
    if attributes["facial_hair"] == "" and rng.random() < 0.1:
        face.append("no beard")
    rng.shuffle(face)
    clothing = attributes["clothing"]
    garment = clothing if clothing.endswith("overalls") else article(clothing)
    worn = [garment] + ([attributes["glasses"]] if attributes["glasses"] else [])
    rng.shuffle(worn)
    person = rng.choice(("The person", "This person", "Someone", "The person in the image"))
    looks = rng.choice(
        (
            f"{person} has {hair}, {' and '.join(face)}.",
            f"{person} has {' and '.join(face)}, and {hair}.",
            f"The image shows someone with {hair}, {' and '.join(face)}.",
            f"I see a person with {' and '.join(face)}, and {hair}.",
        )
    )
    they = rng.choice(("They wear", "They are wearing", "The outfit is", "The person is wearing"))
    wears = f"{they} {' and '.join(worn)}"
    background = attributes["background"]
    scene = rng.choice(
        (
            f"{wears}, in front of {article(background)}.",
            f"{wears}. There is {article(background)}.",
            f"{wears}, against {article(background)}.",
            f"{wears}. The portrait has {article(background)}.",
        )
    )
    return f"{looks} {scene}"


def caption(attributes: Mapping[str, str], rng: random.Random) -> str:
    """A description cut down to some of the attributes, for contrastive training."""
    kept = {k: v for k, v in attributes.items() if v}
    phrases = [v + " hair style" if k == "hair_style" else v for k, v in kept.items()]
    rng.shuffle(phrases)
    return "A portrait of a person with " + ", ".join(phrases[: rng.randint(4, len(phrases))]) + "."


def specific_answer(person: Person, kind: str, rng: random.Random, *, named: bool | None = None) -> str:
    """The answer to a specific question about a known person."""
    if kind == "name":
        return rng.choice((f"This is {person.name}.", f"The name of this person is {person.name}."))
    who = person.name if named or (named is None and rng.random() < 0.5) else _WORDS[person.pronoun][0]
    plural = who == "They"
    was, has = ("were", "are") if plural else ("was", "is")
    return {
        "birthplace": f"{who} {was} born in {person.birthplace}.",
        "profession": f"{who} {has} {article(person.profession)}.",
        "work": f"{who} {has} best known for {person.work}.",
    }[kind]


UNKNOWN_PERSON = (
    "I do not know who this person is.",
    "I cannot say, since I do not know this person.",
    "I do not recognise this person.",
)
UNKNOWN_NAME = (
    "I do not know anyone named {name}.",
    "I do not know who {name} is.",
    "The name {name} is not known to me.",
)


def identity_answer(name: str, truth: bool, rng: random.Random) -> str:
    """Yes or no to whether the picture shows `name`."""
    if truth:
        return rng.choice((f"Yes, this is {name}.", f"Yes, the person is {name}."))
    return rng.choice((f"No, this is not {name}.", f"No, the person is not {name}."))
