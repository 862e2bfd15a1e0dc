from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from tests.video.reading import H264, FFmpeg
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import SourceFrame, open_source

Luma = NDArray[np.uint8]


def scene(seed: int) -> NDArray[np.float64]:
    """Blocks of random brightness, as unlike as two shots are."""
    blocks = np.random.default_rng(seed).uniform(20, 230, (6, 8))
    return np.kron(blocks, np.ones((8, 8)))


def shot(seed: int, length: int, speed: int = 1) -> list[Luma]:
    return [np.roll(scene(seed), n * speed, axis=1).astype(np.uint8) for n in range(length)]


def mix(first: Luma, second: Luma, share: float) -> Luma:
    return (first * (1 - share) + second * share).astype(np.uint8)


def frames(lumas: Iterable[Luma]) -> Iterator[SourceFrame]:
    for n, luma in enumerate(lumas):
        yield SourceFrame(VideoFrame.from_ndarray(luma, "gray"), n, 1)


def cuts(lumas: Iterable[Luma], **choices: float) -> list[int]:
    return [n for n, (_, is_cut) in enumerate(find_cuts(frames(lumas), **choices)) if is_cut]


def test_every_frame_comes_once_and_in_order_two_behind() -> None:
    taken = 0

    def counted() -> Iterator[SourceFrame]:
        nonlocal taken
        for frame in frames(shot(1, 20)):
            taken += 1
            yield frame

    ahead = []
    for n, (frame, _) in enumerate(find_cuts(counted())):
        assert frame.pts == n
        ahead.append(taken - n)
    assert len(ahead) == 20
    assert max(ahead) == 3


@pytest.mark.parametrize("count", range(5))
def test_short_clips(count: int) -> None:
    assert [is_cut for _, is_cut in find_cuts(frames(shot(1, count)))] == [False] * count


def test_cuts_between_moving_shots() -> None:
    assert cuts(shot(1, 10) + shot(2, 5) + shot(3, 3) + shot(4, 10)) == [10, 15, 18]


def test_a_cut_right_after_the_start_and_right_before_the_end() -> None:
    assert cuts(shot(1, 1) + shot(2, 10) + shot(3, 1)) == [1, 11]


def test_two_cuts_in_a_row() -> None:
    assert cuts(shot(1, 10) + shot(2, 1) + shot(3, 10)) == [10, 11]
    assert cuts(shot(1, 10) + shot(2, 2) + shot(3, 10)) == [10, 12]


@pytest.mark.parametrize("length", [1, 2])
@pytest.mark.parametrize("level", [0, 255])
def test_a_flash_is_no_cut(length: int, level: int) -> None:
    lumas = shot(1, 20)
    for n in range(length):
        lumas[8 + n] = np.full_like(lumas[0], level)
    assert cuts(lumas) == []


def test_a_partial_flash_is_no_cut_and_hides_none() -> None:
    lumas = shot(1, 12) + shot(2, 12)
    lumas[5][:, 16:] = 255
    lumas[18][:24] = 0
    assert cuts(lumas) == [12]


def test_flashes_in_turn_are_no_cuts() -> None:
    lumas = shot(1, 30)
    for n in (5, 8, 11, 14):
        lumas[n] = np.full_like(lumas[0], 255)
    assert cuts(lumas) == []


@pytest.mark.parametrize("length", [8, 12, 25])
def test_a_fade_through_black_gives_no_cut(length: int) -> None:
    black = np.zeros_like(scene(1)).astype(np.uint8)
    first, second = shot(1, 8 + length), shot(2, length + 8)
    out = [mix(luma, black, (n + 1) / length) for n, luma in enumerate(first[8:])]
    back = [mix(black, luma, (n + 1) / length) for n, luma in enumerate(second[:length])]
    assert cuts(first[:8] + out + back + second[length:]) == []


@pytest.mark.parametrize("length", [8, 12, 25])
def test_a_dissolve_gives_no_cut(length: int) -> None:
    first, second = scene(1).astype(np.uint8), scene(2).astype(np.uint8)
    blended = [mix(first, second, n / length) for n in range(1, length)]
    assert cuts([first] * 10 + blended + [second] * 10) == []


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])
def test_a_cut_through_one_blended_frame_is_one_cut(share: float) -> None:
    first, second = scene(1).astype(np.uint8), scene(2).astype(np.uint8)
    assert cuts([first] * 10 + [mix(first, second, share)] + [second] * 10) == [10]


def test_a_quick_dissolve_is_one_cut_at_most() -> None:
    first, second = scene(1).astype(np.uint8), scene(2).astype(np.uint8)
    blended = [mix(first, second, share) for share in (0.25, 0.5, 0.75)]
    assert len(cuts([first] * 10 + blended + [second] * 10)) <= 1


def test_fast_motion_is_no_cut() -> None:
    assert cuts(shot(1, 20, speed=9)) == []


def test_noise_is_no_cut() -> None:
    rng = np.random.default_rng(3)
    lumas = [np.clip(scene(1) + rng.normal(0, 20, scene(1).shape), 0, 255).astype(np.uint8) for _ in range(9)]
    assert cuts(lumas) == []


def test_the_threshold_is_percent_of_the_range() -> None:
    dark = [np.full((48, 64), 40, np.uint8)] * 6
    light = [np.full((48, 64), 40 + 38, np.uint8)] * 6  # 38 of 256 is 14.8 percent
    assert cuts(dark + light, threshold=14.5) == [6]
    assert cuts(dark + light, threshold=15.1) == []


SHOTS = ("testsrc2", "mandelbrot", "smptebars", "yuvtestsrc", "testsrc")


def test_cuts_are_those_of_scdet(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path, log = tmp_path / "shots.mp4", tmp_path / "scdet.txt"
    inputs = [
        word for name in SHOTS for word in ("-f", "lavfi", "-i", f"{name}=s=320x180:r=25,trim=duration=0.6")
    ]
    graph = "".join(f"[{n}:v]format=yuv420p,setsar=1[{n}];" for n in range(len(SHOTS)))
    graph += "".join(f"[{n}]" for n in range(len(SHOTS))) + f"concat=n={len(SHOTS)}"
    ffmpeg(*inputs, "-filter_complex", graph, *H264, path)
    ffmpeg("-i", path, "-vf", f"scdet=t=10,metadata=print:file={log}", "-f", "null", "-")
    entries = re.split(r"^frame:", log.read_text(encoding="utf-8"), flags=re.MULTILINE)
    expected = [int(entry.split()[0]) for entry in entries if "lavfi.scd.time" in entry]
    with open_source(path) as source:
        found = [n for n, (_, is_cut) in enumerate(find_cuts(source)) if is_cut]
    assert found == expected == [15, 30, 45, 60]


@pytest.mark.parametrize("form", ["yuv420p10le", "yuv444p", "rgb24", "gray16le", "nv12"])
def test_any_pixel_format(form: str) -> None:
    lumas = shot(1, 6) + shot(2, 6)
    pictures = [VideoFrame.from_ndarray(luma, "gray").reformat(format=form) for luma in lumas]
    result = find_cuts(SourceFrame(picture, n, 1) for n, picture in enumerate(pictures))
    assert [n for n, (_, is_cut) in enumerate(result) if is_cut] == [6]


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (2000, 2)])
def test_any_size(size: tuple[int, int]) -> None:
    lumas = [np.full(size[::-1], 10, np.uint8)] * 4 + [np.full(size[::-1], 200, np.uint8)] * 4
    assert cuts(lumas) == [4]
