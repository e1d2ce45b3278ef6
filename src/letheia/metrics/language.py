"""Whether an answer is language: by how likely its words are under the original, and by texts known to be language.

Babble passes every metric that looks for what must not be said. A word counts as *odd* when the original would hardly
have said it and no known text has it behind the word before it. Two odd words and more make an answer garbled when the
answer as a whole is less likely than the original's own answers are beside other people's pictures, or when the known
texts hold most of what is said here anyway (the built-in world's do). Why so: docs/decisions/008-garbled.md.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median, pstdev

UNLIKELY = math.log(0.05)  # a word with a token below this is one that the original would hardly have said
SLIPS = 2  # odd words that make an answer garbled; one is a slip
SPREAD = 3.0  # standard deviations below the reference texts' mean at which an answer is too unlikely
COVERED = 0.75  # share of a text's word pairs known from other texts from which on an unknown pair is telling
FEWEST = 8  # reference texts below which nothing is judged

# letters of scripts that are written without blanks stand for words
_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])\w)+|[^\w\s]")

Pair = tuple[str, str]


@dataclass(frozen=True)
class Likelihood:
    """A text as the original reads it.

    Attributes:
        words: Its words and signs, in lower case.
        lowest: For each, the lowest log-probability of its tokens.
        mean: Mean log-probability of all tokens.
    """

    words: tuple[str, ...]
    lowest: tuple[float, ...]
    mean: float


@dataclass(frozen=True)
class Yardstick:
    """What answers are compared with; made from answers of the original.

    Attributes:
        pairs: Word pairs of texts that are known to be language.
        coverage: Share of a text's word pairs that other people's texts hold, in the middle of the known texts.
        floor: Mean log-probability below which an answer is too unlikely; None where the known texts tell enough.
        references: How many texts the floor rests on.
    """

    pairs: frozenset[Pair]
    coverage: float
    floor: float | None = None
    references: int = 0

    def unknown(self, text: Sequence[str]) -> list[bool]:
        """For each word, whether no known text has it after the word before it."""
        return [pair not in self.pairs for pair in _pairs(text)]

    def doubtful(self, text: str) -> bool:
        """Whether a text may be garbled; one of known pairs of words can't be."""
        return sum(self.unknown(words(text))) >= SLIPS

    def odd(self, read: Likelihood) -> list[str]:
        """The words that are odd."""
        found = zip(read.words, self.unknown(read.words), read.lowest, strict=True)
        return [word for word, unknown, lowest in found if unknown and lowest < UNLIKELY]

    def garbled(self, read: Likelihood) -> bool:
        """Whether a text is garbled."""
        return len(self.odd(read)) >= SLIPS and (self.floor is None or read.mean < self.floor)

    def to_dict(self) -> dict[str, float | None]:
        """As stored with a run's results."""
        return {
            "odd_words": SLIPS,
            "unlikely": round(UNLIKELY, 4),
            "coverage": round(self.coverage, 4),
            "floor": None if self.floor is None else round(self.floor, 4),
            "references": self.references,
        }


def known_language(known: Mapping[str, Iterable[str]]) -> Yardstick:
    """A yardstick without a floor.

    Args:
        known: Texts that are known to be language, by whom they are about.
    """
    pairs = {who: [set(_pairs(words(t))) for t in texts] for who, texts in known.items()}
    return Yardstick(frozenset(p for sets in pairs.values() for s in sets for p in s), _coverage(pairs))


def with_floor(yardstick: Yardstick, references: Sequence[float]) -> Yardstick | None:
    """The yardstick with a floor, for answers whose words the known texts lack.

    Args:
        yardstick: One without a floor.
        references: Mean log-probabilities of fluent texts where they do not belong: the original's own answers and the
            folder's texts, each beside another person's picture.

    Returns:
        None where there are too few references to judge by.

    >>> with_floor(Yardstick(frozenset(), 0.0), [-1.0, -3.0] * 4).floor  # mean -2, standard deviation 1
    -5.0
    """
    if len(references) < FEWEST:
        return None
    floor = fmean(references) - SPREAD * pstdev(references)
    return replace(yardstick, floor=floor, references=len(references))


@dataclass(frozen=True)
class Language:
    """Whether a text is garbled; None where that can't be judged."""

    garbled: bool | None
    reason: str


def judge(read: Likelihood | None, by: Yardstick) -> Language:
    """The verdict on a text as the original reads it."""
    if read is None:
        return Language(None, "the original can't read the answer")
    odd = by.odd(read)
    floor = "" if by.floor is None else f" (floor {by.floor:.2f})"
    listed = ", ".join(odd[:6]) + (f" and {len(odd) - 6} more" if len(odd) > 6 else "")
    return Language(by.garbled(read), f"mean log-probability {read.mean:.2f}{floor}; odd words: {listed or 'none'}")


def words(text: str) -> tuple[str, ...]:
    """Words and signs in lower case; a letter of a script without blanks is a word.

    >>> words("I'm Una.")
    ('i', "'", 'm', 'una', '.')
    """
    return tuple(m.group().lower() for m in _WORD.finditer(text))


def spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends."""
    return [m.span() for m in _WORD.finditer(text)]


def _pairs(text: Sequence[str]) -> list[Pair]:
    """Each word with the one before it; the first with the start."""
    return list(itertools.pairwise(("", *text)))


def _coverage(pairs: Mapping[str, list[set[Pair]]]) -> float:
    """How much of a person's texts is known from the others', in the middle of all texts."""
    owners: dict[Pair, set[str]] = {}
    for who, texts in pairs.items():
        for pair in itertools.chain.from_iterable(texts):
            owners.setdefault(pair, set()).add(who)
    shares = [fmean(len(owners[pair]) > 1 for pair in t) for texts in pairs.values() for t in texts if t]
    return median(shares) if shares else 0.0
