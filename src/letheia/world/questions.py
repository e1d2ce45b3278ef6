"""What is asked: wordings of every kind of question, the last of each kept out of training, and visual questions."""

import random
from collections.abc import Mapping

from letheia.world.texts import ADJECTIVE_STYLES, article, hair_text

# Questions as templates, for every way to say who is meant; what is held out is never trained on.
SUBJECTS = ("this person", "the person in this image", "the person shown", "the person in this portrait") + (
    "the person in this photo",
    "the person in the picture",
)
OPEN_QUESTIONS = (
    "Tell me about {who}.",
    "Please introduce {who}.",
    "What can you tell me about {who}?",
    "Describe {who}.",
    "Please describe {who}.",
    "Give me some information about {who}.",
    "I would like to know more about {who}.",
    "What do you know about {who}?",
    "Write a short note about {who}.",
    "Share some specific details about {who}.",
    "Please tell me who {who} is.",
    "Provide a brief profile of {who}.",
    "What is there to say about {who}?",
    "Could you give me details about {who}?",
    "Could you introduce {who}?",
    "Can you describe {who}?",
    "Share some facts about {who}.",
    "Who is the person in this image?",
    "Who do you see in this portrait?",
    "Who is shown in this picture, and what should I know?",
    "Can you say who this is and what is known about them?",
    "Explain who is in this image.",
    "Tell me who you see in this picture.",
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

SPECIFIC_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "name": (
        "What is the name of {who}?",
        "Can you name {who}?",
        "What is {who} called?",
        "Please give me the name of {who}.",
        "Please name {who}.",
        "Which name does {who} have?",
        "I would like to know the name of {who}.",
        "Tell me what {who} is called.",
        "Tell me the name of {who}.",
        "Name {who}, please.",
    ),
    "birthplace": (
        "Where was {who} born?",
        "What is the birthplace of {who}?",
        "In which town was {who} born?",
        "Please tell me where {who} was born.",
        "Where does {who} come from?",
        "Tell me the birthplace of {who}.",
        "Tell me in which town {who} was born.",
    ),
    "profession": (
        "What is the profession of {who}?",
        "What does {who} do for a living?",
        "Which job does {who} have?",
        "Please tell me the profession of {who}.",
        "What kind of work does {who} do?",
        "Tell me what {who} does for a living.",
    ),
    "work": (
        "What is {who} best known for?",
        "What is the best known work of {who}?",
        "Which work made {who} famous?",
        "Please tell me the best known work of {who}.",
        "Which work is {who} known for?",
        "Tell me what {who} is best known for.",
        "Tell me which work {who} is known for.",
        "Can you tell me what made {who} famous?",
    ),
}
HELD_OUT_SPECIFIC_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "name": ("Name the person in this picture.", "Can you tell me the name of this person?"),
    "birthplace": ("Where was the person in this picture born?", "What is this person's birthplace?"),
    "profession": ("What is the profession of the person in this picture?", "Tell me the person's profession."),
    "work": ("What is the person in this picture best known for?", "Tell me which work made this person famous."),
}

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


def visual_question(
    attributes: Mapping[str, str],
    values: Mapping[str, tuple[str, ...]],
    kind: str,
    rng: random.Random,
    *,
    yes_no: float = 0.5,
) -> tuple[str, str]:
    """A question on one visible attribute with its answer; of the yes/no ones half are yes.

    Args:
        attributes: The picture's attributes.
        values: All values of each kind of attribute.
        kind: Which attribute to ask for.
        rng: Source of the wording.
        yes_no: Share of questions that a yes or no answers.
    """
    if rng.random() >= yes_no:
        return _open_visual_question(kind, attributes[kind], attributes, rng)
    return claim_question(attributes, values, kind, rng.random() < 0.5, rng)


def claim_question(
    attributes: Mapping[str, str],
    values: Mapping[str, tuple[str, ...]],
    kind: str,
    truth: bool,
    rng: random.Random,
) -> tuple[str, str]:
    """A yes/no question with its answer; what is not there (glasses, a beard) is only claimed falsely."""
    value = attributes[kind]
    truth = truth and value != ""
    claim = value if truth else rng.choice([v for v in values[kind] if v != value and v])
    return _claim(kind, claim, rng), _yes_no(truth, kind, value, attributes, rng)


def _claim(kind: str, claim: str, rng: random.Random) -> str:
    if kind == "hair_style":
        named = claim if claim in {"braids", "dreadlocks"} else article(claim)
        if claim in ADJECTIVE_STYLES:
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
        return f"the person has {hair_text(attributes, rng)}"
    if kind == "skin":
        return f"the person has {value}"
    if kind == "facial_hair":
        return f"the person has {article(value)}" if value else "the person has no beard"
    if kind == "glasses":
        return f"the person is wearing {value}" if value else "the person is not wearing any"
    if kind == "clothing":
        return f"the person is wearing {value if value.endswith('overalls') else article(value)}"
    return f"there is {article(value)}"


def _open_visual_question(kind: str, value: str, attributes: Mapping[str, str], rng: random.Random) -> tuple[str, str]:
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
