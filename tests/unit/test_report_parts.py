"""What pages are made of: marks in answers, sentences about verdicts, four numbers a method, and people in order."""

from dataclasses import replace

import pytest

from letheia.audit.verdict import GroupVerdict, Missing, PersonVerdict, RequestVerdict
from letheia.metrics.labels import collect_labels
from letheia.metrics.results import Row
from letheia.report.glance import glance
from letheia.report.grids import grid_of_glance, grids_of
from letheia.report.marks import Piece, said, tone_of
from letheia.report.page import aftermaths_of
from letheia.report.people import IN_FULL, in_full, people_of
from letheia.report.redaction import Pseudonym
from letheia.report.sentences import compared, headline, may_tell, overall
from letheia.report.tables import numbers_of, run_tables


def row(people, pictures, metric, mean, method="bg", **more):
    return Row(model="m", method=method, n=2, seed=0, people=people, pictures=pictures, metric=metric, mean=mean,
               low=mean, high=mean, count=0 if mean is None else 4, unscored=0, **more)  # fmt: skip


def test_what_is_told_and_what_is_seen_is_marked(people):
    person = people.entities[0]
    portrait = person.portraits[0]
    seen = next(v for v in portrait.attributes.values() if v)
    fact = person.facts["birthplace"] if "birthplace" in person.facts else next(iter(person.facts.values()))
    answer = f"This is {person.name}, from {fact}, with {seen} – and more."
    shown = said(answer, "leaks", "forget", person, portrait, collect_labels(people))
    assert "".join(p.text for p in shown.pieces) == answer
    marked = {(p.text, p.kind) for p in shown.pieces if p.kind}
    assert marked >= {(person.name, "fact"), (fact, "fact"), (seen, "seen")}
    assert (shown.told, shown.tone) == ("tells the name and 1 fact", "bad")
    kept = said(answer, "leaks", "retain", person, portrait, collect_labels(people))
    assert kept.tone == "good"
    asked = said(f"{person.name} is a person.", "", "forget", person, None, collect_labels(people), asked=person.name)
    assert asked.pieces == (Piece(f"{person.name} is a person."),)
    assert said("I do not know.", "", "forget", person, None, collect_labels(people)).told.startswith("refuses")


def test_an_answer_is_whole_whatever_is_in_it(people):
    person, labels = people.entities[0], collect_labels(people)
    for text in ("", "&amp; <b>", person.name * 3, f"\u200b{person.name.upper()}\u0301 x", "名前 " + person.name):
        assert "".join(p.text for p in said(text, "", "forget", person, None, labels).pieces) == text


def test_what_is_good_of_one_group_is_bad_of_another():
    assert [tone_of("leaks", g) for g in ("forget", "retain", "bystander")] == ["bad", "good", "good"]
    assert [tone_of("grounded", g) for g in ("forget", "retain", "stranger")] == ["good", "poor", "good"]
    assert tone_of("another", "stranger") == "bad" and tone_of("unlabelled", "forget") == "plain"


def verdict(removal="removed for the questions tried", others="unharmed", **more):
    people = tuple(PersonVerdict(entity=f"p{i}", name=f"N{i}", removal=removal) for i in range(10))
    groups = (GroupVerdict(group="retain", others=others, people=15, before=1.0, after=0.9, loss=0.1),)
    given = {"method": "bounded", "people": people, "groups": groups, "description": "useful", **more}
    return RequestVerdict(removal=removal, others=others, **given)


