"""Closed forms of the losses; the algebra stands in each docstring."""

import math

import pytest
import torch

from letheia.methods.losses import answer_log_probs, ascent, dpo, kl, nll


def test_npo_sums_over_the_sequence():
    """l(y) is a sum of tokens: two tokens of -1 and one answer give the same as one answer of -2."""
    sums = answer_log_probs(torch.tensor([-1.0, -1.0, -5.0]), torch.tensor([0, 0, 1]), 2)
    assert sums.tolist() == [-2.0, -5.0]


@pytest.mark.parametrize("reduction", ["token", "sequence"])
def test_ascent_and_nll_cancel_on_equal_texts(reduction):
    """-l + l = 0, in value and in gradient."""
    tokens = torch.randn(5, requires_grad=True)
    loss = ascent(tokens, reduction=reduction, answers=2, tokens=5) + nll(
        tokens, reduction=reduction, answers=2, tokens=5
    )
    loss.backward()
    assert loss.item() == 0
    assert tokens.grad.abs().max() == 0


def test_reductions():
    """Tokens -1, -2 | -6: token mean 9/3 = 3, sequence mean (3 + 6)/2 = 4.5."""
    tokens = torch.tensor([-1.0, -2.0, -6.0])
    assert nll(tokens, reduction="token", answers=2, tokens=3).item() == 3
    assert nll(tokens, reduction="sequence", answers=2, tokens=3).item() == 4.5


@pytest.mark.parametrize("reduction", ["token", "sequence"])
def test_parts_of_a_batch_add_up(reduction):
    """Counts of the global batch make the sum over parts equal the whole."""
    tokens = torch.randn(9, dtype=torch.float64)
    whole = nll(tokens, reduction=reduction, answers=3, tokens=9)
    parts = sum(nll(part, reduction=reduction, answers=3, tokens=9) for part in tokens.split(2))
    torch.testing.assert_close(whole, parts)


def test_dpo_prefers_what_gained_more():
    """-log s(b (c - r)): at c = r log 2 with slopes -b/2 and b/2, and log(1 + e^(-b d)) elsewhere."""
    chosen = torch.tensor([1.0, 3.0], dtype=torch.float64, requires_grad=True)
    rejected = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    loss = dpo(chosen, rejected, beta=0.1, answers=2)
    loss.backward()
    assert loss.item() == pytest.approx((math.log(2) + math.log1p(math.exp(-0.5))) / 2, rel=1e-12)
    assert chosen.grad.tolist() == pytest.approx([-0.025, -0.05 / (1 + math.exp(0.5))])
    torch.testing.assert_close(chosen.grad, -rejected.grad)


def test_kl_of_distributions_by_hand():
    """0 for equal ones; 0.5 log(0.5/0.25) + 0.5 log(0.5/0.75) for a half against a quarter; the mean over tokens."""
    half = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    quarter = torch.tensor([[0.25, 0.75]], dtype=torch.float64).log()
    wanted = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    two = kl(torch.cat([half, quarter]), torch.cat([half, half]), reduction="token", answers=1, tokens=2)
    assert two.item() == pytest.approx(wanted / 2, rel=1e-12)
    assert kl(quarter, half, reduction="sequence", answers=1, tokens=9).item() == pytest.approx(wanted, rel=1e-12)


def test_kl_pulls_each_logit_by_the_difference_of_probabilities():
    """d KL(p || softmax(z)) / dz = softmax(z) - p."""
    logits = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    original = torch.randn(3, 5, dtype=torch.float64).log_softmax(1)
    kl(logits.log_softmax(1), original, reduction="sequence", answers=1, tokens=3).backward()
    torch.testing.assert_close(logits.grad, logits.detach().softmax(1) - original.exp())
