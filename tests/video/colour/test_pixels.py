from __future__ import annotations

import itertools

import av
import numpy as np
import pytest
import torch
from av.video.format import VideoFormat, names

from tests.video import zimg
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.layout import pixel_layout, readable_format
from vsrealbasicvsr.video.colour.pixels import (
    codes_from_frame,
    codes_from_rgb,
    frame_from_codes,
    frame_from_rgb,
    rgb_from_frame,
)
from vsrealbasicvsr.video.colour.tags import Colour

NOISE = np.random.default_rng(11)
SUBSAMPLINGS = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}
BT709 = Colour(1, False, 1, 1, 1)


def supported(name: str) -> bool:
    try:
        pixel_layout(readable_format(name))
    except VideoError:
        return False
    return True


SUPPORTED = sorted(filter(supported, names))
WRITABLE = [n for n in SUPPORTED if n == readable_format(n) and not pixel_layout(n).spare]


def frame_of(name: str, planes: list[np.ndarray]) -> av.VideoFrame:
    """A planar frame, written line by line as FFmpeg documents it."""
    frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], name)
    for plane, values in zip(frame.planes, planes, strict=True):
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        raw = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
        lines[:, : raw.shape[1]] = raw
    return frame


def planes_of(frame: av.VideoFrame) -> list[np.ndarray]:
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    lines = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size) for p in frame.planes]
    return [
        line[:, : plane.width * kind().itemsize].view(kind).astype(int)
        for line, plane in zip(lines, frame.planes, strict=True)
    ]


def yuv_name(depth: int, subsampling: str) -> str:
    return f"yuv{subsampling}p" + ("" if depth == 8 else f"{depth}le")


