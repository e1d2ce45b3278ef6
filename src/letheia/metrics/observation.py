"""Appendix A's observation: what answers about recognised and about unrecognised people consist of.

Colour adjectives from the paper's list, proper nouns, and bigrams shared with the encyclopedia summary.
"""

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from letheia.metrics.labels import named
from letheia.metrics.words import JOINED, terms, words_in
from letheia.types import Entity, Generation

COLOURS = frozenset(
    {"red", "blue", "green", "yellow", "purple", "pink", "orange", "black", "white", "gray", "grey", "brown", "blonde",
     "blond", "auburn", "gold", "golden", "silver", "dark", "light", "pale", "bright", "tan", "beige"}
)  # fmt: skip
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
SPACY = "en_core_web_sm"

SETS = ("recognized", "unrecognized")


def colour_adjectives(text: str) -> int:
    """How many words are in the paper's list of colour adjectives.

    >>> colour_adjectives("Dark hair, a red scarf and reddish lips.")
    2
    """
    return sum(word.lower() in COLOURS for word in WORD.findall(text))


def proper_nouns(text: str) -> int:
    """How many proper nouns: by spaCy where it is installed, else capitalised words that begin no sentence.

    The fallback counts no name at the start of a sentence, and counts *I* never.

    >>> capitalised("This is Una Varga. She was born in Norrvik; I know.")
    3
    """
    return by_spacy(text) if spacy_there() else capitalised(text)


def capitalised(text: str) -> int:
    """Capitalised words that begin no sentence."""
    count = 0
    for sentence in re.split(r"(?<=[.!?:])\s+|\n+", text):
        words = WORD.findall(sentence)[1:]
        count += sum(word[0].isupper() and word != "I" for word in words)
    return count


def names_said(text: str) -> list[str]:
    """What may be a name by its capitals: two or more words side by side.

    >>> names_said("This is Una Varga of Norrvik, the poet.")
    ['Una Varga']
    """
    runs: list[list[str]] = [[]]
    for word in words_in(text):
        if not word.capital or word.sign or word.gap != JOINED:
            runs.append([])
        if word.capital and not word.sign:
            runs[-1].append(word.text)
    return [" ".join(run) for run in runs if len(run) > 1]


def spacy_there() -> bool:
    """Whether spaCy and its small English model are installed."""
    return find_spec("spacy") is not None and find_spec(SPACY) is not None


@cache
def _spacy() -> Any:
    import spacy  # pyright: ignore[reportMissingImports]

    return spacy.load(SPACY, disable=["parser", "ner", "lemmatizer"])


def by_spacy(text: str) -> int:
    """Tokens that spaCy tags as proper nouns."""
    return sum(token.pos_ == "PROPN" for token in _spacy()(text))


def bigram_precision(text: str, summary: str) -> float | None:
    """Share of the text's bigrams that the summary has too, each as often as it has it; None without any bigram.

    >>> bigram_precision("She was born in Norrvik.", "He was born in 1950.")
    0.5
    """
    own, others = _bigrams(text), _bigrams(summary)
    return sum((own & others).values()) / own.total() if own else None


def _bigrams(text: str) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(terms(text)))


OBSERVATIONS: Mapping[str, Callable[[str, str], float | None]] = {
    "color_adjectives": lambda text, _: colour_adjectives(text),
    "proper_nouns": lambda text, _: proper_nouns(text),
    "bigram_precision": bigram_precision,
}
"""Table 5's rows by the names of its numbers: of an answer and the person's summary."""


def observe(
    answers: Sequence[Generation], people: Mapping[str, Entity], *, size: int = 25, seed: int = 0
) -> dict[str, Any]:
    """Divide answers by whether they have the name, draw some of each, and count.

    Args:
        answers: The original's answers, one a person.
        people: Each person by id.
        size: How many of each set are drawn; fewer where there are fewer.
        seed: Seed of the draw.

    Returns:
        By set: the numbers of each metric, one a person, and one answer as an example.
    """
    sets: dict[str, list[Generation]] = {s: [] for s in SETS}
    for answer in sorted(answers, key=lambda a: a.portrait):
        sets[SETS[not named(answer.answer, people[answer.entity])]].append(answer)
    rng = random.Random(f"observation-{seed}")
    found: dict[str, Any] = {}
    for name, there in sets.items():
        drawn = rng.sample(there, min(size, len(there)))
        counted = {m: [f(a.answer, people[a.entity].summary) for a in drawn] for m, f in OBSERVATIONS.items()}
        found[name] = {**counted, "example": [drawn[0].portrait, drawn[0].answer] if drawn else []}
    return found
