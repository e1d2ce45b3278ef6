"""The grey-box rows on a small untrained model and on findings worked out by hand."""

from dataclasses import replace

import pytest

from letheia.attacks.base import Subject
from letheia.audit.base import GOLD, LIKELIHOOD, MEMBERSHIP, Audited, Finding
from letheia.audit.indistinguishable import masked, told_apart
from letheia.audit.membership import MEMBER, MEMBERSHIPS, members
from letheia.audit.names import NAMES, PREFIXES
from letheia.audit.probabilities import PROBABILITIES
from letheia.audit.results import Audit, audit_rows, read_audit, variant_rows, write_audit
from letheia.audit.separation import REFERENCE, distances, separation_rows, separations
from letheia.audit.told import TOLD
from letheia.audit.untaught import retold
from letheia.config import StudyConfig
from letheia.errors import DataError
from letheia.metrics.scorer import Scorer
from letheia.models.candidates import candidate_log_probs
from letheia.progress import Silent
from letheia.study.build import build
from letheia.types import ORIGINAL, Entity, Prompt, Split

CHECKS = {c.name: c for c in PROBABILITIES}


@pytest.fixture
def audited(model, people, tmp_path):
    """Two people to forget, two retained, two strangers with made-up names."""
    config = StudyConfig.create({"n": 2, "max_new_tokens": 8})
    study = build(config, people, model, Scorer(people), folder=tmp_path, bars=Silent())
    groups = [("forget", people.entities[:2]), ("retain", people.entities[2:4])]
    asked = [Subject(entity=e, group=g, portraits=e.pictures("unseen")) for g, found in groups for e in found]
    for name, p in zip(("Ida Moorland", "Bo Varga"), people.strangers, strict=True):
        asked.append(Subject(entity=Entity(id=p.id, name=name, summary=""), group="stranger", portraits=(p,)))
    split = Split(forget=people.entities[:2], retain=people.entities[2:4])
    return Audited(name=ORIGINAL, study=study, split=split, subjects=tuple(asked))


def test_a_name_stands_where_its_log_probability_puts_it(audited, people):
    found = {c.name: list(c.find(audited)) for c in NAMES}
    names = [*(e.name for e in people.entities), "Ida Moorland", "Bo Varga"]
    first = audited.subjects[0]
    prompt = Prompt(audited.study.question, first.portraits[0], prefix=PREFIXES[0])
    (read,) = candidate_log_probs(audited.study.model, [prompt], [[f" {n}" for n in names]])
    own = read[0].log_prob  # the first person is the folder's first
    place = 1 + sum(c.log_prob > own for c in read)
    assert found["name-rank"][0].value == place
    assert found["name-first"][0].value == (place == 1)
    assert f"number {place} of {len(names)}" in found["name-rank"][0].reason
    assert all(len(f) == 6 * 2 * len(PREFIXES) for f in found.values())  # whole names, and by token
    assert audited.known.keys() == {"places of names"}


def test_names_in_questions_tell_nothing(audited, people):
    words = replace(people.entities[0].portraits[0], words="Who is she?")
    asked = replace(people, entities=(replace(people.entities[0], portraits=(words,)), *people.entities[1:]))
    study = replace(audited.study, people=asked)
    with pytest.raises(DataError, match="questions name the person"):
        list(CHECKS["name-rank"].find(replace(audited, study=study)))


def test_own_responses_are_read_once_for_all_rows(audited):
    for check in (*TOLD, *MEMBERSHIPS):
        found = list(check.find(audited))
        assert found and all(f.value is not None for f in found), check.name
    assert audited.known.keys() == {"own responses", "retold responses"}
    read = list(CHECKS[LIKELIHOOD].find(audited))
    assert {f.group for f in read} == {"forget", "retain", "stranger"} and all(0 < f.value < 1 for f in read)


def test_an_auc_is_the_mean_of_its_peoples_part(audited):
    found = [f for f in MEMBER.find(audited) if f.group == "forget" and f.variant == "loss"]
    whole, *own = found
    assert whole.entity == "" and [f.entity for f in own] == [s.entity.id for s in audited.of("forget")]
    assert whole.value == pytest.approx(sum(f.value for f in own) / 2)
    assert "strangers" in whole.reason


def test_without_strangers_retained_people_are_the_others_and_it_is_said(audited):
    found = members(replace(audited, subjects=audited.of("forget", "retain"), known={}))
    assert set(found.groups) == {"forget"} and len(found.others) == 2 and "retained people" in found.against
    with pytest.raises(DataError, match="nobody to compare with"):
        members(replace(audited, subjects=audited.of("forget"), known={}))


def test_a_response_is_retold_about_somebody_else():
    una = Entity(id="u", name="Una Varga", summary="", facts={"profession": "explorer", "birth_year": "1950"})
    bo = Entity(id="b", name="Bo Lind", summary="", facts={"profession": "poet", "birth_year": "1961"})
    text = "This is Una Varga, an explorer born in 1950. Una has hairy unarmed Vargas."
    assert retold(text, una, bo) == "This is Bo Lind, a poet born in 1961. Bo has hairy unarmed Vargas."
    assert retold("Nobody knows.", una, bo) == ""


