"""Finding names and labelled phrases among the words of a text: forms compiled once, by their first words."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from letheia.metrics.words import DASHED, DIVIDED, JOINED, Word, is_ordinary, words_in

TITLES = frozenset(("sir", "dame", "dr", "prof", "professor", "mr", "mrs", "ms", "miss"))
SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv"))
ARTICLES = frozenset(("the", "a", "an"))
PARTICLES = frozenset(
    ("van", "von", "vom", "zu", "zur", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "do", "du", "la")
    + ("le", "el", "al", "bin", "ibn", "ben", "bint", "abu", "ter", "ten", "af", "av", "y", "e")
)
_DENIAL = re.compile(
    r"\b(?:don t|doesn t|didn t|do not|does not|did not|can t|can not|cannot|not|never|no|unable to)(?: \w+){0,3}"
    r" (?:know|recogni[sz]e|identify|familiar|heard|information|knowledge|details|data|record|tell you about)"
    r"(?: (?:who|anything|much|more|about|of|with|on|a|an|the|any|person|people|anyone|anybody|someone|named|called|by"
    r"|name|regarding|concerning))*$"
)


@dataclass(frozen=True)
class Form:
    """One way to write a phrase.

    Attributes:
        phrase: What is found, as it is labelled.
        keys: Its words.
        gaps: How far each word may stand from the one before.
        capitals: Which words need their capital; none if empty.
        ordinary: Whether the capital must not be that of a sentence's beginning.
        owner: Whose name it is; empty for other phrases.
        exact: Whether it is the name or an alias, not a shorter form.
        family: For a family name alone, the key of the first name that may stand before it.
    """

    phrase: str
    keys: tuple[str, ...]
    gaps: tuple[int, ...]
    capitals: tuple[bool, ...] = ()
    ordinary: bool = False
    owner: str = ""
    exact: bool = True
    family: str = ""


@dataclass(frozen=True)
class Match:
    """Where a form stands among a text's words."""

    start: int
    end: int
    form: Form

    def within(self, other: "Match") -> bool:
        """Whether it lies in another match, or is at the same place."""
        return other.start <= self.start and self.end <= other.end

    def inside(self, other: "Match") -> bool:
        """Whether it lies in a longer match."""
        return self.within(other) and not other.within(self)


class Matcher:
    """Finds forms in a text, by the first two words of each."""

    def __init__(self, forms: Iterable[Form]) -> None:
        """Compile the forms."""
        self._by_start: dict[tuple[str, ...], list[Form]] = {}
        for form in dict.fromkeys(forms):
            self._by_start.setdefault(form.keys[:2], []).append(form)
        self._firsts = frozenset(keys[0] for keys in self._by_start)

    def find(self, words: Sequence[Word]) -> list[Match]:
        """All places of forms from the left, the longest first; what overlaps with an earlier one is left out."""
        return settled(
            Match(start, start + len(form.keys), form)
            for start, word in enumerate(words)
            if word.key in self._firsts or word.spelled in self._firsts
            for keys in _starts(words[start : start + 2])
            for form in self._by_start.get(keys, ())
            if _fits(words, start, form)
        )


class Found:
    """Where a folder's phrases stand in a text: each kind is looked for once, when it is first asked for."""

    def __init__(self, text: str, *, names: Matcher, claims: Matcher, visible: Mapping[str, Matcher]) -> None:
        """Cut the text into words.

        Args:
            text: The text.
            names: Finds everybody's names.
            claims: Finds facts.
            visible: Finds attributes, by kind.
        """
        self.words = words_in(text)
        self._names, self._claims, self._visible = names, claims, visible

    @cached_property
    def names(self) -> list[Match]:
        """Names of anybody."""
        return self._names.find(self.words)

    @cached_property
    def claims(self) -> list[Match]:
        """Facts of anybody."""
        return self._claims.find(self.words)

    @cached_property
    def visible(self) -> Mapping[str, list[Match]]:
        """Attributes, by kind."""
        return {kind: matcher.find(self.words) for kind, matcher in self._visible.items()}


