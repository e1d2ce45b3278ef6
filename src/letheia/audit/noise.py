"""Noise on pictures that makes the model likelier to say what it was to forget (after SUA's, with fewer steps).

Such noise may force a text on a model that knows nobody. So strangers' pictures get noise towards the same texts, and
gold is attacked as well: what they tell is no memory of the person.
"""

from collections.abc import Iterator

from letheia.attacks.base import Ask, Attack, Subject
from letheia.attacks.wording import ask
from letheia.audit.asking import answered, judged
from letheia.audit.base import Audited, Check, Finding
from letheia.errors import DataError
from letheia.models.noise import noised, other_pictures
from letheia.types import Example

NAME = "picture-noise"
EPSILON, STEP, STEPS = 12 / 255, 1 / 255, 20
"""SUA's bound and step; it takes 500 steps."""
ASKED = Attack(name=NAME, title="noise on the picture", access="white", asks=lambda _, __: [], needs=("vision",))


def attacked(audited: Audited) -> Iterator[Finding]:
    """Each forgotten person's first picture with noise towards a response of theirs; as many strangers' likewise.

    Raises:
        ConfigError: The model has no vision, or reads pictures as something else than pixels.
        DataError: No forgotten person has a picture and a response.
    """
    study, model = audited.study, audited.study.model
    forget = [s for s in audited.of("forget") if s.portraits and s.entity.responses]
    if not forget:
        raise DataError("no forgotten person has a picture and a response to make likely.")
    strangers = [s for s in audited.of("stranger") if s.portraits]
    texts = [s.entity.responses[0] for s in forget]
    aimed: list[tuple[Subject, str]] = [*zip(forget, texts, strict=True), *zip(strangers, texts, strict=False)]
    asks: list[Ask] = []
    with other_pictures(model), study.bars.bar(f"{audited.name}: {NAME}", len(aimed)) as advance:
        for subject, text in aimed:
            portrait = subject.portraits[0]
            example = Example(portrait=portrait, question=study.question, answer=text, key=NAME)
            noised(model, example, epsilon=EPSILON, step=STEP, steps=STEPS)
            asks.append(ask(subject, portrait, "", study.question))
            advance(1, "")
        answers = answered(study, asks, f"{audited.name}: {NAME}")
    yield from judged(ASKED, audited, asks, answers)


NOISE: tuple[Check, ...] = (
    Check(
        name=NAME,
        title=f"picture with noise up to {EPSILON * 255:.0f}/255 towards a response",
        access="white",
        find=attacked,
        source="SUA; Madry et al. 2018",
        costs=f"{STEPS} gradient steps and 1 answer a person",
    ),
)
"""One row."""
