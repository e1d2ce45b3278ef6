"""Finding labelled facts, names and visible attributes in a text.

Everything exact rests on this: a people folder carries the facts of its people and the attributes of its pictures as
phrases, and a claim is such a phrase standing in the answer, whoever it belongs to. `names` says what counts as a name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

from letheia.metrics.matcher import Form, Found, Match, Matcher, denied, phrase_form, settled
from letheia.metrics.names import family_forms, name_forms
from letheia.metrics.words import JOINED, Word, is_ordinary, key_of, words_in
from letheia.types import Entity, People


@dataclass(frozen=True)
class Labels:
    """All phrases of a labelled set.

    Attributes:
        facts: Every fact phrase of anybody, longest first; spellings of the same once.
        attributes: Every visible value by kind, longest first.
        first_names: First words of names.
        last_names: Last words of names.
        people: By a person's id, the ways to write their name.
        strict: Facts that count with their capitals only: proper names made of ordinary words, such as *Nice*.
    """

    facts: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    first_names: frozenset[str]
    last_names: frozenset[str]
    people: Mapping[str, tuple[Form, ...]] = field(default_factory=dict[str, tuple[Form, ...]])
    strict: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> Matcher:
        """Finds everybody's names."""
        return Matcher(f for forms in self.people.values() for f in forms)

    @cached_property
    def claims(self) -> Matcher:
        """Finds facts."""
        return Matcher(_forms(self.facts, self.strict))

    @cached_property
    def visible(self) -> Mapping[str, Matcher]:
        """Finds attributes, by kind."""
        return {kind: Matcher(_forms(values)) for kind, values in self.attributes.items()}

    @cached_property
    def find(self) -> Callable[[str], Found]:
        """Finds everything in a text; the last texts are remembered, as every metric asks about the same."""
        return lru_cache(maxsize=256)(partial(Found, names=self.names, claims=self.claims, visible=self.visible))

    @cached_property
    def pairs(self) -> tuple[frozenset[str], frozenset[str]]:
        """First and last names as they compare."""
        return frozenset(map(key_of, self.first_names)), frozenset(map(key_of, self.last_names))


@dataclass(frozen=True)
class Facts:
    """Personal claims in a text.

    Attributes:
        own: Claims that are true of the person, the name among them.
        wrong: Claims that are somebody else's or nobody's.
        total: How many facts the person has, the name among them.
        names: Full names in the text that are not the person's.
        named: Whether the text has the person's name.
    """

    own: tuple[str, ...]
    wrong: tuple[str, ...]
    total: int
    names: tuple[str, ...]
    named: bool = False


@dataclass(frozen=True)
class Visible:
    """Visible attributes in a text: phrases that match the picture, phrases that do not, and how many could match."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    total: int


def collect_labels(people: People) -> Labels:
    """Gather the phrases of a people folder."""
    pictures = [p for e in people.entities for p in e.portraits] + list(people.strangers)
    values: dict[str, set[str]] = {}
    for picture in pictures:
        for kind, value in picture.attributes.items():
            values.setdefault(kind, set()).add(value)
    names = [name.split() for e in people.entities for name in e.names]
    phrases = {f for e in people.entities for f in e.facts.values()} | {v for found in values.values() for v in found}
    written = {e.id: words_in(e.summary) for e in people.entities}
    read = (*written.values(), *map(words_in, phrases))
    common = frozenset(w.key for words in read for w in words if w.text[0].islower())
    return Labels(
        facts=_longest_first({f for e in people.entities for f in e.facts.values()}),
        attributes={kind: _longest_first(found) for kind, found in sorted(values.items())},
        first_names=frozenset(n[0] for n in names if len(n) > 1),
        last_names=frozenset(n[-1] for n in names if len(n) > 1),
        people=_people_forms(people.entities, written, common),
        strict=_strict_facts(people.entities, written, common),
    )


def _people_forms(
    entities: Iterable[Entity], written: Mapping[str, tuple[Word, ...]], common: frozenset[str]
) -> dict[str, tuple[Form, ...]]:
    """Everybody's forms; without shorter forms that are another's name, and family names that others' texts have."""
    forms = {e.id: [f for n in e.names for f in name_forms(n, e.id, common)] for e in entities}
    whole: dict[tuple[str, ...], set[str]] = {}
    for id_, own in forms.items():
        for form in own:
            if form.exact:
                whole.setdefault(form.keys, set()).add(id_)
    holders: dict[str, set[str]] = {}
    for entity in entities:
        texts = (written[entity.id], *map(words_in, (*entity.names, *entity.facts.values())))
        for key in {w.key for words in texts for w in words}:
            holders.setdefault(key, set()).add(entity.id)
    found: dict[str, tuple[Form, ...]] = {}
    for entity in entities:
        families = [
            f
            for n in entity.names
            for f in family_forms(n, entity.id)
            if not all(is_ordinary(k, common) for k in f.keys) and any(holders[k] == {entity.id} for k in f.keys)
        ]
        kept = [f for f in forms[entity.id] if f.exact or not whole.get(f.keys, set[str]()) - {entity.id}]
        found[entity.id] = (*kept, *families)
    return found


def _strict_facts(
    entities: Iterable[Entity], written: Mapping[str, tuple[Word, ...]], common: frozenset[str]
) -> frozenset[str]:
    """Facts of ordinary words with capitals that the person's own summary never writes without them."""
    strict: dict[str, bool] = {}
    for entity in entities:
        words = written[entity.id]
        for fact in entity.facts.values():
            capital, loose = phrase_form(fact, strict=True), phrase_form(fact)
            if not capital or not loose or not any(capital.capitals) or not any(c.isupper() for c in fact):
                continue
            if all(is_ordinary(k, common) for k in capital.keys):
                there = len(Matcher([loose]).find(words))
                proper = there > 0 and len(Matcher([capital]).find(words)) == there
                strict[key_of(fact)] = strict.get(key_of(fact), True) and proper
    return frozenset(key for key, proper in strict.items() if proper)


