"""A frame is a function of its number: whatever was asked for before, with it, or by whom."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import vapoursynth as vs
from numpy.typing import NDArray

from tests.filter.conftest import Restore, all_pixels, noise_clip, pixels
from vsrealbasicvsr import Restorer, Settings

Pixels = NDArray[np.generic]
LENGTH = 60


@pytest.fixture(scope="module")
def forward(mini_model: object) -> list[Pixels]:
    """What the bare engine makes of the clip, read as a stream with the same cuts."""
    source = noise_clip(LENGTH)
    frames = [torch.from_numpy(pixels(source, n)) for n in range(LENGTH)]
    cuts = {n for n in range(LENGTH) if n % 11 == 10}
    engine = Restorer(settings=Settings(model=str(mini_model), device="cpu", window=7, margin=3))
    return [picture.numpy() for picture in engine.stream(frames, cuts)]


def orders() -> dict[str, list[int]]:
    numbers, chance = list(range(LENGTH)), random.Random(1)
    return {
        "forward": numbers,
        "backward": numbers[::-1],
        "shuffled": chance.sample(numbers, LENGTH),
        "repeated": [n for n in numbers[::5] for _ in range(3)],
        "back and forth": [n + step for n in numbers[8:-1:9] for step in (0, 1, -1, -8, 0)],
    }


@pytest.mark.parametrize("devices", [["cpu"], ["cpu", "cpu"], ["cpu"] * 3], ids=len)
@pytest.mark.parametrize("order", orders())
def test_any_order_gives_what_the_engine_gives(
    restored: Restore, forward: list[Pixels], order: str, devices: list[str]
) -> None:
    clip = restored(noise_clip(LENGTH), devices, prefetch=2)
    for n in orders()[order]:
        np.testing.assert_array_equal(pixels(clip, n), forward[n], err_msg=f"frame {n}")


@pytest.mark.parametrize(("threads", "requests"), [(1, 1), (1, 16), (2, 4), (4, 2), (8, 16)])
def test_threads_and_requests_change_nothing(
    restored: Restore, forward: list[Pixels], core_settings: vs.Core, threads: int, requests: int
) -> None:
    core_settings.num_threads = threads
    got = all_pixels(restored(noise_clip(LENGTH)), requests=requests)
    np.testing.assert_array_equal(np.stack(got), np.stack(forward))


def test_three_hundred_frames_with_the_default_windows(restored: Restore, core_settings: vs.Core) -> None:
    source, usual = noise_clip(300, 2, 2), {"window": 24, "margin": 8}
    expected = np.stack(all_pixels(restored(source, **usual)))
    core_settings.num_threads, core_settings.max_cache_size = 8, 256
    got = all_pixels(restored(source, ["cpu", "cpu"], **usual), requests=16)
    np.testing.assert_array_equal(np.stack(got), expected)
    backward = restored(source, **usual)
    for n in range(299, -1, -1):
        np.testing.assert_array_equal(pixels(backward, n), expected[n], err_msg=f"frame {n}")


def test_two_outputs_and_two_instances_do_not_disturb_each_other(
    restored: Restore, forward: list[Pixels]
) -> None:
    source = noise_clip(LENGTH)
    first, second = restored(source), restored(source, window=5, margin=1)
    alone = all_pixels(restored(source, window=5, margin=1))
    flipped = first.std.FlipVertical()
    with ThreadPoolExecutor(3) as pool:
        whole, turned, other = pool.map(all_pixels, (first, flipped, second))
    np.testing.assert_array_equal(np.stack(whole), np.stack(forward))
    np.testing.assert_array_equal(np.stack(turned)[:, :, ::-1], np.stack(forward))
    np.testing.assert_array_equal(np.stack(other), np.stack(alone))


def test_one_after_the_other_in_a_chain(restored: Restore) -> None:
    source = noise_clip(9)
    once = restored(source, window=4, margin=1)
    pieces = [pixels(once, n) for n in range(9)]
    kept = once.std.ModifyFrame(once, lambda n, f: f)  # another node with the same frames
    np.testing.assert_array_equal(
        np.stack(all_pixels(restored(kept, window=2, margin=1), requests=4)),
        np.stack(all_pixels(restored(_clip_of(pieces), window=2, margin=1, cuts=[]), requests=1)),
    )


def test_a_trimmed_or_spliced_clip_in_front(restored: Restore) -> None:
    source = noise_clip(40)
    parts = [n for part in (range(30, 40), range(5, 18)) for n in part]
    clip = restored(source[30:40] + source[5:18], cuts=[10])
    direct = restored(_clip_of([pixels(source, n) for n in parts]), cuts=[10])
    np.testing.assert_array_equal(np.stack(all_pixels(clip)), np.stack(all_pixels(direct)))


@pytest.mark.parametrize("length", [1, 2, 6, 7, 8, 14, 15])
@pytest.mark.parametrize("margin", [0, 3, 20])
def test_any_length(restored: Restore, mini_model: object, length: int, margin: int) -> None:
    source = noise_clip(length)
    frames = [torch.from_numpy(pixels(source, n)) for n in range(length)]
    engine = Restorer(settings=Settings(model=str(mini_model), device="cpu", window=7, margin=margin))
    clip = restored(source, margin=margin, cuts=None)
    assert clip.num_frames == length
    expected = torch.stack(list(engine.stream(frames))).numpy()
    np.testing.assert_array_equal(np.stack(all_pixels(clip, requests=3)), expected)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (16, 16), (63, 65)])
@pytest.mark.parametrize("window", [1, 2])
def test_any_size(restored: Restore, mini_model: object, size: tuple[int, int], window: int) -> None:
    source = noise_clip(3, *size)
    frames = [torch.from_numpy(pixels(source, n)) for n in range(3)]
    engine = Restorer(settings=Settings(model=str(mini_model), device="cpu", window=window, margin=1))
    clip = restored(source, window=window, margin=1)
    assert (clip.width, clip.height) == (4 * size[0], 4 * size[1])
    expected = torch.stack(list(engine.stream(frames))).numpy()
    np.testing.assert_array_equal(np.stack(all_pixels(clip)), expected)


def test_a_picture_of_full_hd(restored: Restore) -> None:
    clip = restored(noise_clip(1, 1920, 1080), margin=0, max_passes=1)
    assert pixels(clip, 0).shape == (3, 4320, 7680)


def test_a_clip_as_long_as_mpv_says(restored: Restore) -> None:
    length = (2**31 - 1) // 16
    clip = restored(noise_clip(100).std.Loop(2_000_000)[:length], window=5, margin=2)
    assert clip.num_frames == min(length, 200_000_000)
    np.testing.assert_array_equal(pixels(clip, 70_000_000), pixels(clip, 70_000_100))


@pytest.mark.parametrize("place", ["first", "last", "every"])
def test_cuts_at_the_ends_and_everywhere(restored: Restore, mini_model: object, place: str) -> None:
    cuts = {"first": [0], "last": [19], "every": list(range(20))}[place]
    source = noise_clip(20)
    frames = [torch.from_numpy(pixels(source, n)) for n in range(20)]
    engine = Restorer(settings=Settings(model=str(mini_model), device="cpu", window=7, margin=3))
    expected = torch.stack(list(engine.stream(frames, set(cuts)))).numpy()
    np.testing.assert_array_equal(np.stack(all_pixels(restored(source, cuts=cuts))), expected)


def test_half_precision_clips_stay_half(restored: Restore) -> None:
    clip = restored(noise_clip(9, half=True))
    assert clip.format.id == vs.RGBH
    single = restored(noise_clip(9, half=True).resize.Point(format=vs.RGBS))
    for n in (8, 0, 5):
        np.testing.assert_array_equal(pixels(clip, n), pixels(single, n).astype(np.float16))


def test_a_changing_frame_rate_stays(restored: Restore) -> None:
    source = noise_clip(9).std.AssumeFPS(fpsnum=24, fpsden=1).std.SetFrameProps(_DurationNum=5)
    varying = vs.core.std.Splice([source[:4], source[4:].std.AssumeFPS(fpsnum=25, fpsden=1)], mismatch=True)
    clip = restored(varying)
    assert (clip.fps_num, clip.fps_den) == (varying.fps_num, varying.fps_den)
    for n in (0, 8):
        with clip.get_frame(n) as ours, varying.get_frame(n) as theirs:
            assert ours.props["_DurationNum"] == theirs.props["_DurationNum"]
            assert ours.props["_DurationDen"] == theirs.props["_DurationDen"]


def _clip_of(pictures: list[Pixels]) -> vs.VideoNode:
    _, height, width = pictures[0].shape
    blank = vs.core.std.BlankClip(format=vs.RGBS, width=width, height=height, length=len(pictures), keep=True)

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        for plane in range(3):
            np.asarray(frame[plane])[:] = pictures[n][plane]
        return frame

    return blank.std.ModifyFrame(blank, fill)
