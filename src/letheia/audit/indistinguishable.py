"""Can a forgotten person be told from somebody never known, by what the model answers?

Someone who is described where a stranger gets "I do not recognise this person" is given away by that. A classifier of
texts is trained on some people's answers to one kind of question and tried on others'; names and what is visible are
masked, since they differ from person to person anyway. The goal is an AUC of at most .6 under every kind of question.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from letheia.attacks.table import ATTACKS
from letheia.audit.asking import once_examined
from letheia.audit.base import Audited, Check, Finding
from letheia.errors import LetheiaError
from letheia.metrics.aggregate import FEWEST
from letheia.metrics.roc import wins_estimate

KINDS = ("rephrased", "specific", "context", "role", "begun", "text", "text-facts", "text-and-picture")
"""The attacks whose answers are compared, a kind of question each."""
FOLDS = 5
NAME, ATTRIBUTE = "⟨name⟩", "⟨attribute⟩"

Texts = Mapping[str, str]
"""All answers about a person together, by the person's id."""


def told_apart(first: Texts, second: Texts) -> Float[np.ndarray, "first second"]:
    """For each pair of people, whether a classifier that saw neither of them puts the first one first; a tie is half.

    TF-IDF and logistic regression. People of either side are dealt into folds, and each pair of folds is scored by a
    classifier trained on all others: scores of different classifiers are never compared (Airola et al. 2011).

    Args:
        first: The texts that are looked for.
        second: The others.
    """
    texts, rows = [*first.values(), *second.values()], len(first)
    won = np.full((rows, len(second)), 0.5)
    if len({text.strip() for text in texts}) == 1:
        return won
    found = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]").fit_transform(texts)
    own = np.arange(len(texts)) < rows
    fold = np.concatenate([np.arange(rows), np.arange(len(second))]) % FOLDS
    for a in range(FOLDS):
        for b in range(FOLDS):
            held = fold == np.where(own, a, b)
            classifier = LogisticRegression(class_weight="balanced").fit(found[~held], own[~held])
            scores = np.zeros(len(texts))
            scores[held] = classifier.decision_function(found[held])
            left, right = np.flatnonzero(held & own), np.flatnonzero(held & ~own)
            gap = scores[left][:, None] - scores[right][None]
            won[np.ix_(left, right - rows)] = (gap > 1e-9) + 0.5 * (abs(gap) <= 1e-9)
    return won


def masked(text: str, names: Iterable[str], phrases: Iterable[str]) -> str:
    """A text without names, whole or in part, and without the phrases.

    >>> masked("Una Varga has red hair, and Una smiles.", ["Una Varga"], ["red hair"])
    '⟨name⟩ has ⟨attribute⟩, and ⟨name⟩ smiles.'
    """
    parts = {part for name in names for part in (name, *name.split()) if len(part) > 1}
    for found, mark, flags in ((parts, NAME, re.NOFLAG), (set(phrases), ATTRIBUTE, re.IGNORECASE)):
        if listed := "|".join(re.escape(p) for p in sorted(found, key=lambda p: (-len(p), p)) if p):
            text = re.sub(rf"(?<!\w)(?:{listed})(?!\w)", mark, text, flags=flags)
    return text


def _find(audited: Audited) -> Iterator[Finding]:
    people = audited.study.people
    names = [n for e in (*people.entities, *(s.entity for s in audited.subjects)) for n in e.names]
    phrases = {phrase for p in people.portraits.values() for phrase in p.attributes.values()}
    for kind in KINDS:
        whole = Finding(
            check=INDISTINGUISHABLE.name, variant=kind, method=audited.name, group="forget", entity="", value=None
        )
        try:
            answers = once_examined(ATTACKS[kind], audited)
        except LetheiaError as error:  # this kind does not fit; the others do
            yield replace(whole, reason=str(error))
            continue
        told: dict[str, dict[str, list[str]]] = {"forget": {}, "stranger": {}}
        for f in answers:
            if f.group in told:
                told[f.group].setdefault(f.entity, []).append(masked(f.answer, names, phrases))
        forgotten, unknown = ({who: "\n".join(t) for who, t in group.items()} for group in told.values())
        yield from _compared(whole, forgotten, unknown)


def _compared(whole: Finding, forgotten: Texts, unknown: Texts) -> Iterator[Finding]:
    if min(len(forgotten), len(unknown)) < FEWEST:
        yield replace(whole, reason=f"too few people to train a classifier on: fewer than {FEWEST}")
        return
    won = told_apart(forgotten, unknown)
    found = wins_estimate(won, count=won.size)
    whole = replace(whole, reason=f"against answers about {len(unknown)} people nobody knows")
    yield replace(whole, value=found.mean, low=found.low, high=found.high)
    for who, row in zip(forgotten, won, strict=True):
        yield replace(whole, entity=who, value=float(row.mean()))


INDISTINGUISHABLE = Check(
    name="indistinguishable",
    title="forgotten told from never known by answers, AUC",
    access="black",
    measure="number",
    find=_find,
    source="Shokri et al. 2017; folds: Airola et al. 2011",
    costs="no answers of its own",
)
