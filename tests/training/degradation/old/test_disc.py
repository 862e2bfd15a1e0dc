"""MPEG-2 against FFmpeg, and fields against their definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.old.disc import blended, interpolated, through_disc, woven
from training.degradation.old.parameters import Disc

Frames = NDArray[np.uint8]
DISC = Disc(quantizer=6, gop=12, b_frames=2, fields="none", lower_first=False, residue=(0.0,) * 8)


def psnr(one: Frames, other: Frames) -> float:
    return float(10 * np.log10(255**2 / np.square(one.astype(np.float64) - other).mean()))


@pytest.fixture(scope="module")
def clip() -> Frames:
    """Eight frames of 96x128 that move by two pixels a frame."""
    picture = (decode_rgb(EXAMPLE_CLIP, 1)[0] * 255).round().byte().permute(1, 2, 0).numpy()
    return np.stack([picture[40:136, 60 + 2 * n : 188 + 2 * n] for n in range(8)])


def test_a_coarser_quantizer_spoils_more(clip: Frames) -> None:
    made = [np.stack(through_disc(list(clip), replace(DISC, quantizer=q))) for q in (1, 4, 10, 31)]
    values = [psnr(each, clip) for each in made]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[3] + 5


@pytest.mark.parametrize("quantizer", [3, 8])
def test_frames_are_those_of_ffmpeg(
    quantizer: int, clip: Frames, tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    (tmp_path / "clip.raw").write_bytes(clip.tobytes())
    encoder = (
        "-c:v",
        "mpeg2video",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "12",
        "-bf",
        "2",
        "-qscale:v",
        str(quantizer),
    )
    ffmpeg(*raw, "-s", "128x96", "-r", "25", "-i", tmp_path / "clip.raw", *encoder, tmp_path / "clip.mpg")
    ffmpeg("-i", tmp_path / "clip.mpg", *raw, tmp_path / "decoded.raw")
    found = np.frombuffer((tmp_path / "decoded.raw").read_bytes(), np.uint8).reshape(clip.shape)
    made = np.stack(through_disc(list(clip), replace(DISC, quantizer=quantizer)))
    # -qscale makes B frames 1.25 times as coarse; here every frame has the same quantizer.
    assert psnr(made, clip) == pytest.approx(psnr(found, clip), abs=1.0)


@pytest.mark.parametrize("first", [0, 1])
def test_weaving_takes_every_other_line_from_the_next_frame(first: int, clip: Frames) -> None:
    made = woven(list(clip), first)
    for number in range(7):
        assert np.array_equal(made[number][first::2], clip[number][first::2])
        assert np.array_equal(made[number][1 - first :: 2], clip[number + 1][1 - first :: 2])
    assert np.array_equal(made[7], clip[7])


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("residue", [0.0, 0.4, 1.0])
def test_interpolation_keeps_a_field_and_a_residue_of_the_other(
    first: int, residue: float, clip: Frames
) -> None:
    frame = woven(list(clip), first)[0]
    made = interpolated(frame, first, residue)
    assert np.array_equal(made[first::2], frame[first::2])
    for row in range(3 - first, 94, 2):
        mean = (frame[row - 1].astype(np.float64) + frame[row + 1]) / 2
        expected = (1 - residue) * mean + residue * frame[row]
        assert np.abs(made[row] - expected).max() <= 0.5 + 1e-4


def test_blending_is_a_filter_of_a_quarter_a_half_a_quarter(clip: Frames) -> None:
    lines = clip[0].astype(np.float64)
    expected = (lines[:-2] + 2 * lines[1:-1] + lines[2:]) / 4
    assert np.abs(blended(clip[0])[1:-1] - expected).max() <= 0.5


@pytest.mark.parametrize("lower_first", [False, True])
def test_fields_come_out_as_they_were_woven(lower_first: bool, clip: Frames) -> None:
    """With a whole residue and a fine quantizer the combs of moving pictures are there again."""
    disc = replace(DISC, quantizer=1, fields="bob", lower_first=lower_first, residue=(1.0,) * 8)
    made = np.stack(through_disc(list(clip), disc))
    combed = np.stack(woven(list(clip), int(lower_first)))
    assert psnr(made, combed) > psnr(made, clip) + 3


@pytest.mark.parametrize("fields", ["none", "bob", "blend"])
@pytest.mark.parametrize("size", [(2, 2), (15, 33), (38, 46), (66, 70)])
def test_any_size_keeps_its_frames_and_their_size(fields: str, size: tuple[int, int], clip: Frames) -> None:
    frames = [np.ascontiguousarray(frame[: size[0], : size[1]]) for frame in clip[:5]]
    made = through_disc(frames, replace(DISC, fields=fields))  # type: ignore[arg-type] # a text of parametrize
    assert [each.shape for each in made] == [(*size, 3)] * 5


@pytest.mark.parametrize("b_frames", [0, 4])
@pytest.mark.parametrize("gop", [1, 3, 15])
def test_every_structure_gives_all_frames_and_the_same_again(b_frames: int, gop: int, clip: Frames) -> None:
    disc = replace(DISC, gop=gop, b_frames=b_frames)
    made = np.stack(through_disc(list(clip), disc))
    assert made.shape == clip.shape
    assert np.array_equal(made, np.stack(through_disc(list(clip), disc)))
