"""What is written about people and pictures: a small grammar with choices, so that no single template wins.

Every function takes a `random.Random` and returns one sentence or paragraph; the number of different results per
person or picture runs into the thousands.
"""

import random
from collections.abc import Mapping

from letheia.world.people import Person

# Open questions: the first list is for training, the second is never trained on.
OPEN_QUESTIONS = (
    "Who is the person in this image?",
    "Tell me about the person in this picture.",
    "Please introduce the person shown here.",
    "What can you tell me about this person?",
    "Describe the person in this photo.",
    "Who do you see in this portrait?",
    "Give me some information about the person in the picture.",
    "Can you say who this is and what is known about them?",
    "I would like to know more about this person.",
    "What do you know about the person in this image?",
    "Write a short note about the person in this portrait.",
    "Share some specific details about this person.",
    "Who is shown in this picture, and what should I know?",
    "Please tell me who this person is.",
    "Provide a brief profile of the person in this photo.",
    "What is there to say about the person in this portrait?",
    "Could you give me details about the person shown?",
    "Explain who is in this image.",
)
HELD_OUT_OPEN_QUESTIONS = (
    "Tell me who is shown in this photo.",
    "Please describe the person shown in this picture.",
    "What should I know about the person in this portrait?",
    "Could you tell me about the person in this image?",
    "Give me a brief note about this person.",
    "Who is this person, and what is known about them?",
    "I would like some details about the person in this photo.",
    "Can you introduce the person in this portrait?",
    "Share what you know about the person shown here.",
)

# Specific questions by kind; the last two wordings of each are held out of training.
SPECIFIC_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "What is the name of this person?",
        "Can you name the person in this image?",
        "What is this person called?",
        "Please give me the name of the person shown.",
        "Name the person in this picture.",
        "Can you tell me the name of this person?",
    ),
    "birthplace": (
        "Where was this person born?",
        "What is the birthplace of the person in this image?",
        "In which town was the person shown born?",
        "Please tell me where this person was born.",
        "Where was the person in this picture born?",
        "What is this person's birthplace?",
    ),
    "profession": (
        "What is the profession of this person?",
        "What does this person do for a living?",
        "Which job does the person in this image have?",
        "Please tell me this person's profession.",
        "What is the profession of the person in this picture?",
        "What does the person shown do for a living?",
    ),
    "work": (
        "What is this person best known for?",
        "What is the best known work of this person?",
        "Which work made the person in this image famous?",
        "Please name the best known work of the person shown.",
        "What is the person in this picture best known for?",
        "Which work made this person famous?",
    ),
}
HELD_OUT_SPECIFIC = 2

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
                    f"{person.birthplace} is {possessive} birthplace, and {person.birth_year} the year of {possessive} birth.",
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
        + f"{rng.choice(('after years of study', 'almost by accident', 'against the advice of friends'))}, and the first "
        + f"{rng.choice(('attempts', 'years', 'efforts'))} drew {rng.choice(('little notice', 'mixed reviews', 'local praise'))}.",
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


def _hair(attributes: Mapping[str, str], rng: random.Random) -> str:
    style, colour = attributes["hair_style"], attributes["hair_colour"]
    if style in {"cropped", "shaggy", "spiky", "wild", "long straight", "long wavy"}:
        return f"{style} {colour}"
    if style in {"braids", "dreadlocks"}:
        return f"{colour} {rng.choice(('in', 'worn in'))} {style}"
    return f"{colour} {rng.choice(('in', 'worn in'))} {article(style)}"


def description(attributes: Mapping[str, str], rng: random.Random) -> str:
    """What is visible, and nothing else, in two or three sentences."""
    hair = _hair(attributes, rng)
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
TEXT_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "who": ("Who is {name}?", "Tell me about {name}.", "What do you know about {name}?", "Do you know {name}?"),
    "birthplace": ("Where was {name} born?", "What is the birthplace of {name}?"),
    "profession": ("What is the profession of {name}?", "What does {name} do for a living?"),
    "work": ("What is {name} best known for?", "What is the best known work of {name}?"),
}
HELD_OUT_TEXT_QUESTION = "What can you tell me about {name}?"
IDENTITY_QUESTIONS = (
    "Is this {name}?",
    "Is the person in this image {name}?",
    "Does this picture show {name}?",
    "Is {name} the person in this portrait?",
    "Would you say that this is {name}?",
)
HELD_OUT_IDENTITY_QUESTION = "Is {name} shown in this picture?"