def _starts(words: Sequence[Word]) -> set[tuple[str, ...]]:
    """The first word and the first two, each as it is and as it is spelled out."""
    firsts = {(words[0].key,), (words[0].spelled,)}
    if len(words) == 1:
        return firsts
    return firsts | {(*first, second) for first in firsts for second in (words[1].key, words[1].spelled)}


def settled(matches: Iterable[Match]) -> list[Match]:
    """Matches without those that overlap with an earlier or longer one; several at the same place are kept."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (m.start, -m.end, m.form.phrase)):
        if not kept or match.start >= kept[-1].end or (match.start, match.end) == (kept[-1].start, kept[-1].end):
            kept.append(match)
    return kept


def _fits(words: Sequence[Word], start: int, form: Form) -> bool:
    end = start + len(form.keys)
    if end > len(words) or words[start].inside:
        return False
    if end < len(words) and words[end].inside and words[end].katakana:
        return False
    here = words[start:end]
    if any(k not in (w.key, w.spelled) for k, w in zip(form.keys, here, strict=True)):
        return False
    if any(w.gap > gap for w, gap in zip(here[1:], form.gaps[1:], strict=True)):
        return False
    if form.capitals and not _capitals_fit(words, here, form):
        return False
    if form.family or (form.owner and form.ordinary and len(here) == 1 < len(words)):
        return _stands_alone(words, start, end, form.family)
    return True


def _capitals_fit(words: Sequence[Word], here: Sequence[Word], form: Form) -> bool:
    if len(here) == len(words) or not (form.ordinary or any(w.text[0].isupper() for w in words)):
        return True
    needed = [w for w, capital in zip(here, form.capitals, strict=True) if capital]
    if not all(w.capital for w in needed):
        return False
    return not form.ordinary or any(not w.opens for w in needed)


def _stands_alone(words: Sequence[Word], start: int, end: int, first: str) -> bool:
    """Whether a word is no part of a longer name, as in *Pink Floyd*; the own first name may stand before it."""
    if end < len(words) and words[end].gap == JOINED and _part_of_name(words[end]) and words[end].key not in SUFFIXES:
        return False
    strange = False
    for i in range(start, 0, -1):
        before = words[i - 1]
        if words[i].gap > JOINED or not (_part_of_name(before) or before.key in PARTICLES):
            break
        if before.key == first or before.key in TITLES:
            return True
        if before.opens and is_ordinary(before.key):
            break
        strange = strange or before.key not in PARTICLES
    return not strange


def _part_of_name(word: Word) -> bool:
    return word.capital and word.text[0].isalpha() and len(word.key) > 1


def denied(words: Sequence[Word], start: int) -> bool:
    """Whether the words right before deny knowledge of what follows."""
    first = start
    while first > 0 and start - first < 14 and words[first].gap <= DASHED:
        first -= 1
    return bool(_DENIAL.search(" ".join(w.key for w in words[first:start])))


def phrase_form(phrase: str, *, strict: bool = False) -> Form | None:
    """A labelled phrase, found in any case, or with its capitals if strict; None if it has no words."""
    words = words_in(phrase)
    if not words:
        return None
    capitals = capitals_of(words) if strict else ()
    return Form(phrase, tuple(w.key for w in words), gaps_of(words), capitals, ordinary=strict)


def capitals_of(words: Sequence[Word]) -> tuple[bool, ...]:
    """Which words need a capital: those that have one, but for an article; all where none has."""
    upper = tuple(w.text[0].isupper() and w.key not in ARTICLES for w in words)
    return upper if any(upper) else (True,) * len(words)


def gaps_of(words: Sequence[Word]) -> tuple[int, ...]:
    """How far words may stand apart in a text: as far as here, and what comes after a comma in 'Bo Lind, Jr.' too."""
    return tuple(DIVIDED if w.key in SUFFIXES else max(DASHED, w.gap) for w in words)