def noise_planes(
    depth: int, subsampling: tuple[int, int], size: tuple[int, int] = (32, 48)
) -> list[np.ndarray]:
    """Soft noise, so that RGB seldom leaves 0-1."""
    kind = np.uint8 if depth == 8 else np.uint16
    chroma = -(-size[0] // subsampling[0]), -(-size[1] // subsampling[1])
    unit = 2 ** (depth - 8)
    ranges = [(60, 190, size), (100, 156, chroma), (100, 156, chroma)]
    return [NOISE.integers(low * unit, high * unit, shape).astype(kind) for low, high, shape in ranges]


def zimg_colour(matrix: int, full: bool, location: int, suffix: str) -> dict[str, str]:
    return {
        f"matrix{suffix}_s": zimg.MATRICES[matrix],
        f"range{suffix}_s": "full" if full else "limited",
        f"chromaloc{suffix}_s": zimg.LOCATIONS[location],
    }


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", zimg.MATRICES)
def test_yuv_to_rgb_equals_zimg(matrix, full, depth, subsampling) -> None:
    """Within a hundredth of an 8-bit step."""
    planes = noise_planes(depth, SUBSAMPLINGS[subsampling])
    colour = zimg_colour(matrix, full, 1, "_in")
    expected = zimg.to_rgb(planes, depth, SUBSAMPLINGS[subsampling], **colour).clip(0, 1)
    ours = rgb_from_frame(frame_of(yuv_name(depth, subsampling), planes), Colour(matrix, full, 1, 1, 1))
    assert ours.dtype == torch.float32
    assert ours.is_contiguous()
    np.testing.assert_allclose(ours.numpy(), expected, atol=0.01 / 255)


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", zimg.MATRICES)
def test_rgb_to_yuv_equals_zimg(matrix, full, depth, subsampling) -> None:
    """Equal codes, but for roundings that hang on the last bit of a float: one code, in one of a hundred."""
    rgb = NOISE.random((3, 32, 48), dtype=np.float32)
    expected = zimg.to_yuv(rgb, depth, SUBSAMPLINGS[subsampling], **zimg_colour(matrix, full, 1, ""))
    frame = frame_from_rgb(torch.from_numpy(rgb), yuv_name(depth, subsampling), Colour(matrix, full, 1, 1, 1))
    for ours, theirs in zip(planes_of(frame), expected, strict=True):
        off = np.abs(ours - theirs.astype(int))
        assert off.max() <= 1
        assert np.mean(off > 0) < 0.01


@pytest.mark.parametrize("location", zimg.LOCATIONS)
def test_chroma_locations_equal_zimg_both_ways_and_differ(location) -> None:
    planes = noise_planes(16, (2, 2))
    colour = Colour(1, False, 1, 1, location)
    frame = frame_of("yuv420p16le", planes)
    ours = rgb_from_frame(frame, colour)
    expected = zimg.to_rgb(planes, 16, (2, 2), **zimg_colour(1, False, location, "_in")).clip(0, 1)
    np.testing.assert_allclose(ours.numpy(), expected, atol=0.01 / 255)
    for other in zimg.LOCATIONS:
        moved = rgb_from_frame(frame, Colour(1, False, 1, 1, other))
        assert (other == location) == torch.equal(moved, ours)

    rgb = NOISE.random((3, 32, 48), dtype=np.float32)
    theirs = zimg.to_yuv(rgb, 16, (2, 2), **zimg_colour(1, False, location, ""))
    written = planes_of(frame_from_rgb(torch.from_numpy(rgb), "yuv420p16le", colour))
    for plane, expected_plane in zip(written, theirs, strict=True):
        assert np.abs(plane - expected_plane.astype(int)).max() <= 1


BARS = [[v * c for c in bar] for v in (0.75, 1.0) for bar in itertools.product((0, 1), repeat=3)]
INSIDE = list(itertools.product((0.05, 0.3, 0.5, 0.7, 0.95), repeat=3))


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", zimg.MATRICES)
@pytest.mark.parametrize(("colours", "allowed"), [(INSIDE, 0), (BARS, 1)], ids=["inside", "bars"])
def test_flat_patches_survive_the_round_trip(colours, allowed, matrix, full, depth, subsampling) -> None:
    """RGB -> YUV -> RGB -> YUV changes no code 8 pixels from the next patch.

    The rounded codes of a pure colour may lie a hair outside of RGB; cutting that off moves a code by one.
    """
    colour = Colour(matrix, full, 1, 1, 1)
    row = np.array(colours, np.float32).T[:, None, :]
    patches = torch.from_numpy(np.kron(row, np.ones((1, 16, 16), np.float32)))
    name = yuv_name(depth, subsampling)
    first = frame_from_rgb(patches, name, colour)
    second = frame_from_rgb(rgb_from_frame(first, colour), name, colour)
    for k, (before, after) in enumerate(zip(planes_of(first), planes_of(second), strict=True)):
        across = SUBSAMPLINGS[subsampling][1] if k else 1
        centres = slice(8 // across, None, 16 // across)
        assert np.abs(before[:, centres] - after[:, centres]).max() <= allowed


@pytest.mark.parametrize("name", WRITABLE)
def test_every_writable_format_round_trips(name) -> None:
    """Within the rounding of its codes: half a step of each channel, so less than one of RGB."""
    layout = pixel_layout(name)
    rgb = NOISE.random((3, 1, 1) if layout.is_subsampled else (3, 6, 10), dtype=np.float32)
    rgb = torch.from_numpy(rgb).expand(3, 6, 10)
    if layout.family == "gray":
        rgb = rgb[:1].expand(3, 6, 10)
    step = (
        2**-10 if layout.is_float else 2.0**-layout.depth * (1 if layout.family != "yuv" else 256 / 219 * 1.4)
    )
    frame = frame_from_rgb(rgb, name, BT709)
    torch.testing.assert_close(rgb_from_frame(frame, BT709), rgb, atol=step, rtol=0)


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.parametrize("size", [(26, 34), (5, 3)])
def test_codes_are_the_samples_of_the_frame(name, size) -> None:
    rgb = torch.from_numpy(NOISE.random((3, *size), np.float32))
    codes = codes_from_rgb(rgb, name, BT709)
    assert codes.dtype.itemsize == np.dtype(pixel_layout(name).sample).itemsize
    made, direct = frame_from_codes(codes, *size[::-1], name, BT709), frame_from_rgb(rgb, name, BT709)
    assert (made.format.name, made.width, made.height) == (name, *size[::-1])
    assert (made.colorspace, made.color_range) == (direct.colorspace, direct.color_range)
    expected = codes_from_frame(direct)
    assert torch.equal(codes_from_frame(made).view(torch.uint8), expected.view(torch.uint8))
    assert torch.equal(codes.view(torch.uint8), expected.view(torch.uint8))


@pytest.mark.parametrize("name", [name for name in SUPPORTED if not name.startswith("mono")])
def test_every_supported_format_reads_as_ffmpeg_lays_it_out(name) -> None:
    """FFmpeg packs the samples of a picture; a permuted channel or a swapped byte would stand out."""
    layout = pixel_layout(readable_format(name))
    colour = Colour(0 if layout.family == "rgb" else 1, layout.family != "yuv", 1, 1, 1)
    width, height = 16, 8
    if layout.family == "yuv":
        kind = {v: k for k, v in {"410": (4, 4), "411": (1, 4), "440": (2, 1), **SUBSAMPLINGS}.items()}
        base = frame_of(
            f"yuv{kind[layout.subsampling]}p", noise_planes(8, layout.subsampling, (height, width))
        )
    elif layout.family == "gray":
        base = frame_of("gray", [NOISE.integers(0, 256, (height, width)).astype(np.uint8)])
    else:
        base = frame_of(
            "rgb24", [NOISE.integers(0, 256, (height, 3 * width)).astype(np.uint8)[:, : 3 * width]]
        )
    base.color_range = 2 if colour.full_range or layout.full_range else 1
    try:
        packed = base.reformat(format=name)
    except (ValueError, av.FFmpegError):
        pytest.skip("FFmpeg's scaler cannot write it; read word by word below")
    expected = rgb_from_frame(base, Colour(colour.matrix, base.color_range == 2, 1, 1, 1))
    np.testing.assert_allclose(rgb_from_frame(packed, colour), expected, atol=2.1 / 255)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (181, 321)])
