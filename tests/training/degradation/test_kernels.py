"""Blur kernels against the reference's (SPEC 8) and against what each family is for."""

from __future__ import annotations

import re
from typing import cast

import numpy as np
import pytest

from tests.conftest import GOLDEN
from training.degradation.kernels import kernel
from training.degradation.parameters import Blur, KernelKind

ARRAYS = np.load(GOLDEN / "kernels.npz")
KINDS = {
    "iso": "iso", "aniso": "aniso", "gen_iso": "generalized_iso", "gen_aniso": "generalized_aniso",
    "plateau_iso": "plateau_iso", "plateau_aniso": "plateau_aniso", "sinc": "sinc",
}  # fmt: skip


def blur_of(name: str) -> Blur:
    """The parameters in a golden array's name, such as gen_aniso_k7_sx2.1_sy0.7_r0.6_b0.6."""
    kind, _, rest = re.match(r"((?:gen_|plateau_)?[a-z]+)(_)(k.*)", name).groups()  # type: ignore[union-attr] # all match
    numbers = dict(re.findall(r"(k|sx|sy|s|r|b|w)(\d+(?:\.\d+)?)", rest))
    sigma = numbers.get("s", "1")
    values = (numbers.get("sx", sigma), numbers.get("sy", sigma), numbers.get("r", "0"))
    x, y, angle = (float(value) for value in values)
    beta, cutoff = float(numbers.get("b", "1")), float(numbers.get("w", "1"))
    kind = cast("KernelKind", KINDS[kind])
    return Blur(kind, int(numbers["k"]), (x,), (y,), (angle,), (beta,), (cutoff,))


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
