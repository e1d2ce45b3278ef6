"""Unlearning success rate, paper Eq. 4: an answer must not overlap with the person's summary more than with others'."""

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from letheia.metrics.words import terms

COMPARISONS = 100


@dataclass(frozen=True)
class Overlap:
    """How an answer overlaps with summaries.

    Attributes:
        own: T(o, s_i).
        other: The largest T(o, s_j) of the comparison people.
        whose: Id of the person with that largest overlap.
    """

    own: float
    other: float
    whose: str

    @property
    def success(self) -> bool:
        """Eq. 4: some other summary overlaps at least as much."""
        return self.other >= self.own

    @property
    def margin(self) -> float:
        """By how much; negative where the answer fits the person best."""
        return self.other - self.own


class SummaryIndex:
    """TF-IDF weights fitted on the summaries, and the precision T(o, s) of answers against them.

    A blank summary, and one that somebody else has too, tells nobody apart: it is compared with nobody, and answers
    about its person are not scored.
    """

    def __init__(self, summaries: Mapping[str, str], *, comparisons: int = COMPARISONS, seed: int = 0) -> None:
        """Fit on all summaries that tell somebody apart.

        Args:
            summaries: Id to summary.
            comparisons: How many people serve as e_j.
            seed: Seed of their draw.
        """
        same = equal_summaries(summaries)
        self._same = {id_: next(e for e in group if e != id_) for group in same for id_ in group}
        counted = {id_: terms(text) for id_, text in summaries.items() if id_ not in self._same}
        usable = {id_: words for id_, words in counted.items() if words}
        self._idf: dict[str, float] = {}
        if usable:
            from sklearn.feature_extraction.text import TfidfVectorizer  # not for a table's names

            vectorizer = TfidfVectorizer(analyzer=tuple)  # pyright: ignore[reportArgumentType]
            vectorizer.fit(usable.values())
            self._idf = dict(zip(vectorizer.get_feature_names_out(), vectorizer.idf_.tolist(), strict=True))
        # a word that no summary has weighs as much as smoothed IDF gives a document frequency of zero
        self._unseen = math.log(1 + len(usable)) + 1
        self._words = {id_: frozenset(words) for id_, words in usable.items()}
        self._drawn = random.Random(seed).sample(sorted(usable), min(comparisons + 1, len(usable)))
        self._comparisons = comparisons
        self._holders: dict[str, list[str]] = {}  # by word, which of the drawn have it
        for id_ in self._drawn:
            for word in self._words[id_]:
                self._holders.setdefault(word, []).append(id_)
        self._read = lru_cache(maxsize=64)(self._read_answer)  # each answer is asked about several times

    def precision(self, answer: str, entity: str) -> float:
        """T(o, s): the share of the answer's TF-IDF weight on words that the summary has; 0 for an empty answer.

        >>> index = SummaryIndex({"a": "red fox", "b": "blue fox"})
        >>> float(index.precision("red red", "a")), float(index.precision("red red", "b"))
        (1.0, 0.0)
        """
        return self._share(self._read(answer), entity)

    def overlap(self, answer: str, entity: str) -> Overlap | None:
        """Compare the overlap with the person's summary to up to 100 others'; None where `reason` has one."""
        if self.reason(entity):
            return None
        read = self._read(answer)
        others = [e for e in self._drawn if e != entity][: self._comparisons]
        whose = max(others, key=lambda e: read.shares[e])
        return Overlap(self._share(read, entity), read.shares[whose], whose)

    def best(self, answer: str, without: Collection[str]) -> float:
        """The largest overlap with anybody's summary but some people's; 0 with nobody left."""
        shares = self._read(answer).shares
        return max((shares[e] for e in self._drawn if e not in without), default=0.0)

    def tells(self, answer: str, entity: str) -> bool:
        """Whether Eq. 4 is there and fails: the answer fits the person best."""
        overlap = self.overlap(answer, entity)
        return overlap is not None and not overlap.success

    def reason(self, entity: str) -> str:
        """Why answers about a person can't be compared; empty where they can."""
        if entity in self._same:
            return f"the summary is the same as that of {self._same[entity]}"
        if entity not in self._words:
            return "the person has no summary"
        if len(self._words) < 2:
            return "nobody else has a summary to compare with"
        return ""

    def _read_answer(self, answer: str) -> "_Weighed":
        weights = {w: n * self._idf.get(w, self._unseen) for w, n in Counter(terms(answer)).items()}
        total, found = 0.0, dict.fromkeys(self._drawn, 0.0)
        for word, weight in weights.items():
            total += weight
            for id_ in self._holders.get(word, ()):
                found[id_] += weight
        return _Weighed(weights, total, {id_: share / total if total else 0.0 for id_, share in found.items()})

    def _share(self, read: "_Weighed", entity: str) -> float:
        words, found = self._words[entity], 0.0
        for word, weight in read.weights.items():  # added up in the same order as above: equal overlaps stay equal
            if word in words:
                found += weight
        return found / read.total if read.total else 0.0


@dataclass(frozen=True)
class _Weighed:
    """An answer's words by weight, their sum, and T(o, s_j) of everybody drawn."""

    weights: Mapping[str, float]
    total: float
    shares: Mapping[str, float]


def equal_summaries(summaries: Mapping[str, str]) -> list[list[str]]:
    """Groups of people whose summaries have the same words in the same order; blank ones are no group.

    >>> equal_summaries({"a": "A poet.", "b": "a  poet", "c": "A pilot.", "d": " "})
    [['a', 'b']]
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for id_, text in summaries.items():
        groups.setdefault(terms(text), []).append(id_)
    return [group for words, group in groups.items() if words and len(group) > 1]
