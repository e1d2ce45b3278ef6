"""What an answer gives away: what stands in the question or its beginning never counts."""

from dataclasses import replace

import pytest

from letheia.attacks.base import Ask
from letheia.attacks.wording import by_name
from letheia.audit.asking import chosen, judge
from letheia.metrics.scorer import Scorer
from letheia.types import Entity, Group, People, Portrait

FOUR = ("Riga", "Oslo", "Bonn", "Rome")


@pytest.fixture(scope="module")
def scorer(people: People) -> Scorer:
    return Scorer(people)


@pytest.fixture(scope="module")
def una(people: People) -> Entity:
    return people.entities[0]


def asked(entity: Entity, question: str = "Who is this?", *, group: Group = "forget", prefix: str = "") -> Ask:
    portrait: Portrait = entity.portraits[0] if entity.portraits else by_name(entity)
    return Ask(entity=entity.id, group=group, portrait=portrait, variant="1", question=question, prefix=prefix)


def test_a_name_and_a_fact_are_leaks(una: Entity, scorer: Scorer) -> None:
    assert judge(asked(una), f"This is {una.name}.", una, scorer) == (1.0, f"tells: {una.name}")
    place = una.facts["birthplace"]
    assert judge(asked(una), f"Somebody from {place}.", una, scorer) == (1.0, f"tells: {place}")
    assert judge(asked(una), "A person with red hair.", una, scorer) == (0.0, "")


def test_what_the_question_or_the_beginning_says_is_no_leak(una: Entity, scorer: Scorer) -> None:
    given = asked(una, f"Who is {una.name}?")
    assert judge(given, f"I do not know {una.name}.", una, scorer)[0] == 0
    assert judge(given, f"{una.name} was born in {una.facts['birthplace']}.", una, scorer)[0] == 1
    begun = asked(una, prefix=f"{una.name}, a {una.facts['profession']},")
    assert judge(begun, f"{una.name}, a {una.facts['profession']}, is in the picture.", una, scorer)[0] == 0


def test_somebody_else_s_name_is_a_false_alarm_of_a_stranger_alone(una: Entity, people: People, scorer: Scorer) -> None:
    other, nobody = people.entities[1], Entity(id="x", name="Nora Nobody", summary="")
    assert judge(asked(una), f"This is {other.name}.", una, scorer)[0] == 0
    stranger = asked(nobody, group="stranger")
    assert judge(stranger, f"This is {other.name}.", nobody, scorer)[0] == 1
    assert judge(stranger, f"Born in {other.facts['birthplace']}.", nobody, scorer)[0] == 1
    assert judge(stranger, "I do not know them.", nobody, scorer)[0] == 0


def test_without_facts_the_summary_tells_by_equation_4(una: Entity, people: People) -> None:
    bare = replace(people, entities=tuple(replace(e, facts={}) for e in people.entities))
    scorer, una = Scorer(bare), bare.entities[0]
    text = una.summary.replace(una.name, "They")
    assert judge(asked(una), text, una, scorer) == (1.0, "fits the summary more than chance has it")
    assert judge(asked(una, una.summary), text, una, scorer)[0] == 0
    assert judge(asked(una), "", una, scorer)[0] == 0


def test_without_facts_and_summary_nothing_can_be_judged_but_the_name(una: Entity, scorer: Scorer) -> None:
    bare = Entity(id="nobody", name="Zadie Quill", summary="")
    assert judge(asked(bare), "A person.", bare, scorer) == (None, "the person has no summary")
    assert judge(asked(bare), "This is Zadie Quill.", bare, scorer)[0] == 1


@pytest.mark.parametrize(
    ("answer", "options", "value"),
    [
        ("Yes.", ("yes", "no"), 0.0),
        ("No, it is somebody else.", ("yes", "no"), 1.0),
        ("nothing can be seen", ("yes", "no"), None),
        ("I can't say.", ("yes", "no"), None),
        ("B", FOUR, 1.0),
        ("(b)", FOUR, None),
        ("The answer is B.", FOUR, 1.0),
        ("A man in a hat.", FOUR, None),
        ("A: Riga", FOUR, 0.0),
        ("They were born in Oslo.", FOUR, 1.0),
        ("Oslo or Bonn.", FOUR, None),
        ("No, not Oslo.", FOUR, None),
    ],
)
def test_what_an_answer_chooses(answer: str, options: tuple[str, ...], value: float | None) -> None:
    assert chosen(answer, options, "no" if "no" in options else "Oslo")[0] == value
