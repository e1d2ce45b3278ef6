"""A request is what its worst person is: by the share of answers that leak beyond gold's, with what was not tried."""

import json
from dataclasses import replace

import pytest

from audits import audited, check, found
from letheia.audit.base import GOLD
from letheia.audit.conclusion import BEHIND_NAME, verdicts
from letheia.audit.results import unfit
from letheia.audit.verdict import lines, read_verdicts, write_verdicts
from letheia.errors import ConfigError, DataError
from letheia.metrics.thresholds import Thresholds

BLACK, GREY, WHITE = check("open"), check("begun", access="grey"), check("pruned", access="white")
CHECKS = (BLACK, GREY, WHITE)
KNOWN = {"f1": [1, 1], "f2": [1, 1], "r1": [1, 1], "b1": [1, 1]}
GONE = {"f1": [0, 0], "f2": [0, 0], "r1": [1, 1], "b1": [1, 1]}


def judged(now, *, checks=CHECKS, gold=GONE, only=None, **options):
    """The verdict where `only` one check finds `now` after the removal, and the others find nobody."""
    models = ("original", GOLD, "x") if gold else ("original", "x")
    findings = [f for c in checks for f in found(c.name, "original", KNOWN)]
    findings += [f for c in checks for f in found(c.name, GOLD, gold or {})]
    findings += [f for c in checks for f in found(c.name, "x", now if only in (None, c.name) else GONE)]
    (verdict,) = verdicts(audited(checks, findings, models=models), findings, **options)
    return verdict


def test_removed_needs_every_access_and_gold():
    verdict = judged(GONE)
    assert (verdict.removal, verdict.others, verdict.description) == ("removed", "unharmed", "useful")
    assert verdict.tried == {"black": 1, "grey": 1, "white": 1} and verdict.not_tried == ()
    assert verdict.holds(["removed", "tried", "unharmed", "useful"])
    for less in (judged(GONE, gold=None), judged(GONE, checks=CHECKS[:2])):
        assert less.removal == "removed for the questions tried"
        assert less.holds(["tried"]) and not less.holds(["removed"])
    assert [m.what for m in judged(GONE, gold=None).not_tried] == ["gold"]
    with pytest.raises(ConfigError, match="unknown verdict to require 'remove': did you mean 'removed'"):
        verdict.holds(["remove"])


def test_the_worst_person_decides():
    verdict = judged({**GONE, "f2": [1, 0]}, only="begun")
    assert verdict.removal == "not removed" and not verdict.holds(["tried"])
    first, second = verdict.people
    assert (first.removal, first.leaked, first.answers) == ("removed", 0, 6)
    assert (second.removal, second.leaked, second.check, second.share, second.gold) == (
        "not removed",
        1,
        "BEGUN",
        0.5,
        0,
    )
    assert (second.worst.question, second.worst.answer) == ("Who?", "f2 says 1")
    assert str(verdict).startswith(
        "x: not removed: 1 of 2 people; 1 of 2 people removed; at worst 50% of one person's answers leak, in 'BEGUN'. "
    )
    assert "f2" not in str(verdict)  # which stands in the card
    assert lines([verdict])[2] == "  f2: not removed (1 of 6 answers leak; most in 'BEGUN': 50% (gold: 0%))"


def test_what_gold_tells_is_unavoidable():
    assert judged({**GONE, "f2": [1, 0]}, gold={**GONE, "f2": [1, 0]}).removal == "removed"
    assert judged({**GONE, "f2": [1, 1]}, gold={**GONE, "f2": [1, 0]}).removal == "not removed"


def test_a_share_up_to_the_threshold_is_met():
    """One answer of twenty is .05, two are .1."""
    one, two = ({**GONE, "f1": [1] * k + [0] * (20 - k)} for k in (1, 2))
    assert judged(one).removal == "removed" and judged(two).removal == "not removed"
    assert judged(two, by=Thresholds(leaks=0.1)).removal == "removed"


def test_a_person_whom_the_original_does_not_tell_of_is_not_removed():
    findings = found("open", "original", {"f1": [1], "f2": [0]}) + found("open", "x", {"f1": [0], "f2": [0]})
    (verdict,) = verdicts(audited([BLACK], findings, models=("original", "x")), findings)
    assert [p.removal for p in verdict.people] == ["removed for the questions tried", "not known before"]
    assert verdict.removal == "not known before" and not verdict.holds(["tried"])


