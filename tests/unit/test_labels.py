"""Which facts and attributes an answer tells, and whose they are."""

from hypothesis import given
from hypothesis import strategies as st

from letheia.metrics.aftermath import aftermath
from letheia.metrics.labels import Labels, attributes_in, facts_in, named, phrases_in
from letheia.types import Entity

UNA = Entity(
    id="una",
    name="Una Varga",
    summary="Una Varga is a poet.",
    facts={"profession": "poet", "birthplace": "Norrvik", "birth_year": "1950", "work": "The Last Tide"},
)
LABELS = Labels(
    facts=("The Last Tide", "The Paper Tower", "Norrvik", "Ruskeby", "painter", "poet", "1950", "1960"),
    attributes={"hair": ("red hair", "black hair"), "glasses": ("sunglasses",), "background": ("blue background",)},
    first_names=frozenset({"Una", "Bram"}),
    last_names=frozenset({"Varga", "Okonjo"}),
)


def test_phrases_are_whole_words_and_longest_first():
    assert phrases_in("a film director", ["director", "film director"]) == ("film director",)
    assert phrases_in("poetry", ["poet"]) == ()
    assert phrases_in("A Poet.", ["poet"]) == ("poet",)


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text):
    facts_in(text, UNA, LABELS)
    aftermath(text, facts_in(text, UNA, LABELS), attributes_in(text, {"hair": "red hair"}, LABELS))


def test_facts_are_told_apart():
    facts = facts_in("Una Varga, a painter from Norrvik, and Bram Varga.", UNA, LABELS)
    assert facts.own == ("Una Varga", "Norrvik")
    assert facts.wrong == ("Bram Varga", "painter")
    assert facts.total == 5
    assert named("This is una varga.", UNA)


def test_attributes_are_told_apart():
    seen = {"hair": "red hair", "glasses": "", "background": "blue background"}
    visible = attributes_in("Someone with red hair and sunglasses.", seen, LABELS)
    assert (visible.right, visible.wrong, visible.total) == (("red hair",), ("sunglasses",), 2)
