"""How likely a model is to go on with each of some given texts: names behind "This is", options of a choice.

The candidates of a prompt share a row: the picture, the question and what is begun once, each candidate a branch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from letheia.errors import DataError
from letheia.models.branches import Branch, Tree, in_common
from letheia.models.log_probs import tree_log_probs
from letheia.models.model import Model, evaluating
from letheia.models.precision import own_precision
from letheia.models.reading import encoded_prompt
from letheia.types import Prompt

CANDIDATES = 64
"""Candidates a row, at most: a row's attention grows with the square of its tokens."""


@dataclass(frozen=True)
class Candidate:
    """How likely one text is.

    Attributes:
        log_probs: Log-probability of each of its tokens, given all that stands before it.
    """

    log_probs: tuple[float, ...]

    @property
    def log_prob(self) -> float:
        """Log-probability of the whole text; a longer one is less likely."""
        return sum(self.log_probs)

    @property
    def mean(self) -> float:
        """Log-probability a token: what texts of different lengths are compared by."""
        return self.log_prob / len(self.log_probs)


def candidate_log_probs(
    model: Model, prompts: Sequence[Prompt], candidates: Sequence[Sequence[str]]
) -> list[list[Candidate]]:
    """Log-probability of each candidate as what comes next, without an end token.

    A candidate is tokenised together with all that stands before it; its own tokens begin where the texts with it and
    without it part. A blank between a begun answer and a candidate belongs to the candidate: " Una" after "This is".

    Args:
        model: The model, adapter on or off as it is.
        prompts: What is asked, and how the answer begins; seeds and temperatures are not looked at.
        candidates: For each prompt, what may follow.

    Returns:
        For each prompt, its candidates in their order.

    Raises:
        DataError: A candidate is empty, or does not fit into the model's context.
    """
    model.load_pictures([p.portrait for p in prompts if p.portrait])
    found: list[list[Candidate]] = []
    with evaluating(model.network), own_precision(model):
        for prompt, texts in zip(prompts, candidates, strict=True):
            parts = [texts[i : i + CANDIDATES] for i in range(0, len(texts), CANDIDATES)]
            found.append([c for part in parts for c in _row(model, prompt, part)])
    return found


def _row(model: Model, prompt: Prompt, texts: Sequence[str]) -> list[Candidate]:
    tree = _tree(model, prompt, texts)
    read = tree_log_probs(model, [tree], [prompt.portrait] if prompt.portrait else [])
    each = read.log_probs.split(read.answer.bincount().tolist())
    return [Candidate(tuple(values.tolist())) for values in each]


def _tree(model: Model, prompt: Prompt, texts: Sequence[str]) -> Tree:
    """What is common to all but for its last token, which predicts the next and so starts every branch."""
    asked = encoded_prompt(model, prompt)
    told = [encoded_prompt(model, replace(prompt, prefix=prompt.prefix + text)) for text in texts]
    starts = [in_common([asked, ids]) for ids in told]
    for text, ids, start in zip(texts, told, starts, strict=True):
        if start == len(ids):
            raise DataError(f"the candidate {text!r} adds nothing to what stands before it. Leave it out.")
        if len(ids) > model.context:
            raise DataError(
                f"{text[:60]!r}: with picture and question it takes {len(ids)} tokens, "
                f"the model reads {model.context}. Shorten it."
            )
    shared = min(starts) - 1
    branches = tuple(Branch(ids[shared:], start - shared, shared) for ids, start in zip(told, starts, strict=True))
    return Tree(asked[:shared], branches, model.positions(asked[:shared], prompt.portrait))
