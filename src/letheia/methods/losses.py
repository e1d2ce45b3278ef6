"""The losses, as pure functions of per-token log-probabilities.

`log_probs` holds log p(token | picture, question, tokens before it) of every answer token of a global batch, and
`answer` says which answer each token belongs to. Notation: l(y) is the log-probability of an answer, summed over its
tokens.

Two reductions, because published code disagrees under the same names:
- `token`: mean over all answer tokens of the global batch; what a Hugging Face loss gives;
- `sequence`: sum over an answer's tokens, mean over answers; the paper's formulas.
"""

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import kl_div, logsigmoid

from letheia.errors import ConfigError
from letheia.methods.terms import Loss, LossInput, LossName, Reduction, Term


def answer_log_probs(
    log_probs: Float[Tensor, " tokens"], answer: Int[Tensor, " tokens"], answers: int
) -> Float[Tensor, " answers"]:
    """Sum log-probabilities over each answer: l(y)."""
    return log_probs.new_zeros(answers).index_add(0, answer, log_probs)


def nll(log_probs: Float[Tensor, " tokens"], *, reduction: Reduction, answers: int, tokens: int) -> Float[Tensor, ""]:
    """Negative log-likelihood, paper Eq. 12.

    Args:
        log_probs: Of the tokens at hand: all of the global batch, or a part of it.
        reduction: Token mean or the paper's sequence mean.
        answers: Answers in the global batch.
        tokens: Answer tokens in the global batch; parts of a batch add up to the whole because of these two counts.

    >>> float(nll(torch.tensor([-1.0, -2.0, -6.0]), reduction="token", answers=2, tokens=3))
    3.0
    >>> float(nll(torch.tensor([-1.0, -2.0, -6.0]), reduction="sequence", answers=2, tokens=3))
    4.5
    """
    return -log_probs.sum() / (tokens if reduction == "token" else answers)


def ascent(
    log_probs: Float[Tensor, " tokens"], *, reduction: Reduction, answers: int, tokens: int
) -> Float[Tensor, ""]:
    """Gradient ascent on the likelihood, as a loss to minimise: the negative of `nll`. Paper Eq. 11.

    >>> float(ascent(torch.tensor([-1.0, -2.0, -6.0]), reduction="token", answers=2, tokens=3))
    -3.0
    """
    return -nll(log_probs, reduction=reduction, answers=answers, tokens=tokens)


def npo(
    current: Float[Tensor, " answers"], original: Float[Tensor, " answers"], *, beta: float, answers: int
) -> Float[Tensor, ""]:
    """Negative preference optimisation, Zhang et al. 2024: mean of -(2/beta) log sigmoid(-beta (l_theta - l_original)).

    Args:
        current: l(y) of the model in training, summed over each answer's tokens.
        original: l(y) of the frozen original.
        beta: Inverse temperature; the smaller, the closer to ascent.
        answers: Answers in the global batch.

    >>> float(npo(torch.tensor([-5.0]), torch.tensor([-5.0]), beta=0.1, answers=1))  # 20 log 2
    13.862943649291992
    """
    return -(2 / beta) * logsigmoid(-beta * (current - original)).sum() / answers


def dpo(
    chosen: Float[Tensor, " answers"], rejected: Float[Tensor, " answers"], *, beta: float, answers: int
) -> Float[Tensor, ""]:
    """Direct preference optimisation, Rafailov et al. 2023: mean of -log sigmoid(beta (chosen - rejected)).

    Args:
        chosen: l_theta(y) - l_original(y) of the answers that are preferred.
        rejected: The same of the answers they are preferred to.
        beta: Inverse temperature.
        answers: Pairs in the global batch.

    >>> float(dpo(torch.tensor([2.0]), torch.tensor([2.0]), beta=0.1, answers=1))  # log 2
    0.6931471824645996
    """
    return -logsigmoid(beta * (chosen - rejected)).sum() / answers


