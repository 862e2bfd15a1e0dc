from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.video.reading import FFmpeg
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.source import Source, SourceFrame, open_source


def write_image(path: Path, shade: int, size: tuple[int, int] = (24, 16)) -> None:
    pixels = np.full((size[1], size[0], 3), shade, np.uint8)
    path.parent.mkdir(exist_ok=True)
    av.VideoFrame.from_ndarray(pixels, "rgb24").save(path)


def read(path: Path, **choices: object) -> tuple[Source, list[SourceFrame]]:
    with open_source(path, **choices) as source:
        return source, list(source)


def shades(frames: list[SourceFrame]) -> list[int]:
    return [int(frame.picture.to_ndarray(format="rgb24")[0, 0, 0]) for frame in frames]


def test_a_folder_is_read_in_the_order_people_count_in(tmp_path: Path) -> None:
    for number in (10, 2, 1, 11, 100):
        write_image(tmp_path / f"picture {number}.png", number)
    (tmp_path / "notes.txt").write_text("not an image", encoding="utf-8")
    (tmp_path / "._picture 1.png").write_bytes(b"what macOS leaves behind")
    source, frames = read(tmp_path)
    assert shades(frames) == [1, 2, 10, 11, 100]
    assert [frame.pts for frame in frames] == [0, 1, 2, 3, 4]
    assert (source.info.time_base, source.info.rate, source.info.frames) == (Fraction(1, 25), 25, 5)
    assert (source.info.width, source.info.height, source.info.start) == (24, 16, 0)


def test_a_pattern_takes_what_fits_it_wherever_it_starts(tmp_path: Path) -> None:
    for number in (7, 8, 9, 10):
        write_image(tmp_path / f"f{number:03d}.png", number)
    write_image(tmp_path / "f11.png", 99)
    write_image(tmp_path / "g011.png", 99)
    source, frames = read(tmp_path / "f%03d.png", rate=Fraction(24000, 1001))
    assert shades(frames) == [7, 8, 9, 10]
    assert source.info.time_base == Fraction(1001, 24000)
    assert source.info.duration == 4 * Fraction(1001, 24000)
    assert source.warnings == ()
    assert shades(read(tmp_path / "f%d.png")[1]) == [99]


@pytest.mark.parametrize("name", ["what?", "a*b", "{a,b}", "a%db"])
def test_folders_are_called_what_they_are_called(tmp_path: Path, name: str) -> None:
    """FFmpeg takes such names for patterns."""
    write_image(tmp_path / name / "2.png", 60)
    (tmp_path / name / "1.ppm").write_bytes(b"P6\n24 16\n255\n" + bytes([50]) * 3 * 24 * 16)
    assert shades(read(tmp_path / name)[1]) == [50, 60]


def test_one_image_is_a_sequence_of_one(tmp_path: Path) -> None:
    write_image(tmp_path / "still 50%d.png", 77)
    assert shades(read(tmp_path / "still 50%d.png")[1]) == [77]


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".webp", ".bmp", ".ppm", ".pgm", ".dpx", ".exr", ".qoi"])
def test_image_formats(ffmpeg: FFmpeg, tmp_path: Path, suffix: str) -> None:
    form = {".exr": ("-pix_fmt", "gbrpf32le"), ".webp": ("-c:v", "libwebp", "-f", "image2")}.get(suffix, ())
    ffmpeg("-f", "lavfi", "-i", "color=white:s=32x16:r=1:d=3", *form, tmp_path / f"%02d{suffix}")
    source, frames = read(tmp_path)
    assert len(frames) == 3
    assert (source.info.width, source.info.height, source.lost) == (32, 16, 0)


def test_sixteen_bits_stay(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x16:d=0.1", "-pix_fmt", "rgb48be", tmp_path / "%d.png")
    assert read(tmp_path)[0].info.pixel_format == "rgb48be"


def test_gaps_in_the_numbers_are_told(tmp_path: Path) -> None:
    for number in (1, 2, 5, 6, 8):
        write_image(tmp_path / f"{number:04d}.png", number)
    for path in (tmp_path, tmp_path / "%04d.png"):
        source, frames = read(path)
        assert [frame.pts for frame in frames] == [0, 1, 2, 3, 4]
        (warning,) = source.warnings
        assert warning.startswith("3 numbers are missing in the sequence, the first after 2")


def test_names_without_numbers_have_no_gaps(tmp_path: Path) -> None:
    for name in ("a.png", "b2.png", "b9.png"):
        write_image(tmp_path / name, 1)
    assert read(tmp_path)[0].warnings == ()


@pytest.mark.parametrize("place", [0, 2])
def test_a_damaged_image_is_lost_and_its_time_stays_empty(tmp_path: Path, place: int) -> None:
    for number in range(4):
        write_image(tmp_path / f"{number}.png", number)
    (tmp_path / f"{place}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    source, frames = read(tmp_path)
    assert source.lost == 1
    assert [frame.pts for frame in frames] == [n for n in range(4) if n != place]
    (warning,) = source.warnings
    assert f"{place}.png" in warning


def test_a_text_or_a_sound_named_as_an_image_is_lost(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    write_image(tmp_path / "1.png", 1)
    (tmp_path / "2.png").write_text("hello\n" * 50, encoding="utf-8")
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", "-f", "wav", tmp_path / "3.png")
    (tmp_path / "4.png").touch()
    source, frames = read(tmp_path)
    assert len(frames) == 1
    assert source.lost == 3


def test_other_sizes_are_scaled_to_the_first_with_one_warning(tmp_path: Path) -> None:
    for number, size in enumerate([(24, 16), (48, 32), (24, 16), (12, 8)]):
        write_image(tmp_path / f"{number}.png", 40 * number, size)
    source, frames = read(tmp_path)
    assert {(frame.picture.width, frame.picture.height) for frame in frames} == {(24, 16)}
    assert shades(frames) == [0, 40, 80, 120]
    assert [frame.pts for frame in frames] == [0, 1, 2, 3]
    (warning,) = source.warnings
    assert "frame 1" in warning
    assert "48x32" in warning


def test_nothing_but_damage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"nothing")
    with pytest.raises(VideoError, match="not one picture"):
        open_source(tmp_path)


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(-25)])
def test_a_rate_that_is_not_positive_is_refused(tmp_path: Path, rate: Fraction) -> None:
    write_image(tmp_path / "1.png", 1)
    with pytest.raises(VideoError, match="positive"):
        open_source(tmp_path, rate=rate)


def test_images_have_no_streams(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png", 1)
    with pytest.raises(VideoError, match="no streams"):
        open_source(tmp_path, stream=0)
