"""Random walks keep to their bounds and steps (paper Eq. 6)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.degradation.draw import walk
from training.degradation.options import Range

FINITE = st.floats(-100, 100)


@given(st.integers(0, 2**32), FINITE, st.floats(0, 50), st.floats(0, 20), st.integers(1, 60), st.floats(0, 1))
def test_walks_keep_to_bounds_and_steps(
    seed: int, low: float, width: float, step: float, frames: int, share: float
) -> None:
    bounds = Range(low=low, high=low + width, step=step)
    start = min(low + share * width, bounds.high)
    values = walk(np.random.default_rng(seed), start, bounds, frames, True)
    assert len(values) == frames
    assert values[0] == start
    assert all(bounds.low <= value <= bounds.high for value in values)
    assert all(abs(b - a) <= step * (1 + 1e-12) + 1e-12 for a, b in pairwise(values))


def test_a_walk_drifts_as_far_as_its_steps_say() -> None:
    """29 increments uniform in ±step have the standard deviation step * sqrt(29 / 3)."""
    bounds = Range(low=-1000.0, high=1000.0, step=0.1)
    rng = np.random.default_rng(0)
    ends = [walk(rng, 0.0, bounds, 30, True)[-1] for _ in range(4000)]
    assert np.std(ends) == pytest.approx(0.1 * np.sqrt(29 / 3), rel=0.05)


def test_borders_hold_without_reflecting() -> None:
    values = walk(np.random.default_rng(1), 1.0, Range(low=0.0, high=1.0, step=0.5), 400, True)
    assert values.count(1.0) > 20
    assert values.count(0.0) > 20


def test_the_conventional_scheme_holds_what_was_drawn() -> None:
    assert walk(np.random.default_rng(0), 0.3, Range(low=0, high=1, step=0.1), 5, False) == (0.3,) * 5


def test_independent_draws_fill_the_range() -> None:
    bounds = Range(low=2.0, high=3.0, step=0.001)
    values = walk(np.random.default_rng(0), 2.0, bounds, 500, "independent")
    assert min(values) < 2.02
    assert max(values) > 2.98
    assert np.mean(values) == pytest.approx(2.5, abs=0.05)
