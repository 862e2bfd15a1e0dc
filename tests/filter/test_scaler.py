"""vs-jetpack's scripts can use the filter as one of their scalers."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import vapoursynth as vs

from vsrealbasicvsr import restore

MODULE = "vsrealbasicvsr.filter.scaler"


@pytest.fixture
def clip() -> vs.VideoNode:
    """Three frames of 24x16 with an edge in them."""
    left, right = (
        vs.core.std.BlankClip(width=12, height=16, format=vs.YUV420P8, length=3, color=[luma, 110, 140])
        for luma in (60, 180)
    )
    return vs.core.std.StackHorizontal([left, right]).std.SetFrameProps(_Matrix=6)


@pytest.fixture
def settings(tiny_model: Path) -> dict[str, Any]:
    return {"device": "cpu", "model": str(tiny_model), "window": 3, "margin": 0}


@pytest.fixture
def scaler(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # As under vspipe. Without that module vs-jetpack names a file of its own invention as that of `__main__`,
    # which in a worker of pytest-xdist breaks every process that is spawned later.
    monkeypatch.setitem(sys.modules, "__vapoursynth__", ModuleType("__vapoursynth__"))
    return pytest.importorskip(MODULE, reason="vsjetpack is not installed", exc_type=ImportError)


def _assert_same_frames(first: vs.VideoNode, second: vs.VideoNode) -> None:
    assert first.num_frames == second.num_frames
    assert first.format == second.format
    for one, other in zip(first.frames(), second.frames(), strict=True):
        for plane in range(first.format.num_planes):
            np.testing.assert_array_equal(np.asarray(one[plane]), np.asarray(other[plane]))


def test_without_vs_jetpack_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vskernels", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with pytest.raises(
        ImportError, match=r"needs vs-jetpack: run `pip install vsrealbasicvsr\[jetpack\]`\.$"
    ):
        __import__(MODULE)


def test_four_times_the_size_is_what_restore_gives(
    scaler: ModuleType, clip: vs.VideoNode, settings: dict[str, Any]
) -> None:
    expected = restore(clip, **settings)
    _assert_same_frames(scaler.RealBasicVSR(**settings).scale(clip, 96, 64), expected)
    _assert_same_frames(scaler.RealBasicVSR(**settings).supersample(clip, 4.0), expected)


def test_other_sizes_and_shifts_are_made_by_the_kernel_that_was_given(
    scaler: ModuleType, clip: vs.VideoNode, settings: dict[str, Any]
) -> None:
    bilinear = scaler.RealBasicVSR(kernel="Bilinear", **settings)
    restored = restore(clip, **settings)
    _assert_same_frames(bilinear.scale(clip, 48, 32), restored.resize.Bilinear(48, 32))
    _assert_same_frames(bilinear.scale(clip), restored.resize.Bilinear(24, 16))
    shifted = restored.resize.Bilinear(src_top=1, src_left=2)
    _assert_same_frames(bilinear.scale(clip, 96, 64, shift=(1, 2)), shifted)


def test_it_is_known_by_name_where_a_scaler_is_taken(scaler: ModuleType, settings: dict[str, Any]) -> None:
    from vskernels import Scaler

    assert isinstance(Scaler.ensure_obj("RealBasicVSR"), scaler.RealBasicVSR)
    assert scaler.RealBasicVSR(**settings) == scaler.RealBasicVSR(**settings)
    assert scaler.RealBasicVSR(**settings) != scaler.RealBasicVSR()


def test_settings_at_the_call_come_before_those_of_the_scaler(
    scaler: ModuleType, clip: vs.VideoNode, settings: dict[str, Any]
) -> None:
    plain = scaler.RealBasicVSR(**settings).scale(clip, 96, 64, strength=0.0)
    _assert_same_frames(plain, restore(clip, **settings, strength=0.0))


def test_wrong_settings_are_refused(scaler: ModuleType, clip: vs.VideoNode) -> None:
    with pytest.raises(TypeError, match="windw"):
        scaler.RealBasicVSR(windw=12)
    with pytest.raises(vs.Error, match="realbasicvsr: window must lie between"):
        scaler.RealBasicVSR(window=-1).scale(clip)