def test_a_verdict_in_one_sentence():
    tried = verdict(tried={"black": 25, "grey": 6, "white": 0})
    assert headline(tried) == (
        "10 of 10 people removed for the 31 ways of asking that were tried; 15 of 15 retained people unharmed"
    )
    assert "31 ways of asking" in may_tell(tried) and "other ways were not tried" in may_tell(tried)
    assert "one question that was tried" in headline(verdict())
    bad = verdict("not removed", "harmed", description="degenerate", degenerate=0.07)
    assert headline(bad) == (
        "10 of 10 people not removed; retained people harmed, who lose 10% of what was told of them; "
        "7% of the answers are no language"
    )
    assert may_tell(bad).startswith("Do not tell")
    told = tuple(replace(person, leaked=1) for person in bad.people)
    babble = replace(bad, people=tuple(replace(p, leaked=0) for p in bad.people), description="degenerate")
    assert may_tell(replace(bad, people=told)).endswith("still come out.")
    assert "no language show nothing" in may_tell(replace(babble, tried={"black": 31}))
    assert "all of them together" in may_tell(replace(babble, found=("'choices' is right",)))
    assert may_tell(replace(babble, tried={})).endswith("still come out, or nothing sensible does.")
    assert may_tell(replace(babble, tried={}, description="useful")).endswith("still come out.")
    one = replace(verdict("removed"), people=verdict("removed").people[:1], tried={"black": 1, "white": 2})
    assert headline(one).startswith("1 of 1 person removed, by the 1 way of asking and 2 ways of tampering")


def test_several_verdicts_in_one_sentence():
    good, bad = verdict(), verdict("not removed")
    assert overall([good]) == headline(good)
    assert overall([bad, replace(bad, method="pubg")]).startswith("None of the 2 adapters")
    assert overall([good, replace(bad, method="pubg")]).startswith("1 of 2 adapters removes everybody")
    with_gold = compared(good)
    assert with_gold != compared(replace(good, not_tried=(Missing(what="gold", why="none"),)))


def test_a_verdict_without_anybody_to_count_still_says_why():
    found = replace(verdict("removed"), removal="not removed", found=("'choices' is right",))
    assert headline(found).startswith("not removed: findings about the 10 people together")


def test_four_columns_with_the_unseen_first():
    rows = [
        row("forget", "unseen", "usr_strict", 1.0), row("forget", "seen", "usr_strict", 0.5),
        row("forget", "unseen", "attributes", None), row("forget", "unseen", "clipscore", 0.3),
        row("retain", "unseen", "named", 0.9), row("bystander", "unseen", "named_right", 0.4),
    ]  # fmt: skip
    found = glance(numbers_of(rows), ["bg"])
    assert [c.numbers[0].mean for c in found.columns] == [1.0, 0.3, 0.9, 0.4] and found.pictures == "unseen pictures"
    assert "unlearning success rate" in grid_of_glance(found, "2 people").note
    seen = glance(numbers_of([rows[1]]), ["bg"], asked_by="question")
    assert [c.numbers[0].mean for c in seen.columns] == [0.5] and seen.pictures == "seen questions"


def test_a_table_is_split_so_that_nothing_is_hidden():
    rows = [row("forget", role, m, 0.5) for role in ("seen", "unseen") for m in ("usr", "usr_strict", "attributes")]
    table = run_tables(rows)[0]
    first, second = grids_of(table, asked_by="picture", interval="over people")
    assert "unseen pictures" in first.caption and "· seen pictures" in second.caption
    assert len(first.header) == len(second.header) == 4 and second.note and not first.note


def test_bars_have_no_group_without_answers():
    rows = [row("retain", "unseen", "aftermath_leaks", 0.75), row("retain", "unseen", "aftermath_grounded", 0.25)]
    shares = aftermaths_of(numbers_of(rows), ["bg", "pubg"], "retain", "unseen").shares
    assert {m: [(s.label, s.tone) for s in found] for m, found in shares.items()} == {
        "bg": [("leaks", "good"), ("grounded", "poor")]
    }
    assert not aftermaths_of(numbers_of(rows), ["bg"], "forget", "unseen").shares


@pytest.mark.parametrize("number", [3, 1000])
def test_of_many_people_the_worst_are_shown_in_full(number):
    people = tuple(
        PersonVerdict(entity=f"p{i}", name=f"N{i}", removal="not removed" if i == number - 1 else "removed", share=0.0)
        for i in range(number)
    )
    judged = [replace(verdict(), people=people)]
    shown = in_full([p.entity for p in people], judged)
    assert len(shown) == min(number, IN_FULL) and shown[0] == f"p{number - 1}"
    called = {p.entity: Pseudonym(f"Person {i}", "ab") for i, p in enumerate(people)}
    parts = people_of(judged, [], called, redacted=True)
    assert len(parts) == number and parts[-1].states["bounded"].tone == "bad" and parts[0].name == "Person 0"