@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv420p10le", "nv12", "yuv422p", "yuv410p", "yuv444p", "rgb24", "gray"]
)
def test_odd_sizes_round_trip(name, size) -> None:
    flat = torch.tensor([0.6, 0.6, 0.6] if name == "gray" else [0.6, 0.4, 0.5])[:, None, None].expand(
        3, *size
    )
    out = rgb_from_frame(frame_from_rgb(flat, name, BT709), BT709)
    assert out.shape == (3, *size)
    torch.testing.assert_close(out, flat, atol=1.5 / 255, rtol=0)


def test_odd_sizes_read_as_the_even_picture_around_them() -> None:
    planes = noise_planes(8, (2, 2), (181, 321))
    even = [np.pad(planes[0], ((0, 1), (0, 1)), mode="edge"), *planes[1:]]
    expected = zimg.to_rgb(even, 8, (2, 2), **zimg_colour(1, False, 1, "_in")).clip(0, 1)[:, :181, :321]
    np.testing.assert_allclose(rgb_from_frame(frame_of("yuv420p", planes), BT709), expected, atol=0.01 / 255)


def test_odd_sizes_write_as_the_even_picture_around_them() -> None:
    rgb = NOISE.random((3, 45, 81), dtype=np.float32)
    even = np.pad(rgb, ((0, 0), (0, 1), (0, 1)), mode="edge")
    expected = zimg.to_yuv(even, 8, (2, 2), **zimg_colour(1, False, 1, ""))
    written = planes_of(frame_from_rgb(torch.from_numpy(rgb), "yuv420p", BT709))
    assert [p.shape for p in written] == [(45, 81), (23, 41), (23, 41)]
    for ours, theirs in zip(written, expected, strict=True):  # what is mirrored beyond the last differs
        off = ours[:-2, :-2] - theirs.astype(int)[: ours.shape[0] - 2, : ours.shape[1] - 2]
        assert np.abs(off).max() <= 1


