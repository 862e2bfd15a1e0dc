"""Codecs of the early web and of discs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.compression import compress, encoded
from training.degradation.parameters import Codec, Compression
from training.errors import TrainingError

Frames = NDArray[np.uint8]
OLD: tuple[Codec, ...] = ("mpeg2video", "h263", "h263p", "flv1", "msmpeg4v3", "mjpeg")


def psnr(one: Frames, other: Frames) -> float:
    return float(10 * np.log10(255**2 / np.square(one.astype(np.float64) - other).mean()))


@pytest.fixture(scope="module")
def clip() -> Frames:
    """Six frames with grain, 96x128, a size that H.263 has."""
    frames = (decode_rgb(EXAMPLE_CLIP, 6)[:, :, 40:136, 60:188] * 255).permute(0, 2, 3, 1).numpy()
    return np.clip(frames + np.random.default_rng(0).normal(0, 6, frames.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("codec", OLD)
def test_video_gets_worse_with_its_crf(codec: Codec, clip: Frames) -> None:
    made = [np.stack(compress(list(clip), Compression(codec, None, crf=crf))) for crf in (0, 21, 30, 39, 51)]
    values = [psnr(each, clip) for each in made]
    assert values == sorted(values, reverse=True)
    assert values[1] > values[3] + 2


@pytest.mark.parametrize("codec", OLD)
@pytest.mark.parametrize("crf", [24, 33])
def test_a_crf_is_about_as_good_as_in_mpeg4(codec: Codec, crf: int, clip: Frames) -> None:
    ours, theirs = (
        psnr(np.stack(compress(list(clip), Compression(name, None, crf=crf))), clip)
        for name in (codec, "mpeg4")
    )
    # Motion JPEG codes every frame whole, so its later frames do not blur.
    assert ours == pytest.approx(theirs, abs=2.5 if codec == "mjpeg" else 1.2)


@pytest.mark.parametrize(
    ("codec", "container"),
    [("h263", "3gp"), ("flv1", "flv"), ("msmpeg4v3", "avi"), ("mjpeg", "avi"), ("mpeg2video", "mpg")],
)
def test_constant_quality_is_that_of_ffmpeg(
    codec: Codec, container: str, clip: Frames, tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    """In the file that was usual; crf 30 is the quantizer 2 ** ((30 - 15) / 6) = 5.7."""
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24")
    (tmp_path / "clip.raw").write_bytes(clip.tobytes())
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    name = {"flv1": "flv", "msmpeg4v3": "msmpeg4"}.get(codec, codec)
    encoder = ("-c:v", name, "-pix_fmt", pixels, "-qscale:v", "6")
    file = tmp_path / f"clip.{container}"
    ffmpeg(*raw, "-s", "128x96", "-r", "25", "-i", tmp_path / "clip.raw", *encoder, file)
    ffmpeg("-i", file, *raw, tmp_path / "decoded.raw")
    found = np.frombuffer((tmp_path / "decoded.raw").read_bytes(), np.uint8).reshape(clip.shape)
    made = np.stack(compress(list(clip), Compression(codec, None, crf=30)))
    assert psnr(made, clip) == pytest.approx(psnr(found, clip), abs=0.3)


@pytest.mark.parametrize("codec", OLD)
def test_video_gets_better_with_its_bit_rate(codec: Codec, clip: Frames) -> None:
    made = [np.stack(compress(list(clip), Compression(codec, rate))) for rate in (8_000, 100_000)]
    assert psnr(made[1], clip) > psnr(made[0], clip)


@pytest.mark.parametrize("codec", ["flv1", "h263p", "mpeg2video"])
def test_the_bit_rate_is_that_of_a_frame(codec: Codec, clip: Frames) -> None:
    frames = [*clip, *clip[::-1]] * 3
    bits = 8 * len(encoded(frames, Compression(codec, 12_000))) / len(frames)
    assert 0.7 * 12_000 < bits < 1.5 * 12_000


@pytest.mark.parametrize("codec", OLD)
@pytest.mark.parametrize("rate", [1_000, 2**31 - 1])
def test_encoders_take_the_lowest_and_the_highest_bit_rate(codec: Codec, rate: int, clip: Frames) -> None:
    assert len(compress(list(clip[:3]), Compression(codec, rate))) == 3


@pytest.mark.parametrize("codec", OLD)
@pytest.mark.parametrize("size", [(64, 64), (10, 10), (38, 46), (15, 33), (2, 2), (96, 128)])
def test_any_size_keeps_its_frames_and_their_size(codec: Codec, size: tuple[int, int], clip: Frames) -> None:
    frames = [np.ascontiguousarray(frame[: size[0], : size[1]]) for frame in clip]
    compression = Compression(codec, None, crf=20)
    made = np.stack(compress(frames, compression))
    assert made.shape == (6, *size, 3)
    assert np.abs(made.astype(int) - np.stack(frames)).mean() < 12
    assert np.array_equal(made, np.stack(compress(frames, compression)))


def test_frames_that_h263_does_not_have_are_refused() -> None:
    frame = np.zeros((8, 1410, 3), np.uint8)
    with pytest.raises(TrainingError, match=r"no frames of 1410x8, the largest are 1408x1152; take h263p"):
        compress([frame], Compression("h263", None, crf=30))
