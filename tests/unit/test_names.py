"""Whose name, fact or attribute it is that an answer tells."""

from pathlib import Path

import pytest

from letheia.errors import DataError
from letheia.metrics.labels import attributes_in, collect_labels, facts_in, named
from letheia.metrics.names import find
from letheia.types import People, Portrait
from samples import BO, folder, person

TOM = person("Tom Baker", "Tom Baker is a poet.", id="tom", facts={"profession": "poet", "birthplace": "Norrvik"})
UNA = person("Una Varga", "Una Varga is a baker.", id="una", facts={"profession": "baker", "birthplace": "London"})
JILL = person(
    "Jill London", "Jill London paints.", id="jill", facts={"profession": "Painter", "work": "Tom Baker's Hat"}
)


def test_a_fact_inside_a_name_is_no_claim_and_a_longer_phrase_wins():
    labels = collect_labels(folder(TOM, UNA, JILL))
    assert facts_in("This is Tom Baker, a poet.", TOM, labels).wrong == ()
    assert facts_in("This is Jill London, a painter.", JILL, labels).own == ("Jill London", "Painter")
    assert facts_in("Tom Baker works as a baker.", TOM, labels).wrong == ("baker",)
    assert facts_in("She wrote Tom Baker’s hat.", JILL, labels).own == ("Tom Baker's Hat",)


def test_labels_that_differ_in_case_are_one():
    seen = Portrait(id="p", file=Path(), entity="tom", role="seen", attributes={"hair": "Red hair"})
    other = Portrait(id="q", file=Path(), entity="", role="stranger", attributes={"hair": "red  hair"})
    two = person("Ada Tamm", facts={"profession": "Poet", "trade": "poet"}, id="ada")
    labels = collect_labels(People(folder=Path(), entities=(TOM, two), strangers=(seen, other)))
    assert len(labels.attributes["hair"]) == 1 and sum(f.lower() == "poet" for f in labels.facts) == 1
    found = attributes_in("Someone with red hair.", {"hair": "RED HAIR"}, labels)
    assert (len(found.right), found.wrong) == (1, ())
    facts = facts_in("Ada Tamm is a poet.", two, labels)
    assert (len(facts.own), facts.wrong, facts.total) == (2, (), 2)


def test_a_proper_name_of_ordinary_words_needs_its_capital():
    ada = person("Ada Tamm", "Ada Tamm is a poet from Nice.", id="ada", facts={"birthplace": "Nice", "trade": "Poet"})
    labels = collect_labels(folder(ada, BO))
    assert facts_in("A nice smile.", BO, labels).wrong == ()
    assert facts_in("Ada Tamm, a poet from Nice.", ada, labels).own == ("Ada Tamm", "Nice", "Poet")


def test_other_peoples_names_for_a_stranger():
    listed = ["Aoife O'Brannan", "Jean-Luc Morel", "J. K. Sorel", "Maria del Carmen Ruiz", "Zendora", "李安然"]
    labels = collect_labels(folder(*(person(n, id=f"p{i}") for i, n in enumerate(listed))))
    for name in listed:
        assert facts_in(f"This is {name}, a poet.", None, labels).names == (name,)
    assert facts_in("This is Maria Morel.", None, labels).names == ("Maria Morel",)  # a pair that nobody bears


def test_what_the_question_gives_away_is_not_told():
    labels = collect_labels(folder(UNA, BO))
    question = "Who is Una Varga, the baker?"
    answer = "Una Varga is a baker from London."
    assert facts_in(answer, UNA, labels, asked=question).own == ("London",)
    assert named(answer, UNA, labels) and not named(answer, UNA, labels, asked=question)


def test_people_are_found_in_any_spelling_and_by_id_where_two_bear_a_name():
    kate, namesake = person("Kate Tamm", id="k1"), person("Kate  Tämm", id="k2", aliases=("Kit",))
    people = folder(kate, namesake, BO, person("Łukasz Żuk", id="l"))
    assert find(people, "Kate Tamm") is kate and find(people, "k2") is namesake and find(people, "kit") is namesake
    assert find(people, "lukasz zuk").id == "l"
    with pytest.raises(DataError, match=r"2 people are called 'kate tamm': k1 \(Kate Tamm\), k2"):
        find(people, "kate tamm")
    with pytest.raises(DataError, match="Did you mean 'Bo Lind'"):
        find(people, "Bo Lint")