@pytest.mark.parametrize(
    ("name", "bits"), [("yuv420p10le", 10), ("p010le", 10), ("gray16le", 16), ("gbrp12le", 12)]
)
def test_codes_fill_their_bits(name, bits) -> None:
    """White is 235 of 255 or the highest code; samples of p010 lie in the high bits."""
    shift = 6 if name == "p010le" else 0
    white = torch.ones(3, 2, 2)
    limited = planes_of_16(frame_from_rgb(white, name, BT709))
    full = planes_of_16(frame_from_rgb(white, name, Colour(1, True, 1, 1, 1)))
    assert limited == (235 << (bits - 8)) << shift
    assert full == ((1 << bits) - 1) << shift


def planes_of_16(frame: av.VideoFrame) -> int:
    return int(np.frombuffer(frame.planes[0], "<u2")[0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("yuv420p", (9, 1, 9, 16, 3)), ("yuvj420p", (9, 2, 9, 16, 3)), ("gbrp10le", (0, 1, 9, 16, 0))],
)
def test_written_frames_are_tagged(name, expected) -> None:
    frame = frame_from_rgb(torch.rand(3, 4, 6), name, Colour(9, False, 9, 16, 3))
    tags = (
        frame.colorspace,
        frame.color_range,
        frame.color_primaries,
        frame.color_trc,
        frame.chroma_location,
    )
    assert tags == expected


def test_yuv_tagged_as_rgb_holds_green_blue_red() -> None:
    g, b, r = (NOISE.integers(0, 256, (4, 6)).astype(np.uint8) for _ in range(3))
    identity = Colour(0, True, 1, 1, 0)
    out = rgb_from_frame(frame_of("yuv444p", [g, b, r]), identity)
    np.testing.assert_allclose(out, np.stack([r, g, b]) / 255.0, atol=1e-6)
    again = planes_of(frame_from_rgb(out, "yuv444p", identity))
    np.testing.assert_array_equal(again, [g, b, r])
    with pytest.raises(VideoError, match="cannot be subsampled"):
        frame_from_rgb(out, "yuv420p", identity)


def test_alpha_is_dropped() -> None:
    planes = noise_planes(8, (1, 1))
    alpha = NOISE.integers(0, 256, planes[0].shape).astype(np.uint8)
    with_alpha = rgb_from_frame(frame_of("yuva444p", [*planes, alpha]), BT709)
    assert torch.equal(with_alpha, rgb_from_frame(frame_of("yuv444p", planes), BT709))


def test_frames_stored_upside_down_are_read_upright() -> None:
    upright = frame_of("yuv420p", noise_planes(8, (2, 2)))
    graph = av.filter.Graph()
    nodes = [graph.add_buffer(width=48, height=32, format=VideoFormat("yuv420p"), time_base="1/25")]
    nodes += [graph.add("vflip"), graph.add("buffersink")]
    graph.link_nodes(*nodes).configure()
    nodes[0].push(upright)
    flipped = nodes[-1].pull()
    assert flipped.planes[0].line_size < 0
    ours = rgb_from_frame(flipped, Colour(1, False, 1, 1, 2))
    expected = rgb_from_frame(upright, Colour(1, False, 1, 1, 2)).flip(1)
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)  # sums in another order


def test_palettes_are_looked_up() -> None:
    frame = av.VideoFrame(4, 2, "pal8")
    frame.planes[0].update(
        bytes(range(4)) + bytes(frame.planes[0].line_size - 4) + bytes(frame.planes[0].line_size)
    )
    colours = np.zeros(256, "<u4")
    colours[:4] = [0xFF0A0B0C, 0xFFFF0000, 0xFF00FF00, 0xFF0000FF]
    np.frombuffer(frame.planes[1], "<u4")[:] = colours
    out = rgb_from_frame(frame, Colour(0, True, 1, 13, 0))[:, 0] * 255
    np.testing.assert_allclose(out.T, [[10, 11, 12], [255, 0, 0], [0, 255, 0], [0, 0, 255]], atol=1e-4)


