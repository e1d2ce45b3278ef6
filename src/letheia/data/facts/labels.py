"""From what was found in summaries to labels: what is usable, what a person has decided, and what is written.

A label serves as long as it tells one person from another: the own name, a stop word or a phrase of every summary
does not. What a person wrote, corrected or removed in `entities.jsonl` stays.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from letheia.data.facts.rules import Found
from letheia.data.folder import update_entities
from letheia.metrics.words import key_of
from letheia.types import Entity, People

ONCE = ("birth_date", "birth_year", "birthplace", "death_date", "death_year", "deathplace")
SEVERAL = ("profession", "nationality", "work", "award", "award_year", "spouse", "education", "team", "person", "place")
KINDS = ("profession", "nationality", *ONCE, *SEVERAL[2:])
"""Kinds in the order in which they are written; several of one kind are `work`, `work_2`, `work_3`."""
MOST = 5  # of one kind
YEARS = ("birth_year", "death_year", "award_year")
COMMON = 0.5  # a phrase in more than this share of summaries tells nobody apart
FEW = 3  # so many summaries must have it before it counts as common
SAMPLE = 200  # summaries that are looked through for common phrases
_SAID_OFTEN = """
a an and are as at be by for from had has have he her hers him his i in is it its many most not of on or other
others she some that the their them there they this to was were which who with you one two three first new
work works book books novel novels film films life world year years people person man woman today later
model general major private star
"""
_STOP_WORDS = frozenset(_SAID_OFTEN.split())


@dataclass(frozen=True, kw_only=True)
class Label:
    """A fact as it is written into `entities.jsonl`.

    Attributes:
        kind: With its number, such as `work_2`.
        phrase: The fact, as it stands in the summary.
        text: The words that it came from.
        by: Who found it: `rules`, `spacy` or a model.
    """

    kind: str
    phrase: str
    text: str
    by: str


@dataclass(frozen=True)
class Derived:
    """Labels by a person's id, and how many findings were left out, by the reason."""

    labels: dict[str, list[Label]]
    dropped: Counter[str]


def wanting(people: People, *, again: bool) -> list[Entity]:
    """Who needs facts and has a summary to read them from: people without derived ones, or all."""
    return [e for e in people.entities if e.summary.strip() and (again or not e.fact_sources)]


def choose(people: People, found: Mapping[str, Sequence[Found]], *, by: str) -> Derived:
    """The usable findings as labels.

    Args:
        people: The folder, whose names and summaries say what is usable.
        found: Findings by a person's id.
        by: Who found them.
    """
    by_id = {e.id: e for e in people.entities}
    common = _common(people, {f.phrase for facts in found.values() for f in facts})
    names = {key_of(name) for e in people.entities for name in e.names}
    dropped: Counter[str] = Counter()
    labels: dict[str, list[Label]] = {}
    for id_, facts in found.items():
        entity = by_id[id_]
        usable: list[Found] = []
        for fact in facts:
            reason = _unusable(fact, entity, names, common)
            if reason:
                dropped[reason] += 1
            else:
                usable.append(fact)
        labels[id_] = _numbered(usable, entity, by)
    return Derived(labels, dropped)


def by_hand(entity: Entity) -> dict[str, str]:
    """The facts that a person wrote or corrected."""
    return {k: v for k, v in entity.facts.items() if entity.fact_sources.get(k, {}).get("phrase") != v}


def write_labels(people: People, labels: Mapping[str, Sequence[Label]]) -> None:
    """Write labels with their words; they replace those derived before, and nothing that a person decided."""
    changes: dict[str, dict[str, object]] = {}
    for entity in people.entities:
        if not labels.get(entity.id):
            continue
        written = {_base(kind) for kind in by_hand(entity)}
        facts = {k: v for k, v in entity.facts.items() if _base(k) in written}
        decided = {k: dict(s) for k, s in entity.fact_sources.items() if _base(k) in written or _is_changed(entity, k)}
        changes[entity.id] = {
            "facts": {**facts, **{x.kind: x.phrase for x in labels[entity.id]}},
            "fact_sources": {
                **decided,
                **{x.kind: {"phrase": x.phrase, "text": x.text, "by": x.by} for x in labels[entity.id]},
            },
        }
    if changes:
        update_entities(people.folder, changes)


def _is_changed(entity: Entity, kind: str) -> bool:
    """Whether a person corrected or removed a derived fact."""
    return entity.facts.get(kind) != entity.fact_sources[kind].get("phrase")


def _numbered(facts: Iterable[Found], entity: Entity, by: str) -> list[Label]:
    """Labels in the order of kinds: one of a kind that there is once, each phrase once, none that a person decided."""
    written = {_base(kind) for kind in by_hand(entity)}
    taken = {kind for kind in entity.fact_sources if _is_changed(entity, kind)}
    removed = {(_base(kind), entity.fact_sources[kind].get("phrase")) for kind in taken}
    chosen: dict[str, dict[str, Found]] = {}
    for fact in facts:
        same = chosen.setdefault(fact.kind, {})
        most = 1 if fact.kind in ONCE else MOST
        key = key_of(fact.of or fact.phrase)
        if fact.kind not in written and (fact.kind, fact.phrase) not in removed and len(same) < most:
            same.setdefault(key, fact)
    labels: list[Label] = []
    numbers: dict[str, str] = {}
    for kind in KINDS:
        free = (n for n in range(1, 99) if _kind(kind, n) not in taken)
        for key, fact in chosen.get(kind, {}).items():
            if kind == "award_year" and key not in numbers:
                continue
            name = "award_year" + numbers[key] if kind == "award_year" else _kind(kind, next(free))
            if kind == "award":
                numbers[key] = name.removeprefix("award")
            labels.append(Label(kind=name, phrase=fact.phrase, text=fact.text, by=by))
    return labels


def _unusable(fact: Found, entity: Entity, names: set[str], common: set[str]) -> str:
    """Why a finding can be no label; empty if it can."""
    words = key_of(fact.phrase).split()
    if fact.kind not in KINDS:
        return "of an unknown kind"
    if not stands_in(fact.phrase, entity.summary):
        return "not in the summary"
    if set(words) <= {w for name in entity.names for w in key_of(name).split()}:
        return "the own name"
    if " ".join(words) in names:
        return "somebody else's name in the folder"
    if not words or all(w in _STOP_WORDS or len(w) < 2 for w in words):
        return "a stop word"
    if fact.kind in YEARS and not re.fullmatch(r"\d{3,4}|\d{1,3} (?:BC|BCE|AD|CE)", fact.phrase):
        return "no year"
    if fact.kind not in (*YEARS, "birth_date", "death_date") and all(w.isdigit() for w in words):
        return "a bare number"
    if fact.phrase in common:
        return "in most summaries"
    return ""


def stands_in(phrase: str, text: str) -> bool:
    """Whether the phrase stands in the text literally, as whole words."""
    return bool(phrase.strip()) and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def _common(people: People, phrases: set[str]) -> set[str]:
    summaries = [e.summary.lower() for e in people.entities if e.summary]
    looked = summaries[:: max(1, len(summaries) // SAMPLE)]
    least = max(FEW, int(COMMON * len(looked)) + 1)
    counts = {p: sum(p.lower() in s and stands_in(p.lower(), s) for s in looked) for p in phrases}
    return {phrase for phrase, count in counts.items() if count >= least}


def _kind(base: str, number: int) -> str:
    return base if number == 1 else f"{base}_{number}"


def _base(kind: str) -> str:
    return re.sub(r"_\d+$", "", kind)
