"""`restore` gives back each clip's format, colours and properties, and agrees with the command line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.filter.conftest import Restore, noise_clip, planes
from vsrealbasicvsr import Settings, restore, restore_file
from vsrealbasicvsr.job import Delivery
from vsrealbasicvsr.video.write.encoders import Encoding

FFmpeg = Callable[..., None]
FORMATS = [
    *(vs.YUV420P8, vs.YUV422P8, vs.YUV444P8, vs.YUV410P8, vs.YUV420P10, vs.YUV444P16),
    *(vs.YUV444PS, vs.YUV420PH),
    *(vs.RGB24, vs.RGB30, vs.RGB48, vs.RGBH, vs.RGBS, vs.GRAY8, vs.GRAY16, vs.GRAYH, vs.GRAYS),
]  # fmt: skip


@pytest.fixture
def enlarged(identity_model: Path) -> Restore:
    """`restore` with a network that only enlarges, so that colours must stay."""

    def make(clip: vs.VideoNode, **keywords: object) -> vs.VideoNode:
        return restore(clip, "cpu", identity_model, **{"window": 3, "margin": 1, **keywords})  # type: ignore[arg-type]

    return make


def patches(format: int, **tags: int) -> vs.VideoNode:
    """Three frames of flat red, green and grey, less saturated than RGB's edge, in that format."""
    colours = ([0.7, 0.2, 0.15], [0.2, 0.6, 0.3], [0.5, 0.5, 0.5])
    flat = [
        vs.core.std.BlankClip(format=vs.RGBS, width=16, height=16, length=1, color=colour)
        for colour in colours
    ]
    rgb = vs.core.std.Splice(flat)
    wanted = vs.core.get_video_format(format)
    matrix = {} if wanted.color_family == vs.RGB else {"matrix": tags.get("_Matrix", 6)}
    full = tags.get("_Range", int(wanted.color_family == vs.RGB))
    clip = rgb.resize.Bicubic(format=format, range_s="full" if full else "limited", **matrix)
    clip = clip.std.RemoveFrameProps(["_Matrix", "_Range", "_Transfer", "_Primaries", "_ChromaLocation"])
    return clip.std.SetFrameProps(**tags) if tags else clip


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: vs.PresetVideoFormat(format).name)
def test_format_and_colours_come_back(enlarged: Restore, format: int) -> None:
    clip = patches(format)
    result = enlarged(clip)
    assert result.format.id == format
    assert (result.width, result.height, result.num_frames) == (64, 64, 3)
    tolerance = 1 if clip.format.sample_type == vs.INTEGER else 2e-3
    for n in range(3):
        with clip.get_frame(n) as before, result.get_frame(n) as after:
            for ours, theirs in zip(planes(after), planes(before), strict=True):
                np.testing.assert_allclose(
                    ours, float(theirs[8 if theirs.shape[0] > 8 else 0, 0]), atol=tolerance
                )


TAGS: list[dict[str, int]] = [
    *({"_Matrix": 1}, {"_Matrix": 5}, {"_Matrix": 9, "_Primaries": 9}, {"_Range": 1}),
    {"_Matrix": 6, "_Range": 1},
    *({"_Matrix": 1, "_Transfer": 1, "_Primaries": 1, "_Range": 0}, {"_Matrix": 2}, {"_ChromaLocation": 2}),
]


@pytest.mark.parametrize("tags", TAGS, ids=str)
def test_tags_are_read_and_kept(enlarged: Restore, tags: dict[str, int]) -> None:
    made = {name: value for name, value in tags.items() if (name, value) != ("_Matrix", 2)}
    clip = patches(vs.YUV420P8, **made)
    clip = clip.std.SetFrameProps(**tags)
    result = enlarged(clip)
    for n in range(3):
        with clip.get_frame(n) as before, result.get_frame(n) as after:
            for ours, theirs in zip(planes(after), planes(before), strict=True):
                np.testing.assert_allclose(ours, float(theirs[4, 4]), atol=1)
            expected = {"_Matrix": 6, **tags} if tags.get("_Matrix") != 2 else {"_Matrix": 6}
            assert {name: int(after.props[name]) for name in expected} == expected
            assert not [name for name in after.props if name.startswith("_RealBasicVSR")]