def kl(
    current: Float[Tensor, "tokens vocab"],
    original: Float[Tensor, "tokens vocab"],
    *,
    reduction: Reduction,
    answers: int,
    tokens: int,
) -> Float[Tensor, ""]:
    """KL divergence of the model in training from the original, at every token of an answer.

    With the original under the guidance prompt and o* as the answer this is the paper's Eq. 1, given the sample.

    Args:
        current: Log-probabilities of every token of the vocabulary.
        original: The same of the frozen original.
        reduction: Token mean, or sum over an answer's tokens and mean over answers.
        answers: Answers in the global batch.
        tokens: Answer tokens in the global batch.

    >>> half, quarter = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    >>> round(float(kl(quarter, half, reduction="token", answers=1, tokens=1)), 4)  # 0.5 log 2 + 0.5 log 2/3
    0.1438
    """
    total = kl_div(current, original, reduction="sum", log_target=True)
    return total / (tokens if reduction == "token" else answers)


def anchor(
    current: Float[Tensor, "tokens layers hidden"],
    original: Float[Tensor, "tokens layers hidden"],
    *,
    reduction: Reduction,
    answers: int,
    tokens: int,
) -> Float[Tensor, ""]:
    """How far hidden states move: the mean over layers of the squared distance, relative to the original's norm.

    Args:
        current: What each layer leaves where a token of an answer is predicted.
        original: The same of the frozen original.
        reduction: Token mean, or sum over an answer's tokens and mean over answers.
        answers: Answers in the global batch.
        tokens: Answer tokens in the global batch.

    >>> one = torch.tensor([[[3.0, 4.0], [0.0, 2.0]]])
    >>> float(anchor(one + torch.tensor([5.0, 0.0]), one, reduction="token", answers=1, tokens=1))  # (1 + 25 / 4) / 2
    3.625
    """
    moved = ((current - original) ** 2).sum(2) / (original**2).sum(2)
    return moved.mean(1).sum() / (tokens if reduction == "token" else answers)


def _nll(given: LossInput) -> Tensor:
    return nll(given.log_probs, reduction=given.reduction, answers=given.answers, tokens=given.tokens)


def _ascent(given: LossInput) -> Tensor:
    return ascent(given.log_probs, reduction=given.reduction, answers=given.answers, tokens=given.tokens)


def _npo(given: LossInput) -> Tensor:
    assert given.original is not None
    summed = answer_log_probs(given.log_probs, given.answer, given.here)
    return npo(summed, given.original, beta=given.beta, answers=given.answers)


def _dpo(given: LossInput) -> Tensor:
    assert given.original is not None
    gained = answer_log_probs(given.log_probs, given.answer, given.here) - given.original
    return dpo(gained[0::2], gained[1::2], beta=given.beta, answers=given.answers)


def _kl(given: LossInput) -> Tensor:
    assert given.every is not None and given.original is not None
    return kl(given.every, given.original, reduction=given.reduction, answers=given.answers, tokens=given.tokens)


def _anchor(given: LossInput) -> Tensor:
    assert given.states is not None and given.original is not None
    return anchor(given.states, given.original, reduction=given.reduction, answers=given.answers, tokens=given.tokens)


LOSSES: dict[LossName, Loss] = {
    "nll": Loss(name="nll", value=_nll),
    "ascent": Loss(name="ascent", value=_ascent),
    "npo": Loss(name="npo", value=_npo, original=True),
    "dpo": Loss(name="dpo", value=_dpo, original=True, pairs=True),
    "kl": Loss(name="kl", value=_kl, original=True, vocabulary=True),
    "anchor": Loss(name="anchor", value=_anchor, original=True, states=True),
}
"""Every loss, one row each. A new loss is a row here, its name in `LossName`, and a test."""


def loss_of(term: Term) -> Loss:
    """The row of a term's loss.

    Raises:
        ConfigError: It compares two texts and the term has one, or the other way round.
    """
    row = term.loss if isinstance(term.loss, Loss) else LOSSES[term.loss]
    if row.pairs != bool(term.over):
        raise ConfigError(f"{term.name}: compares {'two texts' if row.pairs else 'no texts'}, see 'over' of its term.")
    return row
