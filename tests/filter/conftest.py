"""Clips whose every frame differs, and the smallest networks that still do everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import vapoursynth as vs
from numpy.typing import NDArray

from tests.conftest import save
from vsrealbasicvsr import realbasicvsr
from vsrealbasicvsr.network import RealBasicVSR

Clip = Callable[..., vs.VideoNode]
Restore = Callable[..., vs.VideoNode]


def noise_clip(length: int, width: int = 8, height: int = 8, *, half: bool = False) -> vs.VideoNode:
    """RGBS or RGBH noise; each frame has properties of every kind."""
    dtype = np.float16 if half else np.float32
    blank = vs.core.std.BlankClip(
        format=vs.RGBH if half else vs.RGBS, width=width, height=height, length=length, keep=True
    )

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame, random = f.copy(), np.random.default_rng(n)
        for plane in range(3):
            np.asarray(frame[plane])[:] = random.random((height, width)).astype(dtype)
        properties = {
            **{"Number": n, "Share": n / 7, "Name": f"frame {n}", "Bytes": b"\x00\xff", "Several": [n, 1, 2]},
            **{"_DurationNum": n + 1, "_DurationDen": 24, "_SARNum": 8, "_SARDen": 9, "_FieldBased": 0},
            "_SceneChangePrev": int(n % 11 == 10),
        }
        for name, value in properties.items():
            frame.props[name] = value
        return frame

    return blank.std.ModifyFrame(blank, fill)


def planes(frame: vs.VideoFrame) -> list[NDArray[np.generic]]:
    return [np.asarray(frame[plane]).copy() for plane in range(frame.format.num_planes)]


def pixels(clip: vs.VideoNode, number: int) -> NDArray[np.generic]:
    """(3, H, W) of a frame without subsampling."""
    with clip.get_frame(number) as frame:
        return np.stack(planes(frame))


def all_pixels(clip: vs.VideoNode, *, requests: int = 1) -> list[NDArray[np.generic]]:
    """Every frame, read forward with so many requests at once."""
    return [np.stack(planes(frame)) for frame in clip.frames(prefetch=requests, close=True)]


@pytest.fixture(scope="session")
def mini_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cleans, aligns, propagates and reconstructs, with one block and four channels for each."""
    torch.manual_seed(5)
    return save(RealBasicVSR(4, 1, 1), tmp_path_factory.mktemp("model") / "mini.safetensors")


@pytest.fixture
def restored(mini_model: Path) -> Restore:
    """`realbasicvsr` with the small network on the CPU and windows of 7 and 3."""

    def make(clip: vs.VideoNode, device: object = "cpu", **keywords: object) -> vs.VideoNode:
        return realbasicvsr(clip, device, mini_model, **{"window": 7, "margin": 3, **keywords})  # type: ignore[arg-type]

    return make


@pytest.fixture
def core_settings() -> Iterator[vs.Core]:
    """The core, whose threads and cache limit are put back afterwards."""
    threads, limit = vs.core.num_threads, vs.core.max_cache_size
    yield vs.core.core
    vs.core.num_threads, vs.core.max_cache_size = threads, limit
