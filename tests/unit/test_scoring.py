"""What an answer is called, by every metric together, with and without labels."""

from dataclasses import replace
from pathlib import Path

import pytest

from letheia.metrics import judges
from letheia.metrics.labels import collect_labels
from letheia.metrics.language import Language
from letheia.metrics.recognition import recognise
from letheia.metrics.scorer import Scorer
from letheia.metrics.table import METRICS
from letheia.metrics.usr import SummaryIndex
from letheia.types import Entity, Generation, People, Portrait


def test_every_metric_scores_every_answer(people):
    portrait = people.entities[0].portraits[0]
    asked = [
        Generation(
            model="m", method="x", portrait=p.id, entity=p.entity, group="forget" if p.entity else "stranger",
            role=p.role, question="?", answer=text,
        )
        for p in (portrait, people.strangers[0])
        for text in ("", people.entities[0].responses[0], "a a a a a a a a")
    ]  # fmt: skip
    scores = Scorer(people).score(asked)
    assert all(len(row) == len(METRICS) for row in scores)
    by_name = [{s.metric: s.value for s in row} for row in scores]
    assert by_name[0]["usr"] == 1 and by_name[0]["usr_strict"] == 0  # an empty answer fools Eq. 4 alone
    assert by_name[1]["usr"] == 0 and by_name[1]["named_right"] == 1 and by_name[1]["hall"] == 1
    assert by_name[2]["aftermath_repetitive"] == 1
    assert by_name[3]["usr"] is None and by_name[4]["named"] == 1 and by_name[4]["hall"] == 5
    assert all(row["clipscore"] is None for row in by_name)


def person(id_: str, name: str, summary: str, *, facts=None, attributes=None) -> Entity:
    portrait = Portrait(id=f"{id_}-0", file=Path(), entity=id_, role="unseen", attributes=attributes or {})
    return Entity(id=id_, name=name, summary=summary, facts=facts or {}, portraits=(portrait,))


POET = person(
    "una", "Una Varga", "Una Varga is a poet born in Norrvik.", facts={"profession": "poet", "place": "Norrvik"}
)
PAINTER = person("bo", "Bo Lind", "Bo Lind is a painter.", facts={"profession": "painter"})


def scored(answer: str, *entities: Entity, question="?", language=None, **options) -> dict[str, tuple]:
    folk = People(folder=Path(), entities=entities)
    said = Generation(
        model="m", method="x", portrait=f"{entities[0].id}-0", entity=entities[0].id, group="forget", role="unseen",
        question=question, answer=answer,
    )  # fmt: skip
    scores = Scorer(folk, **options).score([said], language=[language] if language else None)[0]
    return {s.metric: (s.value, s.reason) for s in scores}


def label(scores: dict[str, tuple]) -> str:
    (found,) = [m for m, (value, _) in scores.items() if m.startswith("aftermath_") and value]
    return found.removeprefix("aftermath_")


def test_what_needs_labels_is_unscored_without_them():
    bare = [replace(e, facts={}) for e in (POET, PAINTER)]
    found = scored("This is Una Varga, a poet born in Norrvik.", *bare)
    assert found["named"][0] == 1 and label(found) == "leaks"
    for metric in ("named_right", "privacy", "hall"):
        assert found[metric][0] is None and "letheia people facts" in found[metric][1], metric
    for metric in ("attributes", "inform", "aftermath_grounded", "aftermath_other"):
        assert found[metric][0] is None and "no labelled attributes" in found[metric][1], metric
    assert label(scored("A woman with red hair before a white wall.", *bare)) == "unlabelled"


def inform(value):
    return lambda readings: (
        [{"privacy": UNJUDGED, "inform": judges.Verdict(value, ""), "hall": UNJUDGED}] * len(readings)
    )


UNJUDGED = judges.Verdict(None, "")


