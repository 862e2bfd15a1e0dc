"""Cuts from properties, from the filter's own search, from lists and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.conftest import EXAMPLE_CLIP
from tests.filter.conftest import Restore, all_pixels, noise_clip, pixels
from vsrealbasicvsr.filter.shot_props import FOUND, with_found_cuts
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import open_source


def without_cuts(clip: vs.VideoNode) -> vs.VideoNode:
    return clip.std.RemoveFrameProps(["_SceneChangePrev", "_SceneChangeNext"])


def marked(clip: vs.VideoNode, name: str, numbers: set[int]) -> vs.VideoNode:
    return clip.std.ModifyFrame(clip, lambda n, f: _with(f, name, int(n in numbers)))


def _with(frame: vs.VideoFrame, name: str, value: int) -> vs.VideoFrame:
    copy = frame.copy()
    copy.props[name] = value
    return copy


@pytest.mark.parametrize(("name", "shift"), [("_SceneChangePrev", 0), ("_SceneChangeNext", -1)])
def test_properties_and_lists_mean_the_same(restored: Restore, name: str, shift: int) -> None:
    plain, cuts = without_cuts(noise_clip(24)), {3, 7, 8, 20}
    by_list = np.stack(all_pixels(restored(plain, cuts=sorted(cuts))))
    by_props = np.stack(all_pixels(restored(marked(plain, name, {n + shift for n in cuts}))))
    np.testing.assert_array_equal(by_props, by_list)
    assert not np.array_equal(by_list, np.stack(all_pixels(restored(plain))))


def test_nothing_crosses_a_cut(restored: Restore) -> None:
    source = noise_clip(20)
    black = vs.core.std.BlankClip(source)
    spliced = source[:9] + black[9:]
    for n in (8, 5):
        np.testing.assert_array_equal(
            pixels(restored(source, cuts=[9]), n), pixels(restored(spliced, cuts=[9]), n)
        )


def test_a_file_of_cuts_and_none(restored: Restore, tmp_path: Path) -> None:
    source = noise_clip(20)
    (tmp_path / "cuts.txt").write_text("5\n# comment\n12\n", encoding="utf-8")
    for cuts in (str(tmp_path / "cuts.txt"), tmp_path / "cuts.txt"):
        np.testing.assert_array_equal(
            np.stack(all_pixels(restored(source, cuts=cuts))),
            np.stack(all_pixels(restored(source, cuts=(12, 5)))),
        )
    np.testing.assert_array_equal(
        np.stack(all_pixels(restored(source, cuts=None))),
        np.stack(all_pixels(restored(without_cuts(source)))),
    )


def shots() -> vs.VideoNode:
    """Moving pictures with cuts at 6 and 9, a flash at 14 and a blended cut at 18, 26 frames."""
    length, height, width = 26, 36, 64
    coarse = [np.random.default_rng(n).random((3, 4, 16)) * 0.3 + (0.05, 0.65)[n % 2] for n in range(4)]
    scenes = [np.kron(scene, np.ones((1, 9, 9))).astype(np.float32) for scene in coarse]
    of = [0] * 6 + [1] * 3 + [2] * 9 + [3] * 8
    blank = vs.core.std.BlankClip(format=vs.RGBS, width=width, height=height, length=length, keep=True)

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        picture = scenes[of[n]][:, :, n : n + width]
        if n == 14:
            picture = np.ones_like(picture)
        if n == 18:
            picture = (scenes[2][:, :, n : n + width] + picture) / 2
        for plane in range(3):
            np.asarray(frame[plane])[:] = picture[plane]
        return frame

    return blank.std.ModifyFrame(blank, fill)


@pytest.mark.parametrize(
    "format", [vs.RGBS, vs.RGBH, vs.RGB24, vs.YUV420P8, vs.YUV444P16, vs.GRAYS, vs.GRAY8]
)
def test_cuts_are_found_in_any_format_whatever_the_order(format: int) -> None:
    family = vs.core.get_video_format(format).color_family
    clip = shots()
    if format != vs.RGBS:
        clip = clip.resize.Point(format=format, **({} if family == vs.RGB else {"matrix_s": "709"}))
    found = with_found_cuts(clip, 40)
    numbers = list(range(clip.num_frames))
    for order in (numbers, numbers[::-1], numbers[1::2] + numbers[::2]):
        assert [n for n in sorted(order) if found.get_frame(n).props[FOUND]] == [6, 9, 18]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_clips_have_no_cuts(length: int) -> None:
    still = vs.core.std.BlankClip(format=vs.YUV444P8, width=1, height=1, length=length).std.SetFieldBased(1)
    found = with_found_cuts(still.std.SetFrameProps(_Matrix=0), 40)
    assert [found.get_frame(n).props[FOUND] for n in range(length)] == [0] * length


@pytest.mark.parametrize("cuts", [np.array([5, 12]), {12, 5}, range(5, 13, 7)], ids=str)
def test_any_collection_of_numbers_is_taken(restored: Restore, cuts: object) -> None:
    source = noise_clip(20)
    np.testing.assert_array_equal(
        pixels(restored(source, cuts=cuts), 11), pixels(restored(source, cuts=[5, 12]), 11)
    )


def test_they_are_those_that_the_command_line_finds() -> None:
    with open_source(EXAMPLE_CLIP) as source:
        expected = [n for n, (_, first) in enumerate(find_cuts(source)) if first]
    clip = vs.core.bs.VideoSource(str(EXAMPLE_CLIP), cachemode=0)
    found = with_found_cuts(clip, 40)
    assert [n for n in range(clip.num_frames) if found.get_frame(n).props[FOUND]] == expected == [13]


def test_found_cuts_are_used_and_do_not_leave_the_filter(restored: Restore) -> None:
    clip = shots()
    found = restored(clip, cuts="detect")
    np.testing.assert_array_equal(
        np.stack(all_pixels(found, requests=4)), np.stack(all_pixels(restored(clip, cuts=[6, 9, 18])))
    )
    assert not [name for name in found.get_frame(6).props if name.startswith("_RealBasicVSR")]
    assert "_SceneChangePrev" not in found.get_frame(6).props