def test_equal_answers_tell_nobody_apart_and_different_ones_everybody():
    same = {str(i): "A person with a smile." for i in range(6)}
    assert (told_apart(same, {f"s{i}": t for i, t in same.items()}) == 0.5).all()
    described = {str(i): f"A person with a smile, number {i}." for i in range(6)}
    unknown = {f"s{i}": f"I do not recognise this, number {i}." for i in range(7)}
    assert (told_apart(described, unknown) == 1).all()
    assert (told_apart({str(i): "" for i in range(5)}, {f"s{i}": "" for i in range(5)}) == 0.5).all()


def test_names_and_what_is_visible_are_masked():
    text = masked("Una's friend Vargas has Red hair; una varga.", ["Una Varga"], ["red hair", ""])
    assert text == "⟨name⟩'s friend Vargas has ⟨attribute⟩; una varga."


def finding(check, method, entity, value, *, group="forget", variant="", **more):
    return Finding(check=check, variant=variant, method=method, group=group, entity=entity, value=value, **more)


def test_a_check_that_can_not_tell_the_original_from_gold_is_marked():
    """Ten people: all 1 against all 0 wins every pair, equal numbers win half, and the mean over variants counts."""
    people = [f"p{i}" for i in range(10)]
    found = [finding("good", m, p, v, variant=w) for w in "ab" for p in people for m, v in ((ORIGINAL, 1.0), (GOLD, 0))]
    found += [finding("good", "bounded", p, 0.0) for p in people]
    found += [finding("blind", m, p, i % 2) for i, p in enumerate(people) for m in (ORIGINAL, GOLD)]
    rows = {(s.check, s.method): s for s in separations(found)}
    assert rows["good", ORIGINAL].auc == 1 and rows["good", ORIGINAL].tells
    assert rows["good", "bounded"].auc == 0.5 and rows["good", "bounded"].tells is False
    assert rows["blind", ORIGINAL].tells is False and rows["blind", ORIGINAL].people == 10
    assert separation_rows(list(rows.values()))[0][2:] == ("1.00", "0.72 to 1.00", "tells")
    few = separations([f for f in found if f.entity in people[:4]])
    assert few[0].auc == 1 and few[0].tells is None and few[0].reason == "no interval below 5 people"
    assert separations([f for f in found if f.method != GOLD]) == ()


def test_gold_is_the_reference_of_membership_and_what_distance_is_from():
    """Own responses are twice as likely as under gold, strangers' as likely: the ratio tells all pairs."""
    known = [("forget", f"p{i}", 0.5) for i in range(5)] + [("stranger", f"s{i}", 0.25) for i in range(5)]
    found = [finding(LIKELIHOOD, ORIGINAL, who, v, group=g) for g, who, v in known]
    found += [finding(LIKELIHOOD, GOLD, who, 0.25, group=g) for g, who, _ in known]
    (row,) = [s for s in separations(found) if s.check == REFERENCE]
    assert row.auc == 1 and row.method == ORIGINAL and row.people == 5
    auc = [finding(MEMBERSHIP, m, "", v, variant="loss") for m, v in ((ORIGINAL, 1.0), (GOLD, 0.5), ("bounded", 0.75))]
    assert {d.method: d.privleak for d in distances(auc)} == {ORIGINAL: -100, "bounded": -50}


def test_a_number_about_all_goes_before_its_peoples_and_is_kept(tmp_path):
    found = [finding(MEMBERSHIP, ORIGINAL, "", 0.75, variant="loss", low=0.5, high=1.0)]
    found += [finding(MEMBERSHIP, ORIGINAL, f"p{i}", i / 2, variant="loss") for i in range(3)]
    (row,) = audit_rows(MEMBER, found)
    assert (row.mean, row.low, row.high, row.people, row.answers) == (0.75, 0.5, 1.0, 3, 3)
    both = [*found, finding(MEMBERSHIP, ORIGINAL, "", 0.25, variant="zlib", low=0.0, high=0.5)]
    (row,) = audit_rows(MEMBER, both)
    assert (row.mean, row.low) == (0.5, None)
    assert [r.low for r in variant_rows(MEMBER, both)] == [0.5, 0.0]
    audit = Audit(
        base="m",
        models=(ORIGINAL, GOLD),
        gold=True,
        people={"forget": ("p0",)},
        rows=(row,),
        separation=separations([finding("a", m, f"p{i}", i) for m in (ORIGINAL, GOLD) for i in range(5)]),
        distances=distances([finding(MEMBERSHIP, m, "", 0.5, variant="loss") for m in (ORIGINAL, GOLD)]),
    )
    write_audit(tmp_path / "audit.json", audit)
    assert read_audit(tmp_path / "audit.json") == audit