def test_an_assumed_matrix_is_written_for_others_would_assume_another(enlarged: Restore) -> None:
    small = vs.core.std.BlankClip(format=vs.YUV420P8, width=352, height=288, length=1, color=[100, 90, 170])
    result = enlarged(small)  # 1152 lines, which untagged would be taken for BT.709
    assert result.get_frame(0).props["_Matrix"] == 6


def test_the_primaries_tell_the_matrix_as_they_do_on_the_command_line(enlarged: Restore) -> None:
    clip = patches(vs.YUV444P8, _Matrix=1).std.SetFrameProps(_Matrix=2, _Primaries=1)
    assert enlarged(clip).get_frame(0).props["_Matrix"] == 1


CONTRADICTIONS: list[tuple[int, dict[str, int | list[int]]]] = [
    *((vs.RGB24, {"_Matrix": 1}), (vs.GRAY8, {"_Matrix": 0}), (vs.YUV444P8, {"_Matrix": 3})),
    *((vs.YUV420P8, {"_Transfer": value}) for value in (0, 3, 19)),
    *((vs.YUV420P8, {"_Primaries": value}) for value in (0, 3, 99)),
    *((vs.YUV444P8, {"_Matrix": value}) for value in (10, 11, 12, 13, 14, -1)),
    *((vs.RGB24, {"_ChromaLocation": 6}), (vs.YUV420P8, {"_ChromaLocation": -1}), (vs.GRAY8, {"_Range": 7})),
    (vs.YUV444P8, {"_Range": [1, 1]}),
    (vs.YUV444P8, {"_Matrix": [1, 1]}),
]


def test_yuv_that_says_it_is_rgb_is_refused(enlarged: Restore) -> None:
    with pytest.raises(vs.Error, match="_Matrix=0 says RGB"):
        enlarged(patches(vs.YUV444P8).std.SetFrameProps(_Matrix=0)).get_frame(0)


@pytest.mark.parametrize(("matrix", "transfer"), [(10, 14), (14, 16)])
def test_matrices_that_take_primaries_and_transfer(enlarged: Restore, matrix: int, transfer: int) -> None:
    tags = {"_Matrix": matrix, "_Primaries": 9, "_Transfer": transfer}
    clip = vs.core.std.BlankClip(
        format=vs.YUV444P16, width=16, height=16, length=1, color=[30000, 33000, 32000]
    )
    result = enlarged(clip.std.SetFrameProps(**tags)).get_frame(0)
    assert {name: result.props[name] for name in tags} == tags
    for plane, value in zip(planes(result), (30000, 33000, 32000), strict=True):
        np.testing.assert_allclose(plane, value, atol=8)