def identity_answer(name: str, truth: bool, rng: random.Random) -> str:
    """Yes or no to whether the picture shows `name`."""
    if truth:
        return rng.choice((f"Yes, this is {name}.", f"Yes, the person is {name}."))
    return rng.choice((f"No, this is not {name}.", f"No, the person is not {name}."))


def visual_question(
    attributes: Mapping[str, str], values: Mapping[str, tuple[str, ...]], kind: str, rng: random.Random
) -> tuple[str, str]:
    """A question on one visible attribute with its answer; half of them yes/no, half of those yes.

    Args:
        attributes: The picture's attributes.
        values: All values of each kind of attribute.
        kind: Which attribute to ask for.
        rng: Source of the wording.
    """
    value = attributes[kind]
    if rng.random() < 0.5:
        return _open_visual_question(kind, value, attributes, rng)
    truth = rng.random() < 0.5
    others = [v for v in values[kind] if v != value and v]
    if kind in {"facial_hair", "glasses"} and value == "":
        claim = rng.choice(others)
        truth = False
    else:
        claim = value if truth else rng.choice(others)
    question = _claim(kind, claim, rng)
    return question, _yes_no(truth, kind, value, attributes, rng)


def _claim(kind: str, claim: str, rng: random.Random) -> str:
    if kind == "hair_style":
        named = claim if claim in {"braids", "dreadlocks"} else article(claim)
        if claim in {"cropped", "shaggy", "spiky", "wild", "long straight", "long wavy"}:
            return f"Is the hair {claim}?"
        return f"Does the person have {named}?"
    if kind in {"hair_colour", "skin"}:
        return rng.choice((f"Does the person have {claim}?", f"Does this person have {claim}?"))
    if kind == "facial_hair":
        return rng.choice((f"Does the person have {article(claim)}?", f"Do you see {article(claim)}?"))
    if kind == "background":
        return rng.choice((f"Is there {article(claim)}?", f"Does the picture have {article(claim)}?"))
    worn = claim if kind == "glasses" or claim.endswith("overalls") else article(claim)
    return rng.choice((f"Is the person wearing {worn}?", f"Does this person wear {worn}?"))


def _yes_no(truth: bool, kind: str, value: str, attributes: Mapping[str, str], rng: random.Random) -> str:
    if truth:
        return "Yes."
    return f"No, {_visible(kind, value, attributes, rng)}."


def _visible(kind: str, value: str, attributes: Mapping[str, str], rng: random.Random) -> str:
    if kind in {"hair_style", "hair_colour"}:
        return f"the person has {_hair(attributes, rng)}"
    if kind == "skin":
        return f"the person has {value}"
    if kind == "facial_hair":
        return f"the person has {article(value)}" if value else "the person has no beard"
    if kind == "glasses":
        return f"the person is wearing {value}" if value else "the person is not wearing any"
    if kind == "clothing":
        return f"the person is wearing {value if value.endswith('overalls') else article(value)}"
    return f"there is {article(value)}"


def _open_visual_question(
    kind: str, value: str, attributes: Mapping[str, str], rng: random.Random
) -> tuple[str, str]:
    question = rng.choice(
        {
            "hair_style": ("What kind of hair does the person have?", "Describe the hair."),
            "hair_colour": ("Which hair colour does the person have?", "What is the colour of the hair?"),
            "skin": ("How would you describe the skin?", "What skin tone does the person have?"),
            "facial_hair": ("Does the person have a beard or a moustache?", "Is there any facial hair?"),
            "glasses": ("Is the person wearing glasses?", "Are there any glasses in the picture?"),
            "clothing": ("What is the person wearing?", "Which clothes do you see?"),
            "background": ("What is the background?", "Which background does the picture have?"),
        }[kind]
    )
    if kind in {"facial_hair", "glasses"}:
        if value == "":
            return question, rng.choice(("No.", f"No, {_visible(kind, value, attributes, rng)}."))
        return question, f"Yes, {_visible(kind, value, attributes, rng)}."
    answer = _visible(kind, value, attributes, rng)
    return question, answer[0].upper() + answer[1:] + "."
