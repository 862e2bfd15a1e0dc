"""Blur kernels against the reference's (specification, section 8) and against what each family is for."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product
from math import factorial

import numpy as np
import pytest

from tests.conftest import GOLDEN
from training.degradation.kernels import kernel
from training.degradation.parameters import Blur, KernelKind

ARRAYS = np.load(GOLDEN / "kernels.npz")
KINDS: dict[str, KernelKind] = {
    "iso": "iso", "aniso": "aniso", "gen_iso": "generalized_iso", "gen_aniso": "generalized_aniso",
    "plateau_iso": "plateau_iso", "plateau_aniso": "plateau_aniso", "sinc": "sinc",
}  # fmt: skip


def blur_of(name: str) -> Blur:
    """The parameters in a golden array's name, such as gen_aniso_k7_sx2.1_sy0.7_r0.6_b0.6."""
    match = re.match(r"((?:gen_|plateau_)?[a-z]+)_(k.*)", name)
    assert match is not None
    kind, rest = match.groups()
    numbers: dict[str, str] = dict(re.findall(r"(k|sx|sy|s|r|b|w)(\d+(?:\.\d+)?)", rest))
    sigma = numbers.get("s", "1")
    values = (numbers.get("sx", sigma), numbers.get("sy", sigma), numbers.get("r", "0"))
    x, y, angle = (float(value) for value in values)
    beta, cutoff = float(numbers.get("b", "1")), float(numbers.get("w", "1"))
    return Blur(KINDS[kind], int(numbers["k"]), (x,), (y,), (angle,), (beta,), (cutoff,))


@pytest.mark.parametrize("name", ARRAYS.files)
def test_kernels_equal_the_references(name: str) -> None:
    np.testing.assert_allclose(kernel(blur_of(name), 0), ARRAYS[name], atol=1e-12, rtol=1e-9)


def test_isotropic_kernels_ignore_the_second_axis_and_the_angle() -> None:
    one = Blur("iso", 9, (1.0,), (1.0,), (0.0,), (1.0,), (1.0,))
    other = Blur("iso", 9, (1.0,), (2.5,), (1.2,), (3.0,), (2.0,))
    assert np.array_equal(kernel(one, 0), kernel(other, 0))


def test_each_frame_has_its_own_kernel() -> None:
    blur = Blur("iso", 9, (0.5, 2.0), (1.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 1.0))
    assert kernel(blur, 0)[4, 4] > kernel(blur, 1)[4, 4]


def test_a_sinc_is_a_low_pass() -> None:
    """Its spectrum is near 1 below the cutoff and near 0 above it."""
    made = kernel(Blur("sinc", 21, (1.0,), (1.0,), (0.0,), (1.0,), (np.pi / 2,)), 0)
    spectrum = np.abs(np.fft.fft2(made, (128, 128)))[0]
    assert spectrum[:20].min() > 0.85
    assert spectrum[44:64].max() < 0.15


@pytest.mark.parametrize("kind", KINDS.values())
@pytest.mark.parametrize("size", [1, 7, 101])
def test_kernels_sum_to_1_at_the_ends_of_what_options_allow(kind: KernelKind, size: int) -> None:
    for x, y, angle, beta, cutoff in product((0.1, 100), (0.1, 100), (0.0, 0.7), (0.01, 50), (0.001, 3.1416)):
        made = kernel(Blur(kind, size, (x,), (y,), (angle,), (beta,), (cutoff,)), 0)
        assert made.sum() == pytest.approx(1)


def test_a_wide_sinc_follows_bessels_function() -> None:
    """Against the power series of J1, summed exactly, at a radius of 50 pixels."""
    made = kernel(Blur("sinc", 101, (1.0,), (1.0,), (0.0,), (1.0,), (3.0,)), 0)
    x = Fraction(150)
    terms = ((-1) ** m * (x / 2) ** (2 * m + 1) / (factorial(m) * factorial(m + 1)) for m in range(450))
    wanted = 3 * float(sum(terms)) / (2 * np.pi * 50)
    assert made[50, 100] / made[50, 50] == pytest.approx(wanted / (9 / (4 * np.pi)), rel=1e-9)
