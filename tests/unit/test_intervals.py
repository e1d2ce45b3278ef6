"""Intervals: closed forms, and agreement with scipy."""

import random

import numpy as np
import pytest
import scipy.stats

from letheia.metrics.aggregate import bootstrap_interval, crossed_estimate, crossed_interval, estimate, share_interval


def test_crossed_intervals():
    """One draw: the bootstrap over its people. The same people in all draws count once, other people each time."""
    rng = random.Random(0)
    people = [rng.gauss(0, 1) for _ in range(30)]
    once = {str(i): x for i, x in enumerate(people)}
    plain = pytest.approx(bootstrap_interval(people, seed=2), abs=0.08)
    assert crossed_interval([once], seed=1) == plain
    assert crossed_interval([once] * 5, seed=1) == plain
    low, high = crossed_interval([{f"{draw}-{i}": rng.gauss(0, 1) for i in range(30)} for draw in range(5)])
    width = 2 * 1.96 / (5 * 30) ** 0.5
    assert width < high - low < 1.75 * width  # on the wide side, as drawing both ways is
    same = [{"a": x, "b": x} for x in people]
    assert crossed_interval(same) == pytest.approx(bootstrap_interval(people), abs=0.08)
    assert crossed_interval([{"a": 2.0, "b": 2.0}, {"c": 2.0}]) == (2.0, 2.0)


def test_a_share_of_none_or_of_all_has_a_width():
    """Wilson: 0 of n ends at z² / (n + z²) = 3.8415 / 13.8415, mirrored for n of n; scipy agrees between."""
    none = estimate([(str(i), 0.0) for i in range(10)], share=True)
    assert (none.low, none.high) == (0, pytest.approx(0.27753, abs=1e-4))
    every = estimate([(str(i), 1.0) for i in range(10)], share=True)
    assert (every.low, every.high) == (pytest.approx(0.72247, abs=1e-4), 1)
    expected = scipy.stats.binomtest(7, 20).proportion_ci(method="wilson")
    assert share_interval(0.35, 20) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_below_five_people_there_is_no_interval():
    few = estimate([("a", 1.0), ("a", 1.0), ("a", 1.0)], share=True)
    assert (few.mean, few.low, few.high) == (1, None, None) and "5 people" in few.reason
    assert estimate([(str(i), float(i)) for i in range(5)]).low is not None


def test_a_scale_with_ends_is_never_a_point():
    """All of 10 people at 1 of 1 to 5: others could be a share of .2775 more, at most 4 off: 1 + .2775 * 4 = 2.11."""
    same = estimate([(str(i), 1.0) for i in range(10)], bounds=(1, 5))
    assert (same.low, same.high) == (1, pytest.approx(2.110, abs=1e-3))


def test_shares_over_draws_have_a_width_and_count_people_once():
    once = {str(i): 0.0 for i in range(10)}
    assert crossed_estimate([once] * 5, share=True) == (0, 0, pytest.approx(0.27753, abs=1e-4))
    assert crossed_estimate([{"a": 1.0}], share=True) == (1, None, None)
    half = {str(i): float(i % 2) for i in range(40)}
    _, low, high = crossed_estimate([half], share=True)
    assert low == pytest.approx(share_interval(0.5, 40)[0], abs=0.02) and high == pytest.approx(1 - low, abs=0.02)


def test_blocks_change_no_number(monkeypatch):
    values = [float(i) for i in range(50)]
    whole = bootstrap_interval(values)
    monkeypatch.setattr("letheia.metrics.aggregate.BLOCK", 700)
    assert bootstrap_interval(values) == whole


def test_bootstrap_agrees_with_scipy():
    values = np.random.default_rng(0).normal(size=40)
    low, high = bootstrap_interval(values.tolist(), resamples=20_000)
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_people_weigh_the_same_however_many_pictures_they_have():
    found = estimate([("a", 1.0), ("a", 1.0), ("a", 1.0), ("b", 0.0), ("c", None)])
    assert (found.mean, found.count, found.unscored) == (0.5, 4, 1)
    assert estimate([("a", None)]).mean is None
