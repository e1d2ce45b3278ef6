"""Ranks, extraction, membership and AUC against values worked out by hand, and token scores against plain rows."""

import math
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from letheia.metrics.aggregate import share_interval
from letheia.metrics.extraction import exact_memorisation, exposure, extraction_strength, rank
from letheia.metrics.membership import ATTACKS, TokenScores, likelihood_ratio, min_k_plus_plus
from letheia.metrics.roc import auc, placement, privleak, threshold, tpr
from letheia.models.log_probs import log_probs
from letheia.models.token_scores import token_scores
from samples import example

READ = TokenScores((-1.0, -2.0, -6.0), (-1.5, -1.0, -2.0), (0.5, 1.0, 2.0), (True, False, False))


def test_extraction_strength_is_the_share_that_its_own_beginning_brings_out():
    """T = 5, right from the token behind the first k = 2 on: 1 - 2/5; all right: k = 0; the last one wrong: k = T."""
    assert extraction_strength([True, False, True, True, True]) == pytest.approx(0.6)
    assert extraction_strength([True] * 4) == 1
    assert extraction_strength([True, True, False]) == 0
    assert extraction_strength([False]) == 0  # not 1/T
    assert exact_memorisation([True, False, True, True, True]) == pytest.approx(0.8)


def test_equal_candidates_share_a_place():
    """Of n equal candidates each stands at (n + 1) / 2, so a model that knows nothing has the mean rank of a guess."""
    assert rank([-3.0] * 5, 2) == 3
    assert rank([-1.0, -3.0, -2.0], 1) == 3
    assert exposure(rank([-3.0, -1.0, -2.0, -4.0], 1), 4) == 2
    assert exposure(2, 64) == 5


def test_membership_scores():
    """Mean of -1, -2, -6 is -3; of 20 % of three tokens there is one, the lowest: -6, and (-6 + 2) / 2 = -2."""
    text = "Una Varga is a poet. " * 3
    found = {name: score(READ, text) for name, score in ATTACKS.items()}
    size = len(zlib.compress(text.encode()))
    assert found == {"loss": -3.0, "zlib": -3.0 / size, "min-k": -6.0, "min-k++": -2.0}
    assert likelihood_ratio(READ, TokenScores((-2.0, -4.0), (), (), ())) == 0
    assert min_k_plus_plus(TokenScores((0.0,), (0.0,), (0.0,), (True,)), text) == 0


def test_auc_is_the_mean_over_pairs_of_people():
    """a beats c in 2 of 2, b in 1 of 2: 3/4; and ties count half."""
    assert auc({"a": [3.0], "b": [1.0, 2.5]}, {"c": [2.0]}).mean == 0.75
    assert auc({"a": [1.0]}, {"c": [1.0]}).mean == 0.5
    others = {"c": [2.0], "d": [0.0]}
    people = {"a": [3.0], "b": [1.0, 2.5]}
    assert np.mean([placement(n, others) for n in people.values()]) == auc(people, others).mean


def test_an_auc_has_an_interval_over_people():
    rng = np.random.default_rng(1)
    same = auc({f"a{i}": [v] for i, v in enumerate(rng.normal(size=30))},
               {f"b{i}": [v] for i, v in enumerate(rng.normal(size=30))})  # fmt: skip
    assert same.low is not None and same.high is not None and same.low < 0.5 < same.high
    apart = auc({f"a{i}": [1.0] for i in range(10)}, {f"b{i}": [0.0] for i in range(10)})
    assert apart.mean == apart.high == 1
    assert apart.low == pytest.approx(1 - 3.8415 / 13.8415, abs=1e-4)  # Wilson's end
    few = auc({"a": [1.0]}, {"b": [0.0]})
    assert (few.mean, few.low, few.reason) == (1, None, "no interval below 5 people")
    assert auc({"a": []}, {"b": [0.0]}).mean is None


def test_the_same_people_under_two_models_are_drawn_together():
    """Each person's two numbers differ by the same: the AUC moves less, and nobody is counted twice."""
    values = {f"p{i}": [float(i)] for i in range(20)}
    shifted = {who: [v + 1] for who, [v] in reversed(values.items())}
    paired = auc(shifted, values)
    apart = auc({f"q{who}": v for who, v in shifted.items()}, values)
    assert paired.mean == apart.mean
    assert paired.high - paired.low <= apart.high - apart.low
    assert (paired.low, paired.high) == share_interval(paired.mean, 20)


def test_tpr_takes_the_threshold_that_few_enough_negatives_lie_above():
    """Of 200 negatives 1 % are two: the third largest is the threshold; of 10 none may lie above."""
    negatives = [float(i) for i in range(200)]
    assert threshold(negatives) == 197
    assert tpr([198.0, 197.0, 0.0, 300.0], negatives) == 0.5
    assert tpr([9.0, 10.0], [float(i) for i in range(10)]) == 0.5


def test_distance_to_gold():
    """((1 - .9) - (1 - .6)) / (1 - .6) = -.75."""
    assert privleak(0.9, 0.6) == pytest.approx(-75)
    assert privleak(0.6, 0.6) == 0
    assert privleak(0.5, 1.0) is None


def test_token_scores_are_those_of_plain_rows(people, either_model):
    texts = [example(people), example(people, 1, "Una."), replace(example(people, 2), answer="")]
    first, second, empty = token_scores(either_model, texts)
    assert empty is None and first and second
    with torch.no_grad():
        plain = log_probs(either_model, [texts[0]], every=True)
    assert first.log_probs == pytest.approx(plain.log_probs[:-1].tolist(), abs=1e-4)  # the end is no token of the text
    every = plain.every[0]
    mean = float((every.exp() * every).sum())
    assert first.mean[0] == pytest.approx(mean, abs=1e-4)
    spread = math.sqrt(float((every.exp() * (every - mean) ** 2).sum()))
    assert first.deviation[0] == pytest.approx(spread, abs=1e-4)
    assert first.right[0] == (first.log_probs[0] == pytest.approx(float(every.max()), abs=1e-4))