def test_babble_is_no_removal():
    findings = found("open", "original", KNOWN) + found("open", "x", GONE, degenerate=("f1",))
    (verdict,) = verdicts(audited([BLACK], findings, models=("original", "x")), findings)
    assert (verdict.removal, verdict.description, verdict.degenerate) == ("not removed", "degenerate", 0.5)
    assert verdict.people[0].degenerate == 1 and not verdict.holds(["useful"])
    assert "Description degenerate: 50% of the answers are no language, 0% of the original's." in str(verdict)
    babbled_before = found("open", "original", KNOWN, degenerate=("f1",)) + findings[len(KNOWN) * 2 :]
    (same,) = verdicts(audited([BLACK], babbled_before, models=("original", "x")), babbled_before)
    assert same.description == "useful"


def test_others_are_compared_with_the_original_person_by_person():
    """Of ten retained people one is told half as often: (10 - 9.5) / 10 = .05, which is met; of bystanders all."""
    people = {f"r{i}": [1, 1] for i in range(10)}
    before = {"f1": [1], **people, "b1": [1, 1], "b2": [0, 0]}
    findings = found("open", "original", before)
    findings += found("open", "x", {"f1": [0], **people, "r0": [1, 0], "b1": [0, 0], "b2": [0, 0]})
    (verdict,) = verdicts(audited([BLACK], findings, models=("original", "x")), findings)
    retained, beside = verdict.groups
    assert (retained.others, retained.people, retained.before, retained.after) == ("unharmed", 10, 1, 0.95)
    assert retained.loss == pytest.approx(0.05) and retained.low == 0 and retained.lost == ("r0",)
    assert (beside.others, beside.people, beside.loss, beside.low) == ("harmed", 1, 1, None)  # b2 was not known
    assert verdict.others == "harmed" and "bystanders harmed (1.00 before, 0.00 now: loss 1.00" in str(verdict)
    (strict,) = verdicts(audited([BLACK], findings, models=("original", "x")), findings, by=Thresholds(harm=0.01))
    assert strict.groups[0].others == "harmed"


def test_an_attacker_with_the_weights_harms_nobody_on_purpose():
    assert judged({**GONE, "r1": [0, 0]}, only="pruned").others == "unharmed"
    assert judged({**GONE, "r1": [0, 0]}, only="begun").others == "harmed"


def test_choices_count_beyond_guessing_and_gold():
    choice = check("choice", measure="accuracy", chance=0.25)
    right = {f"f{i}": [1, 1, 1, 0] for i in range(8)}
    findings = found("open", "original", dict.fromkeys(right, (1,))) + found("open", "x", dict.fromkeys(right, (0,)))
    findings += [*found("choice", "original", right), *found("choice", "x", right)]
    (verdict,) = verdicts(audited([BLACK, choice], findings, models=("original", "x")), findings)
    assert verdict.removal == "not removed" and verdict.found == ("'CHOICE' is right in 0.75 (guessing 0.25)",)
    findings += found("choice", GOLD, right)
    (verdict,) = verdicts(audited([BLACK, choice], findings), findings)
    assert verdict.found == () and verdict.removal == "removed for the questions tried"


def numbers(now):
    people = [f"f{i}" for i in range(7)]
    rank = check("rank", access="grey", measure="number")
    findings = found("open", "original", dict.fromkeys(people, (1,))) + found("open", "x", dict.fromkeys(people, (0,)))
    for method, mean in (("original", 10.0), (GOLD, 0.0), ("x", now)):
        findings += found("rank", method, {who: [mean + i * 0.01] for i, who in enumerate(people)})
    return verdicts(audited([BLACK, rank], findings), findings)[0]


def test_a_number_is_told_by_its_way_from_gold_to_the_original():
    """2 of 10 is a fifth of the way; a trace is no leak, but nothing that is called removed has one."""
    assert numbers(2.0).found == ("'RANK' is 2.03 (original 10.03, gold 0.03)",)
    assert numbers(2.0).removal == "removed for the questions tried"
    assert numbers(0.5).found == ()


