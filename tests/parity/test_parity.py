"""The same numbers as the sources: closed forms, recorded values, and independent libraries."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import bootstrap

from letheia.methods.losses import answer_log_probs, ascent, npo
from letheia.metrics.aggregate import bootstrap_interval
from letheia.metrics.clipscore import scaled
from letheia.metrics.usr import SummaryIndex
from letheia.models.clip import cosines


@pytest.mark.parametrize(
    ("margin", "value", "slope"),
    [(-20.0, 2.53856, 0.238406), (-5.0, 9.48154, 0.755081), (0.0, 13.862944, 1.0), (5.0, 19.48154, 1.244919)],
)
def test_npo_at_beta_a_tenth(margin, value, slope):
    """-(2/beta) log sigmoid(-beta m) = 20 log(1 + e^(m/10)), with slope 2 sigmoid(m/10) in l."""
    closed = 20 * math.log1p(math.exp(margin / 10))
    assert closed == pytest.approx(value, abs=1e-5)
    current = torch.tensor([margin], dtype=torch.float64, requires_grad=True)
    loss = npo(current, torch.zeros(1, dtype=torch.float64), beta=0.1, answers=1)
    loss.backward()
    assert loss.item() == pytest.approx(closed, rel=1e-12)
    assert current.grad.item() == pytest.approx(slope, abs=1e-6)


def test_at_the_original_npo_has_the_gradient_of_summed_ascent():
    tokens = torch.randn(7, dtype=torch.float64, requires_grad=True)
    summed = answer_log_probs(tokens, torch.tensor([0, 0, 0, 1, 1, 2, 2]), 3)
    (a,) = torch.autograd.grad(npo(summed, summed.detach(), beta=0.1, answers=3), tokens)
    (b,) = torch.autograd.grad(ascent(tokens, reduction="sequence", answers=3, tokens=7), tokens)
    torch.testing.assert_close(a, b)


def test_clipscore_of_embeddings_made_by_hand():
    """cos((3, 4), (4, 3)) = 24/25; the scaled form is 2.5 max(cos, 0) (Hessel et al. 2021)."""
    cosine = cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]])).item()
    assert cosine == pytest.approx(0.96) and scaled(cosine) == pytest.approx(2.4) and scaled(-0.3) == 0


def test_tf_idf_precision_by_hand():
    """Three summaries; "poet" is in all of them, "norrvik" in one: idf = log(4 / (1 + df)) + 1, smoothed."""
    index = SummaryIndex({"a": "poet norrvik", "b": "poet eastwick", "c": "poet dunmere"})
    rare, common = math.log(4 / 2) + 1, math.log(4 / 4) + 1
    found = index.overlap("poet norrvik", "a")
    assert found.own == pytest.approx(1.0)
    assert found.other == pytest.approx(common / (common + rare), rel=1e-6)
    assert not found.success and index.overlap("", "a").success


def test_the_bootstrap_is_scipys():
    values = np.random.default_rng(0).normal(size=40)
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(1))
    low, high = bootstrap_interval(list(values), resamples=5000)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)
