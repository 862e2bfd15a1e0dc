"""Learning rates over a stage."""

from __future__ import annotations

import math

import pytest

from training.stage import OptimizerOptions
from training.update.rates import rate_share


def test_a_cosine_falls_from_the_end_of_the_warm_up_to_the_end_of_the_stage() -> None:
    options = OptimizerOptions(warmup=4, schedule="cosine")
    shares = [rate_share(options, iteration, 12) for iteration in (0, 1, 3, 4, 6, 8, 10, 12)]
    eighth = math.sqrt(0.5)  # the cosine of an eighth of a turn
    expected = [0.25, 0.5, 1.0, 1.0, (1 + eighth) / 2, 0.5, (1 - eighth) / 2, 0.0]
    assert shares == pytest.approx(expected, abs=1e-12)


def test_no_iteration_of_a_cosine_learns_nothing() -> None:
    for warmup, iterations in ((0, 1), (0, 7), (7, 7), (9, 7)):
        options = OptimizerOptions(warmup=warmup, schedule="cosine")
        assert all(rate_share(options, iteration, iterations) > 0 for iteration in range(iterations))


def test_a_constant_rate_stays_after_the_warm_up() -> None:
    options = OptimizerOptions(warmup=2)
    assert [rate_share(options, iteration, 5) for iteration in range(5)] == [0.5, 1.0, 1.0, 1.0, 1.0]