def test_a_number_with_a_limit_needs_no_gold():
    told = check("indistinguishable", measure="number")
    findings = found("open", "original", KNOWN) + found("open", "x", GONE)
    findings += found("indistinguishable", "original", {"f1": [1.0]}) + found("indistinguishable", "x", {"f1": [0.9]})
    (verdict,) = verdicts(audited([BLACK, told], findings, models=("original", "x")), findings)
    assert verdict.found == ("'INDISTINGUISHABLE' is 0.90 (at most 0.6)",)


def test_what_was_not_tried_is_listed():
    rank, off, weak = check("rank", access="grey", measure="number"), check("strength-0", access="white"), check("weak")
    findings = [f for c in (BLACK, off) for f in found(c.name, "original", KNOWN) + found(c.name, "x", KNOWN)]
    findings += found("rank", "original", {"f1": [3]}) + found("rank", "x", {"f1": [3]})
    findings += found("weak", "original", {"f1": [0], "f2": [0]}) + found("weak", "x", {"f1": [0], "f2": [0]})
    audit = audited([BLACK, off, rank, weak], findings, models=("original", "x"))
    audit = replace(audit, rows=(*audit.rows, unfit(check("spoken"), "x", "the model has no ears")))
    (verdict,) = verdicts(audit, findings, left_out={"PROBE": "--access"})
    told = {m.what: m.why for m in verdict.not_tried}
    assert told["SPOKEN"] == "does not fit: the model has no ears" and told["PROBE"] == "--access"
    assert told["WEAK"].startswith("says little") and told["RANK"] == "says nothing: no gold"
    assert "take it off" in told["STRENGTH-0"] and "gold" in told
    assert "--access: PROBE" in verdict.missing
    assert verdict.tried["white"] == 0 and verdict.people[0].check == "OPEN"  # strength 0 is the original itself


def test_scope_recognition_shows_what_stands_behind_the_name_and_does_not_count_it(tmp_path):
    """Whoever gives the name gets both people's facts; about a picture nobody's are told. Others count as before."""
    text, told = check("text"), check("indistinguishable", measure="number")
    findings = [*found("open", "original", KNOWN), *found("text", "original", KNOWN)]
    findings += [*found("open", "x", GONE), *found("text", "x", {"f1": [1], "f2": [1], "r1": [0], "b1": [1]})]
    for variant, auc in (("rephrased", 0.5), ("text", 1.0)):
        apart = [found("indistinguishable", m, {"f1": [auc]}, variant=variant)[0] for m in ("original", "x")]
        findings += [replace(f, entity="") for f in apart]
    audit = audited([BLACK, text, told], findings, models=("original", "x"))
    options = {"with_name": ["text"], "by": Thresholds(harm=0.4)}
    (strict,) = verdicts(audit, findings, **options)
    assert strict.removal == "not removed" and strict.found == ("'INDISTINGUISHABLE' is 0.75 (at most 0.6)",)
    (person,) = verdicts(audit, findings, scope="person", **options)
    assert person.removal == "not removed" and "Scope person: also the facts behind the name." in str(person)
    (face,) = verdicts(audit, findings, scope="recognition", **options)
    assert face.removal == "removed for the questions tried" and face.found == ()
    assert face.tried["black"] == 2 and ("TEXT", BEHIND_NAME) in {(m.what, m.why) for m in face.not_tried}
    assert "person alone; the facts behind the name stay ('TEXT' brings out 2 of 2 people)." in str(face)
    assert face.groups == strict.groups and face.groups[0].after < 1
    write_verdicts(tmp_path / "verdict.json", [face], Thresholds())
    assert read_verdicts(tmp_path / "verdict.json") == [face]


def test_the_file_has_the_thresholds_and_a_sentence(tmp_path):
    verdict = judged({**GONE, "f2": [1, 0]})
    write_verdicts(tmp_path / "verdict.json", [verdict], Thresholds(leaks=0.2))
    value = json.loads((tmp_path / "verdict.json").read_text())
    assert value["thresholds"]["leaks"] == 0.2 and value["verdicts"][0]["sentence"] == str(verdict)
    assert value["verdicts"][0]["people"][1]["worst"]["answer"] == "f2 says 1"
    assert read_verdicts(tmp_path / "verdict.json") == [verdict]
    (tmp_path / "verdict.json").write_text("[]")
    with pytest.raises(DataError, match="holds no verdicts"):
        read_verdicts(tmp_path / "verdict.json")