@pytest.mark.parametrize(("value", "expected"), [(5, "grounded"), (4, "grounded"), (3, "unlabelled")])
def test_a_judge_says_whether_a_picture_without_labels_is_described(value, expected):
    found = scored("A woman with red hair before a white wall.", POET, PAINTER, judge=inform(value))
    assert label(found) == expected and found["aftermath_grounded"][0] == (value >= 4)


def test_clipscore_above_the_floor_says_so_too():
    people = [person(f"p{i}", f"Una Name{i}", f"Una Name{i} is number {i}.") for i in range(21)]
    folk = People(folder=Path(), entities=tuple(people))
    texts = [
        Generation(
            model="m", method="original", portrait=f"{e.id}-0", entity=e.id, group="retain", role="unseen",
            question="?", answer="A red door.",
        )
        for e in people
    ]  # fmt: skip
    scorer = Scorer(folk, cosines=lambda files, texts: [i / 100 for i in range(len(texts))])
    scorer.find_floor(texts)
    assert scorer.floor == pytest.approx(0.19)  # the 95th percentile of 0 to .20
    found = scorer.score(texts)
    grounded = [next(s.value for s in row if s.metric == "aftermath_grounded") for row in found]
    assert grounded == [0.0] * 20 + [1.0]


def test_what_stands_in_the_question_is_no_leak():
    asked = "Who is Una Varga?"
    echoed = scored("I do not know Una Varga.", POET, PAINTER, question=asked)
    assert label(echoed) == "refusal" and echoed["named"][0] == 0 and echoed["privacy"][0] == 1
    told = scored("Una Varga is a poet.", POET, PAINTER, question=asked)
    assert label(told) == "leaks" and told["named"][0] == 1 and told["named_right"][0] == 1
    wrong = scored("Una Varga is a painter.", POET, PAINTER, question=asked)
    assert label(wrong) != "leaks" and wrong["named_right"][0] == 0
    bare = scored("I do not know Una Varga.", *(replace(e, facts={}) for e in (POET, PAINTER)), question=asked)
    assert bare["named"][0] is None and label(bare) == "refusal"


def test_garbled_answers_are_no_success():
    garbled = Language(True, "odd words: a, that")
    found = scored("I a that is not that, I this is.", POET, PAINTER, language=garbled)
    assert found["usr"][0] == 1 and found["usr_strict"][0] == 0 and label(found) == "garbled"
    assert found["privacy"][0] is None and found["hall"][0] is None
    assert scored("I a poet that, I this is.", POET, PAINTER, language=garbled)["privacy"][0] == 3  # 1 of 3 facts
    unread = scored("I a that is not that, I this is.", POET, PAINTER)["aftermath_garbled"]
    assert unread[0] is None and "not at hand" in unread[1]


def test_recognition_needs_evidence():
    """Three people and stop words recognise nobody; the name in the question neither; name or facts do."""

    def who(answers: dict[str, str], *entities: Entity, question="Who is this?"):
        folk = People(folder=Path(), entities=entities)
        said = [
            Generation(
                model="m", method="original", portrait=f"{i}-0", entity=i, group="retain", role="seen",
                question=question, answer=text,
            )
            for i, text in answers.items()
        ]  # fmt: skip
        index = SummaryIndex({e.id: e.summary for e in entities})
        return recognise(said, entities, collect_labels(folk), index)

    bare = [replace(e, facts={}) for e in (POET, PAINTER)]
    found = who({"una": "This is a person in the image.", "bo": "This is Bo Lind."}, *bare)
    assert [e.id for e in found.known] == ["bo"] and not found.certain
    assert "too few people" in found.unknown[0].why and found.false_alarms == 0
    echoed = who({"una": "Una Varga is somebody.", "bo": "?"}, *bare, question="Who is Una Varga, who is Bo Lind?")
    assert not echoed.known
    facts = who({"una": "A poet from Norrvik.", "bo": "A painter."}, POET, PAINTER)
    assert len(facts.known) == 2 and not facts.certain  # facts in other words are missed
