"""Which clips are taken, and that the line in a refusal mends what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import vapoursynth as vs

from tests.filter.conftest import Restore, noise_clip, pixels
from vsrealbasicvsr import realbasicvsr, restore

REFUSED = [
    *(vs.YUV420P8, vs.YUV422P10, vs.YUV444P16, vs.YUV444PS, vs.YUV420PH),
    *(vs.RGB24, vs.RGB48, vs.GRAY8, vs.GRAY16, vs.GRAYS, vs.GRAYH),
]


@pytest.mark.parametrize("format", REFUSED, ids=lambda format: vs.PresetVideoFormat(format).name)
@pytest.mark.parametrize("tagged", [None, 1, 5, 6, 9])
def test_the_line_in_the_refusal_makes_the_clip_fit(
    restored: Restore, format: int, tagged: int | None
) -> None:
    clip = vs.core.std.BlankClip(format=format, width=64, height=48, length=2)
    if tagged is not None and clip.format.color_family == vs.YUV:
        clip = clip.std.SetFrameProps(_Matrix=tagged)
    with pytest.raises(vs.Error, match=f"^realbasicvsr: the clip is {clip.format.name}, ") as caught:
        realbasicvsr(clip)
    line = re.search(r"clip = (clip\.resize\.Bicubic\(.*?\))[,.]", str(caught.value))
    assert line is not None
    fixed = eval(line[1], {"clip": clip, "vs": vs})
    assert restored(fixed).get_frame(1).width == 256
    if clip.format.color_family == vs.YUV:
        names = {None: "170m", 1: "709", 5: "470bg", 6: "170m", 9: "2020ncl"}
        assert f'matrix_in_s="{names[tagged]}"' in line[1]


@pytest.mark.parametrize(
    ("size", "name"), [((720, 480), "170m"), ((720, 576), "470bg"), ((1280, 720), "709")]
)
def test_the_matrix_follows_the_size_where_the_clip_does_not_say(size: tuple[int, int], name: str) -> None:
    clip = vs.core.std.BlankClip(format=vs.YUV420P8, width=size[0], height=size[1], length=1)
    with pytest.raises(vs.Error, match=f'matrix_in_s="{name}"'):
        realbasicvsr(clip)


def test_a_source_that_cannot_be_read_does_not_hide_the_refusal() -> None:
    broken = vs.core.std.BlankClip(format=vs.YUV420P8, width=64, height=48).std.FrameEval(lambda n: 1 / 0)
    with pytest.raises(vs.Error, match=r"^realbasicvsr: the clip is YUV420P8"):
        realbasicvsr(broken)


@pytest.mark.parametrize("function", [realbasicvsr, restore])
def test_clips_that_vary_and_things_that_are_no_clips(function: Callable[..., vs.VideoNode]) -> None:
    rgb = noise_clip(2)
    other_size = vs.core.std.Splice([rgb, noise_clip(2, 16, 8)], mismatch=True)
    other_format = vs.core.std.Splice([rgb, rgb.resize.Point(format=vs.RGB24)], mismatch=True)
    wide = vs.core.std.BlankClip(format=vs.core.query_video_format(vs.GRAY, vs.INTEGER, 32), length=1)
    sound = vs.core.std.BlankAudio()
    for clip, message in (
        (other_size, "the clip's size varies"),
        (other_format, "the clip's format varies"),
        (wide, "the clip is Gray32; integer samples may have 16 bits"),
        (sound, "clip must be a video clip, not AudioNode"),
        (None, "clip must be a video clip, not NoneType"),
        ([rgb], "clip must be a video clip, not list"),
    ):
        with pytest.raises(vs.Error, match=f"^realbasicvsr: {message}"):
            function(clip)


@pytest.mark.parametrize("function", [realbasicvsr, restore])
def test_clips_past_what_vapoursynth_counts_are_refused(function: Callable[..., vs.VideoNode]) -> None:
    """VapourSynth would speak of a Splice that nobody wrote, or give a width of 2147483647."""
    blank = vs.core.std.BlankClip
    eighths = vs.core.query_video_format(vs.YUV, vs.INTEGER, 8, 3, 0)
    for clip, message in (
        (
            blank(format=vs.RGBS, width=8, height=8, length=2**31 - 1),
            r"the clip has 2147483647 frames, .*clip\[:2",
        ),
        (blank(format=vs.RGBS, width=2**29, height=1), "the clip is 536870912x1; 1000000 pixels"),
        (blank(format=vs.GRAY8, width=1, height=2**29), "the clip is 1x536870912; 1000000 pixels"),
        (blank(format=eighths, width=64, height=64), "the clip is YUVssw3ssh0P8; a chroma sample"),
    ):
        with pytest.raises(vs.Error, match=f"^realbasicvsr: {message}"):
            function(clip)
    assert (
        function(blank(format=vs.RGBS, width=8, height=8, length=2_000_000_000)).num_frames == 2_000_000_000
    )


def test_a_clip_on_the_gpu_is_downloaded(restored: Restore) -> None:
    clip = noise_clip(2)
    try:
        resident = clip.std.GPUUpload()
    except (vs.Error, AttributeError) as error:
        pytest.skip(f"VapourSynth has no GPU here: {error}")
    for n in range(2):
        np.testing.assert_array_equal(pixels(restored(resident), n), pixels(restored(clip), n))


def test_frame_properties_are_copied_and_two_are_added(restored: Restore) -> None:
    source = noise_clip(20)
    clip = restored(source)
    for n in (0, 6, 10, 19):
        with source.get_frame(n) as theirs, clip.get_frame(n) as ours:
            props = dict(ours.props)
            passes, residue = props.pop("RealBasicVSRPasses"), props.pop("RealBasicVSRResidue")
            assert props == dict(theirs.props)
            assert {name: type(value) for name, value in props.items()} == {
                name: type(value) for name, value in theirs.props.items()
            }
            assert isinstance(passes, int)
            assert 1 <= passes <= 3
            assert isinstance(residue, float)
            assert 0 < residue < 255
            assert (residue < 5) == (passes < 3) or passes == 3
