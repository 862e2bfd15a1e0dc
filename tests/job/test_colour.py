"""Colour through the whole program: flat patches of known code values, a network that only enlarges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding

MATRICES = {"bt709": 1, "smpte170m": 6, "bt2020nc": 9}
PRIMARIES = {"bt709": "bt709", "smpte170m": "smpte170m", "bt2020nc": "bt2020"}
PATCH = 16


def planes(picture: av.VideoFrame) -> list[np.ndarray]:
    bits = picture.format.components[0].bits
    kind = np.uint16 if bits > 8 else np.uint8
    rows = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in picture.planes]
    return [
        row[:, : plane.width * kind().itemsize].view(kind)
        for row, plane in zip(rows, picture.planes, strict=True)
    ]


def read(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as container:
        return next(container.decode(video=0))


def legal_patches(matrix: str, limited: bool, depth: int) -> np.ndarray:
    """(3, 4, 6) code values of 24 RGB colours, converted with the standard's own formula in float64."""
    kr, kb = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114), "bt2020nc": (0.2627, 0.0593)}[matrix]
    corners = [[r, g, b] for r in (0.0, 0.75) for g in (0.0, 0.75) for b in (0.0, 0.75)]
    greys = [[v, v, v] for v in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)]
    skin = [[0.8, 0.6, 0.5], [0.35, 0.2, 0.15], [0.2, 0.5, 0.9], [0.1, 0.4, 0.1], [0.9, 0.8, 0.1]]
    rgb = np.array(corners + greys + skin + [[0.55, 0.1, 0.5]] * 5)
    y = rgb @ [kr, 1 - kr - kb, kb]
    u, v = (rgb[:, 2] - y) / (2 * (1 - kb)), (rgb[:, 0] - y) / (2 * (1 - kr))
    scale = 2 ** (depth - 8)
    if limited:
        coded = [(219 * y + 16) * scale, (224 * u + 128) * scale, (224 * v + 128) * scale]
    else:
        full = 2**depth - 1
        coded = [full * y, full * u + 128 * scale, full * v + 128 * scale]
    return np.clip(np.round(coded), 0, 2**depth - 1).reshape(3, 4, 6)


def bars(path: Path, matrix: str, limited: bool, depth: int) -> np.ndarray:
    """Write a lossless, tagged 4:2:0 clip of patches through PyAV; returns their code values."""
    values = legal_patches(matrix, limited, depth)
    name = "yuv420p" if depth == 8 else f"yuv420p{depth}le"
    picture = av.VideoFrame(6 * PATCH, 4 * PATCH, name)
    for k, (plane, view) in enumerate(zip(picture.planes, planes(picture), strict=True)):
        size = PATCH // 2 if k else PATCH
        filled = np.kron(values[k], np.ones((size, size))).astype(view.dtype)
        raw = np.zeros((plane.height, plane.line_size), np.uint8)
        raw[:, : filled.shape[1] * filled.itemsize] = filled.view(np.uint8)
        plane.update(raw.tobytes())
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 6 * PATCH, 4 * PATCH, name
        context = stream.codec_context
        context.color_range, context.colorspace = (1 if limited else 2), MATRICES[matrix]
        context.color_primaries = MATRICES[matrix]
        context.color_trc = 1
        container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return values


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("limited", [True, False], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", MATRICES)
def test_flat_patches_stay_within_one_code_value(
    tmp_path: Path, identity_model: Path, matrix: str, limited: bool, depth: int
) -> None:
    values = bars(tmp_path / "bars.mkv", matrix, limited, depth)
    pixel_format = "yuv420p" if depth == 8 else f"yuv420p{depth}le"
    restore_file(
        tmp_path / "bars.mkv",
        tmp_path / "out.mkv",
        Settings(model=str(identity_model), device="cpu", cuts="none"),
        delivery=Delivery(encoding=Encoding(encoder="ffv1", pixel_format=pixel_format)),
    )
    out = read(tmp_path / "out.mkv")
    assert out.format.name == pixel_format
    assert (out.colorspace, out.color_range, out.color_primaries, out.color_trc) == (
        MATRICES[matrix],
        1 if limited else 2,
        MATRICES[matrix],
        1,
    )
    for k, plane in enumerate(planes(out)):
        size = 4 * PATCH // (2 if k else 1)
        centre = size // 2
        got = plane[centre::size, centre::size].astype(int)
        assert np.abs(got - values[k]).max() <= 1, (k, got, values[k])


def test_lossy_default_keeps_the_patches_colours(tmp_path: Path, identity_model: Path) -> None:
    """x264 at its default quality: within three 8-bit steps, tags kept, in MP4."""
    values = bars(tmp_path / "bars.mkv", "bt709", True, 8)
    restore_file(
        tmp_path / "bars.mkv",
        tmp_path / "out.mp4",
        Settings(model=str(identity_model), device="cpu", cuts="none"),
    )
    out = read(tmp_path / "out.mp4")
    assert out.format.name == "yuv420p10le"
    assert (out.colorspace, out.color_range, out.color_primaries, out.color_trc) == (1, 1, 1, 1)
    for k, plane in enumerate(planes(out)):
        size = 4 * PATCH // (2 if k else 1)
        got = plane[size // 2 :: size, size // 2 :: size] / 4
        assert np.abs(got - values[k]).max() <= 3


def test_png_frames_hold_the_same_colours(
    tmp_path: Path, identity_model: Path, ffmpeg: Callable[..., None]
) -> None:
    """8-bit RGB in, 8-bit RGB out: not one code off."""
    source = "color=c=0xC86432:s=64x48:d=0.08:r=25,format=gbrp"
    ffmpeg("-f", "lavfi", "-i", source, "-frames:v", "1", tmp_path / "0.png")
    flat = read(tmp_path / "0.png").to_ndarray(format="rgb24")[0, 0].astype(int)
    restore_file(
        tmp_path / "%d.png",
        tmp_path / "out",
        Settings(model=str(identity_model), device="cpu", cuts="none"),
    )
    picture = read(tmp_path / "out" / "000000.png").to_ndarray(format="rgb24")
    assert picture.shape == (192, 256, 3)
    assert np.abs(picture - flat).max() == 0