@pytest.mark.parametrize(("name", "white"), [("monow", 0), ("monob", 1)])
def test_single_bits_are_black_and_white(name, white) -> None:
    frame = av.VideoFrame(8, 1, name)
    np.frombuffer(frame.planes[0], np.uint8)[:] = 0b10110000
    bits = [1, 0, 1, 1, 0, 0, 0, 0]
    out = rgb_from_frame(frame, Colour(1, True, 1, 1, 0))
    np.testing.assert_array_equal(out[1, 0], [float(bit == white) for bit in bits])


@pytest.mark.parametrize(
    ("name", "sample", "words", "expected"),
    [
        ("rgbf32be", ">f4", [0.25, 0.5, 0.75], (0.25, 0.5, 0.75)),
        ("rgbaf16le", "<f2", [0.25, 0.5, 0.75, 1.0], (0.25, 0.5, 0.75)),
        ("y210be", ">u2", [940 << 6, 512 << 6, 940 << 6, 512 << 6], (1.0, 1.0, 1.0)),
        ("uyyvyy411", "u1", [128, 235, 235, 128, 235, 235], (1.0, 1.0, 1.0)),
        ("x2rgb10le", "<u4", [1023 << 20 | 341 << 10], (1.0, 1 / 3, 0.0)),
    ],
)
def test_formats_that_ffmpeg_cannot_write_are_read_word_by_word(name, sample, words, expected) -> None:
    frame = av.VideoFrame(4, 2, name)
    line = np.tile(np.array(words, sample), 4).view(np.uint8)
    lines = np.frombuffer(frame.planes[0], np.uint8).reshape(2, -1)
    used = lines.shape[1] // len(line) * len(line) or lines.shape[1]
    lines[:, :used] = line[:used]
    out = rgb_from_frame(frame, Colour(0 if "rgb" in name else 1, "rgb" in name, 1, 1, 1))
    assert out.shape == (3, 2, 4)
    np.testing.assert_allclose(out[:, 1, 3], expected, atol=1e-4)


def test_rgb_beyond_the_range_is_cut_off() -> None:
    planes = [np.full((2, 2), value, np.uint8) for value in (255, 0, 255)]
    out = rgb_from_frame(frame_of("yuv444p", planes), BT709)
    assert out.min() >= 0
    assert out.max() == 1
    written = planes_of(frame_from_rgb(torch.full((3, 2, 2), 7.0), "gbrp", Colour(0, True, 1, 1, 0)))
    assert np.min(written) == 255


@pytest.mark.parametrize("name", ["rgba", "yuva420p", "rgb0", "gbrap16le", "ya8"])
def test_formats_with_alpha_are_not_written(name) -> None:
    with pytest.raises(VideoError, match=f"pixel format {name} cannot be written"):
        frame_from_rgb(torch.rand(3, 4, 4), name, BT709)


@pytest.mark.parametrize("name", ["bayer_rggb8", "xyz12le", "rgb565le", "cuda", "nonsense"])
def test_unknown_formats_are_refused(name) -> None:
    with pytest.raises(VideoError, match=f"pixel format {name} is not supported"):
        frame_from_rgb(torch.rand(3, 4, 4), name, BT709)


def test_an_unsupported_matrix_is_refused() -> None:
    ictcp = Colour(14, False, 9, 16, 1)
    with pytest.raises(VideoError, match="ICtCp"):
        rgb_from_frame(frame_of("yuv420p", noise_planes(8, (2, 2))), ictcp)
    with pytest.raises(VideoError, match="ICtCp"):
        frame_from_rgb(torch.rand(3, 4, 4), "yuv420p", ictcp)


def test_the_input_is_left_as_it_was() -> None:
    rgb = torch.rand(3, 6, 8)
    before = rgb.clone()
    for name in ("yuv420p", "yuv444p16le", "gbrp", "gbrpf32le", "gray"):
        frame_from_rgb(rgb, name, BT709)
    assert torch.equal(rgb, before)
