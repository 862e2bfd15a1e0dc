from __future__ import annotations

import av
import pytest

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.tags import Colour, describe_colour

LIMITED = "range not tagged: limited assumed"
TRANSFER = "transfer not tagged: BT.709 assumed"


def frame(
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (64, 48),
    *,
    matrix: int = 2,
    colour_range: int = 0,
    primaries: int = 2,
    transfer: int = 2,
    location: int = 0,
) -> av.VideoFrame:
    made = av.VideoFrame(*size, pixel_format)
    made.colorspace, made.color_range = matrix, colour_range
    made.color_primaries, made.color_trc, made.chroma_location = primaries, transfer, location
    return made


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "p010le", "nv12"])
@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9])
@pytest.mark.parametrize(("colour_range", "full"), [(1, False), (2, True)])
def test_what_is_tagged_is_taken_and_nothing_is_assumed(pixel_format, matrix, colour_range, full) -> None:
    tagged = frame(
        pixel_format, matrix=matrix, colour_range=colour_range, primaries=12, transfer=16, location=2
    )
    assert describe_colour(tagged) == (Colour(matrix, full, 12, 16, 2), ())


@pytest.mark.parametrize(
    ("size", "matrix", "name"),
    [
        ((1280, 720), 1, "BT.709"),
        ((1920, 1080), 1, "BT.709"),
        ((3840, 2160), 1, "BT.709"),
        ((1280, 544), 1, "BT.709"),
        ((1024, 600), 1, "BT.709"),
        ((720, 576), 5, "BT.601 (625 lines)"),
        ((704, 544), 5, "BT.601 (625 lines)"),
        ((720, 486), 6, "BT.601 (525 lines)"),
        ((720, 480), 6, "BT.601 (525 lines)"),
        ((320, 180), 6, "BT.601 (525 lines)"),
    ],
)
def test_the_size_decides_an_untagged_matrix(size, matrix, name) -> None:
    colour, notes = describe_colour(frame(size=size))
    assert colour == Colour(matrix, False, matrix, 1, 1)
    assert notes == (
        f"matrix not tagged: {name} assumed from {size[0]}x{size[1]}",
        LIMITED,
        f"primaries not tagged: {name} assumed from the matrix",
        TRANSFER,
    )


@pytest.mark.parametrize(("primaries", "matrix"), [(1, 1), (4, 4), (5, 5), (6, 6), (7, 7), (9, 9), (12, 6)])
def test_tagged_primaries_decide_an_untagged_matrix(primaries, matrix) -> None:
    colour, notes = describe_colour(frame(primaries=primaries, transfer=1, colour_range=1, location=1))
    assert (colour.matrix, colour.primaries) == (matrix, primaries)
    assert len(notes) == 1
    assert ("from the primaries" in notes[0]) == (primaries != 12)


@pytest.mark.parametrize(
    "pixel_format", ["rgb24", "bgra", "gbrp", "gbrp16le", "gbrpf32le", "pal8", "x2rgb10le"]
)
def test_rgb_is_the_identity_in_full_range_unless_tagged(pixel_format) -> None:
    tags = {"primaries": 1, "transfer": 13}
    assert describe_colour(frame(pixel_format, **tags)) == (Colour(0, True, 1, 13, 0), ())
    limited = frame(pixel_format, matrix=1, colour_range=1, **tags)
    assert describe_colour(limited)[0] == Colour(0, False, 1, 13, 0)


@pytest.mark.parametrize("colour_range", [0, 1, 2])
def test_yuvj_is_full_range_whatever_the_tag(colour_range) -> None:
    assert describe_colour(frame("yuvj420p", colour_range=colour_range))[0].full_range


def test_gray_is_full_range_unless_tagged() -> None:
    colour, notes = describe_colour(frame("gray", (1280, 720), matrix=0))
    assert colour == Colour(1, True, 1, 1, 0)
    assert notes[0] == "range not tagged: full assumed for gray"
    assert not describe_colour(frame("gray", colour_range=1))[0].full_range


@pytest.mark.parametrize(
    ("pixel_format", "location"),
    [("yuv420p", 1), ("yuv422p", 1), ("yuv411p", 1), ("nv12", 1), ("yuv444p", 0), ("rgb24", 0), ("gray", 0)],
)
def test_chroma_lies_left_where_there_is_less_of_it(pixel_format, location) -> None:
    assert describe_colour(frame(pixel_format))[0].chroma_location == location


def test_untagged_bt2020_has_its_chroma_top_left() -> None:
    tags = {"matrix": 9, "primaries": 9, "transfer": 16, "colour_range": 1}
    colour, notes = describe_colour(frame("yuv420p10le", **tags))
    assert colour.chroma_location == 3
    assert notes == ("chroma location not tagged: top left assumed from BT.2020",)
    assert describe_colour(frame("yuv420p10le", location=1, **tags)) == (Colour(9, False, 9, 16, 1), ())
    assert describe_colour(frame("yuv422p10le", **tags)) == (Colour(9, False, 9, 16, 1), ())


def test_an_impossible_identity_tag_is_no_tag() -> None:
    colour, notes = describe_colour(frame("yuv420p", (1280, 720), matrix=0))
    assert colour.matrix == 1
    assert notes[0] == "matrix tagged identity, which yuv420p cannot be: BT.709 assumed from 1280x720"
    assert describe_colour(frame("yuv444p", matrix=0))[0].matrix == 0


@pytest.mark.parametrize(
    ("matrix", "name"), [(8, "YCgCo"), (10, "BT.2020 constant"), (14, "ICtCp"), (99, "99")]
)
def test_a_matrix_that_we_cannot_convert_is_refused(matrix, name) -> None:
    with pytest.raises(VideoError, match=rf"colour matrix .*{name}.* is not supported: convert"):
        describe_colour(frame(matrix=matrix))
    with pytest.raises(VideoError, match="not supported"):
        _ = Colour(matrix, False, 1, 1, 1).luma_coefficients


@pytest.mark.parametrize("pixel_format", ["bayer_rggb8", "xyz12le", "rgb565le", "cuda"])
def test_a_pixel_format_that_we_cannot_read_is_refused(pixel_format) -> None:
    class Stub:
        format = type("Format", (), {"name": pixel_format})

    with pytest.raises(VideoError, match=f"pixel format {pixel_format} is not supported: convert"):
        describe_colour(Stub())


@pytest.mark.parametrize(
    ("matrix", "coefficients"),
    [
        (1, (0.2126, 0.0722)),
        (4, (0.30, 0.11)),
        (5, (0.299, 0.114)),
        (6, (0.299, 0.114)),
        (7, (0.212, 0.087)),
        (9, (0.2627, 0.0593)),
    ],
)
def test_luma_coefficients_are_h273s(matrix, coefficients) -> None:
    assert Colour(matrix, False, 1, 1, 1).luma_coefficients == coefficients