@pytest.mark.parametrize(("format", "tags"), CONTRADICTIONS, ids=str)
def test_tags_that_cannot_be_count_as_none(
    enlarged: Restore, format: int, tags: dict[str, int | list[int]]
) -> None:
    clip = patches(format)
    plain, odd = enlarged(clip), enlarged(clip.std.SetFrameProps(**tags))
    for a, b in zip(planes(plain.get_frame(1)), planes(odd.get_frame(1)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert plain.get_frame(1).props["_Matrix"] == odd.get_frame(1).props["_Matrix"]


@pytest.mark.parametrize("size", [{}, {"height": 26}])
def test_frames_flagged_as_interlaced_are_converted_as_they_come(
    enlarged: Restore, size: dict[str, int]
) -> None:
    clip = vs.core.std.BlankClip(format=vs.YUV420P8, width=16, height=6, length=2, color=[100, 90, 170])
    flagged = clip.std.SetFieldBased(2)  # by fields 6 lines of 4:2:0 could not be converted
    plain, ours = enlarged(clip, **size).get_frame(1), enlarged(flagged, **size).get_frame(1)
    for a, b in zip(planes(plain), planes(ours), strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours.props["_FieldBased"] == 2


def test_colours_may_change_midway(enlarged: Restore) -> None:
    parts = [patches(vs.YUV444P8, _Matrix=matrix, _Range=full) for matrix in (1, 6) for full in (0, 1)]
    clip = vs.core.std.Splice(parts)
    result = enlarged(clip)
    for n in (11, 0, 5, 8, 3):
        with clip.get_frame(n) as before, result.get_frame(n) as after:
            assert [int(after.props[name]) for name in ("_Matrix", "_Range")] == [
                int(before.props[name]) for name in ("_Matrix", "_Range")
            ]
            for ours, theirs in zip(planes(after), planes(before), strict=True):
                np.testing.assert_allclose(ours, float(theirs[8, 8]), atol=1)


def test_the_old_range_property_counts_the_other_way(enlarged: Restore) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        clip = patches(vs.YUV444P8, _Range=1).std.RemoveFrameProps("_Range").std.SetFrameProps(_ColorRange=0)
        result = enlarged(clip).get_frame(2)
    assert int(result.props["_Range"]) == 1
    np.testing.assert_allclose(planes(result)[0], 128, atol=1)


def test_other_properties_come_through(enlarged: Restore) -> None:
    source = noise_clip(6, 16, 16)
    clip = source.resize.Bicubic(format=vs.YUV420P10, matrix=1)
    result = enlarged(clip)
    for n in (5, 0):
        with clip.get_frame(n) as theirs, result.get_frame(n) as ours:
            props = dict(ours.props)
            del props["RealBasicVSRPasses"], props["RealBasicVSRResidue"]
            assert props == dict(theirs.props)


@pytest.mark.parametrize("shape", [(16, 18), (0, 1), (0, 0)])
def test_the_sample_aspect_ratio_is_not_touched(enlarged: Restore, shape: tuple[int, int]) -> None:
    """VapourSynth's resizers shorten it, and drop what is no ratio."""
    clip = patches(vs.YUV420P8).std.SetFrameProps(_SARNum=shape[0], _SARDen=shape[1])
    props = enlarged(clip).get_frame(0).props
    assert (props.get("_SARNum"), props.get("_SARDen")) == shape


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"width": 100, "height": 80}, (100, 80)),
        ({"width": 48}, (48, 24)),
        ({"height": 48}, (96, 48)),
        ({"width": 30}, (30, 16)),
        ({"width": 128, "height": 64}, (128, 64)),
    ],
)
@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos", "spline16", "spline36", "spline64"])
def test_any_size(enlarged: Restore, asked: dict[str, int], size: tuple[int, int], kernel: str) -> None:
    clip = vs.core.std.BlankClip(format=vs.YUV420P8, width=32, height=16, length=2, color=[100, 90, 170])
    clip = clip.std.SetFrameProps(_SARNum=8, _SARDen=9)
    result = enlarged(clip, kernel=kernel, **asked)
    assert (result.width, result.height) == size
    with result.get_frame(1) as frame:
        assert [int(np.median(plane)) for plane in planes(frame)] == [100, 90, 170]
        shape = Fraction(frame.props["_SARNum"], frame.props["_SARDen"])
    # The picture on the screen is as wide for its height as before.
    assert shape * size[0] / size[1] == Fraction(8, 9) * 32 / 16


def test_the_same_as_the_command_line_within_a_code_of_1023(
    mini_model: Path, ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    source, target = tmp_path / "source.mkv", tmp_path / "restored.mkv"
    second = "mandelbrot=s=64x48:r=25"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.48", "-f", "lavfi", "-i", second),
        *("-filter_complex", "[1]trim=duration=0.4[b];[0][b]concat,format=yuv420p10le"),
        *("-c:v", "ffv1", "-colorspace", "smpte170m", "-color_range", "tv", source),
    )  # fmt: skip
    chosen = {"window": 5, "margin": 2}
    report = restore_file(
        source,
        target,
        Settings(model=str(mini_model), device="cpu", **chosen),
        delivery=Delivery(encoding=Encoding(encoder="ffv1", pixel_format="yuv420p10le")),
    )
    assert report.cuts == (12,)
    theirs = vs.core.bs.VideoSource(str(target), cachemode=0)
    clip = vs.core.bs.VideoSource(str(source), cachemode=0)
    ours = restore(clip, "cpu", mini_model, cuts="detect", **chosen)
    assert ours.num_frames == theirs.num_frames == 22
    for n in range(22):
        with ours.get_frame(n) as mine, theirs.get_frame(n) as other:
            for a, b in zip(planes(mine), planes(other), strict=True):
                np.testing.assert_allclose(a.astype(int), b.astype(int), atol=1, err_msg=f"frame {n}")