def phrases_in(text: str, phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases that occur in the text as whole words; a phrase inside a longer match is left out.

    >>> phrases_in("A film director from Port Ellin.", ["Port Ellin", "film director", "director"])
    ('Port Ellin', 'film director')
    """
    return _phrases(_compiled(tuple(phrases)).find(words_in(text)))


def named(text: str, entity: Entity, labels: Labels | None = None, *, asked: str = "") -> bool:
    """Whether the text has the person's name or an alias.

    Args:
        text: The text.
        entity: The person.
        labels: The folder's, without which a family name alone does not count.
        asked: The question; a name that it gives away is not counted.
    """
    labels = labels or _NOTHING
    return bool(_own(_names(text, entity, labels, asked), entity))


def facts_in(text: str, entity: Entity | None, labels: Labels, *, asked: str = "") -> Facts:
    """Personal claims in the text, divided into true and false ones of the person; a stranger has none.

    Args:
        text: The text.
        entity: The person; none for a stranger.
        labels: The folder's.
        asked: The question; names and facts that it gives away are not counted.
    """
    own_facts = {key_of(f) for f in entity.facts.values() if f} if entity else set[str]()
    names = _names(text, entity, labels, asked)
    own = _own(names, entity)
    at = {(m.start, m.end) for m in own}
    others = tuple(dict.fromkeys(m.form.phrase for m in names if (m.start, m.end) not in at))
    given = set(_phrases(labels.find(asked).claims)) if asked else set[str]()
    found = [m for m in labels.find(text).claims if not any(m.within(n) for n in names)]
    claims = [c for c in _phrases(found) if c not in given]
    return Facts(
        own=(*(m.form.phrase for m in own[:1]), *(c for c in claims if key_of(c) in own_facts)),
        wrong=(*others, *(c for c in claims if key_of(c) not in own_facts)),
        total=1 + len(own_facts) if entity else 0,
        names=others,
        named=bool(own),
    )


def attributes_in(text: str, attributes: Mapping[str, str], labels: Labels) -> Visible:
    """Visible claims in the text against the picture's attributes."""
    read = labels.find(text)
    names = [m for m in read.names if m.end - m.start > 1]
    right: list[str] = []
    wrong: list[str] = []
    for kind, matches in read.visible.items():
        truth = key_of(attributes.get(kind, ""))
        found = [m for m in matches if not any(m.within(n) for n in names)]
        for phrase in _phrases(found):
            (right if key_of(phrase) == truth else wrong).append(phrase)
    return Visible(tuple(right), tuple(wrong), sum(1 for v in attributes.values() if v))


def _names(text: str, entity: Entity | None, labels: Labels, asked: str) -> list[Match]:
    """The names of the folder in a text; any first and any last name of it side by side are one too."""
    read = labels.find(text)
    words, found = read.words, [*read.names]
    if entity and entity.id not in labels.people:
        found += _matcher(entity.id, entity.names).find(words)
    full = [m for m in found if not m.form.family]
    firsts, lasts = labels.pairs
    for i in range(len(words) - 1):
        a, b = words[i : i + 2]
        if a.key in firsts and b.key in lasts and a.capital and b.capital and b.gap == JOINED:
            pair = Match(i, i + 2, Form(f"{a.text} {b.text}", (a.key, b.key), (JOINED, JOINED)))
            if not any(pair.within(m) for m in full):
                found.append(pair)
    if found:
        longer = [m for matches in (read.claims, *read.visible.values()) for m in matches]
        found = [m for m in found if _whole(m, entity) or not any(m.inside(n) for n in longer)]
    if asked:
        given = {m.form.owner or m.form.phrase for m in _names(asked, entity, labels, "")}
        found = [m for m in found if (m.form.owner or m.form.phrase) not in given]
    return [m for m in settled(found) if not denied(words, m.start)]


def _whole(match: Match, entity: Entity | None) -> bool:
    """Whether it is the person's own name in several words, which tells who they are within a longer phrase too."""
    return entity is not None and match.form.owner == entity.id and match.end - match.start > 1


def _own(names: Iterable[Match], entity: Entity | None) -> list[Match]:
    return [m for m in names if entity and m.form.owner == entity.id]


@lru_cache(maxsize=1024)
def _matcher(id_: str, names: tuple[str, ...]) -> Matcher:
    return Matcher(f for name in names for f in name_forms(name, id_))


@lru_cache(maxsize=64)
def _compiled(phrases: tuple[str, ...]) -> Matcher:
    return Matcher(_forms(phrases))


def _forms(phrases: Iterable[str], strict: frozenset[str] = frozenset()) -> list[Form]:
    forms = [phrase_form(p, strict=key_of(p) in strict) for p in phrases]
    return [f for f in forms if f]


def _phrases(found: Iterable[Match]) -> tuple[str, ...]:
    return tuple(sorted({m.form.phrase for m in found}))


def _longest_first(phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases, longest first; of spellings of the same thing the first by alphabet."""
    one = {key_of(p): p for p in sorted(phrases, reverse=True) if key_of(p)}
    return tuple(sorted(one.values(), key=lambda p: (-len(p), p)))


_NOTHING = Labels((), {}, frozenset(), frozenset())
