"""The walks of the released code, number for number (golden `walk`, specification, sections 7.4, 8 and 12).

The golden arrays come from numpy's legacy generator: seed 1234 before each family of kernels, seed 7 before
the resize. What each of its numbers was used for is written here; `walk` gets the ones that were steps.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import GOLDEN
from training.degradation.draw import walk
from training.degradation.kernels import kernel
from training.degradation.options import Range
from training.degradation.parameters import Blur, KernelKind
from training.degradation.resize import even_size

ARRAYS = np.load(GOLDEN / "walk.npz")
FRAMES = 4
WALKED = {
    "sigma_x": Range(low=0.2, high=3.0, step=0.02),
    "sigma_y": Range(low=0.2, high=3.0, step=0.02),
    "angle": Range(low=-3.1416, high=3.1416, step=0.31416),
    "beta_gaussian": Range(low=0.5, high=4.0, step=0.05),
    "beta_plateau": Range(low=1.0, high=2.0, step=0.1),
    "cutoff": Range(low=np.pi / 5, high=np.pi, step=0.0628),
}
# Numbers drawn for one frame's kernel: its kind again, then each parameter between equal bounds; a beta
# takes a coin and a number of its own.
DRAWS = {"iso": 2, "sinc": 2, "aniso": 4, "generalized_iso": 4, "plateau_iso": 4}
DRAWS |= {"generalized_aniso": 6, "plateau_aniso": 6}


class Scripted:
    """A generator whose uniform numbers, as shares of the way from low to high, are known."""

    def __init__(self, shares: NDArray[np.float64]) -> None:
        self._shares = shares

    def uniform(self, low: float, high: float, count: int) -> NDArray[np.float64]:
        assert len(self._shares) == count
        return low + (high - low) * self._shares


def walked(bounds: Range, start: float, shares: NDArray[np.float64]) -> tuple[float, ...]:
    rng = cast("np.random.Generator", Scripted(shares))
    return walk(rng, start, bounds, len(shares) + 1, True)


def redrawn(beta: float, coin: float, share: float) -> float:
    """The released quirk: between 1 and the walking beta, from either end."""
    low, high = (beta, 1.0) if coin < 0.5 else (1.0, beta)
    return low + (high - low) * share


@pytest.mark.parametrize("kind", DRAWS)
def test_walked_kernels_equal_the_released_ones(kind: KernelKind) -> None:
    """The first number chose the kind, the next six the starts; a frame takes its draws and six steps."""
    numbers = np.random.RandomState(1234).random_sample(100)
    a_frame = DRAWS[kind] + len(WALKED)
    values = {}
    for index, (name, bounds) in enumerate(WALKED.items()):
        start = bounds.low + (bounds.high - bounds.low) * numbers[1 + index]
        steps = numbers[7 + DRAWS[kind] + index :: a_frame][: FRAMES - 1]
        values[name] = walked(bounds, float(start), steps)
    beta = values["beta_plateau" if kind.startswith("plateau") else "beta_gaussian"]
    last = 7 + DRAWS[kind] - 1
    coins, shares = numbers[last - 1 :: a_frame], numbers[last::a_frame]
    jittered = tuple(redrawn(*three) for three in zip(beta, coins, shares, strict=False))
    blur = Blur(kind, 21, values["sigma_x"], values["sigma_y"], values["angle"], jittered, values["cutoff"])
    for frame, wanted in enumerate(ARRAYS[f"blur_{kind}"]):
        # A last digit of sigma or angle can change how the covariance rounds to float32.
        np.testing.assert_allclose(kernel(blur, frame), wanted, atol=1e-8)


def test_walked_sizes_equal_the_released_ones() -> None:
    """Frames of 200x200, shrunk from 0.9 on; the second number set the start, the fifth and on the steps.

    The golden file's recipe does not say the bounds; these give all six sizes.
    """
    numbers = np.random.RandomState(7).random_sample(9)
    bounds = Range(low=0.9, high=1.1, step=0.015)
    scales = walked(bounds, 0.9 + 0.1 * numbers[1], numbers[4:])
    assert np.array_equal([even_size(200, 200, scale) for scale in scales], ARRAYS["resize_sizes"])
