from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.video.reading import H264, FFmpeg, hashes_by_ffmpeg, md5, packet_times
from vsrealbasicvsr.video.read.source import Source, SourceFrame, open_source

FIELDS = "testsrc2=s=120x96:r=50:d=0.4,tinterlace=interleave_top,setfield=tff,setsar=16/15"
INTERLACED = ("-flags", "+ildct+ilme", "-pix_fmt", "yuv420p", "-colorspace", "smpte170m")


def read(path: Path, **choices: object) -> tuple[Source, list[SourceFrame]]:
    with open_source(path, **choices) as source:
        return source, list(source)


@pytest.fixture(scope="module")
def interlaced(ffmpeg: FFmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fields")
    for name, codec in (("a.mpg", "mpeg2video"), ("a.mkv", "libx264")):
        ffmpeg("-f", "lavfi", "-i", FIELDS, "-c:v", codec, "-q:v", "2", *INTERLACED, folder / name)
    return folder


@pytest.mark.parametrize("name", ["a.mpg", "a.mkv"])
def test_interlaced_video_is_found_and_keeps_its_times(interlaced: Path, name: str) -> None:
    source, frames = read(interlaced / name)
    assert source.info.interlaced
    assert [frame.pts for frame in frames] == packet_times(interlaced / name)
    assert {frame.duration for frame in frames} == {Fraction(1, 25) / source.info.time_base}
    assert not any(frame.picture.interlaced_frame for frame in frames)
    assert all(frame.picture.time_base == source.info.time_base for frame in frames)
    assert source.info.sample_aspect_ratio == Fraction(16, 15)
    assert source.warnings == ()


def test_pictures_are_those_of_ffmpegs_bwdif(interlaced: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    for mode in ("frame", "field"):
        path = tmp_path / f"{mode}.nut"
        bwdif = ("-vf", f"bwdif=send_{mode}", "-fps_mode", "passthrough", "-c:v", "rawvideo")
        ffmpeg("-i", interlaced / "a.mkv", *bwdif, path)
        _, frames = read(interlaced / "a.mkv", deinterlace=mode)
        assert [md5(frame.picture) for frame in frames] == hashes_by_ffmpeg(ffmpeg, path)


def test_colour_tags_survive(interlaced: Path) -> None:
    _, before = read(interlaced / "a.mkv", deinterlace="off")
    _, after = read(interlaced / "a.mkv")
    for name in ("colorspace", "color_range", "color_primaries", "color_trc", "chroma_location"):
        assert getattr(after[0].picture, name) == getattr(before[0].picture, name)
    assert after[0].picture.colorspace == 6


def test_fields_double_the_rate(interlaced: Path) -> None:
    frame_source, whole = read(interlaced / "a.mpg")
    source, frames = read(interlaced / "a.mpg", deinterlace="field")
    assert len(frames) == 2 * len(whole)
    assert source.info.rate == 50
    assert source.info.time_base == frame_source.info.time_base / 2
    seconds = [frame.pts * source.info.time_base for frame in frames]
    assert seconds[::2] == [frame.pts * frame_source.info.time_base for frame in whole]
    assert {b - a for a, b in pairwise(seconds)} == {Fraction(1, 50)}
    assert {frame.duration * source.info.time_base for frame in frames} == {Fraction(1, 50)}


def test_variable_rate_survives(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "vfr.mp4"
    times = "settb=1/90000,setpts='N*3600+mod(N*N*37,1100)'"
    ffmpeg(
        *("-f", "lavfi", "-i", f"{FIELDS},{times}", "-fps_mode", "passthrough", "-enc_time_base", "1/90000"),
        *("-video_track_timescale", "90000", *H264, *INTERLACED, path),
    )
    expected = packet_times(path)
    assert [frame.pts for frame in read(path)[1]] == expected
    fields = [frame.pts for frame in read(path, deinterlace="field")[1]]
    assert fields[::2] == [2 * pts for pts in expected]
    assert all(a < b for a, b in pairwise(fields))


def test_off_leaves_the_fields_and_says_so(interlaced: Path, ffmpeg: FFmpeg) -> None:
    source, frames = read(interlaced / "a.mkv", deinterlace="off")
    assert [md5(frame.picture) for frame in frames] == hashes_by_ffmpeg(ffmpeg, interlaced / "a.mkv")
    assert source.info.interlaced
    assert source.warnings == ("frame 0 is interlaced, and is not deinterlaced.",)


def test_progressive_video_is_left_alone_unless_forced(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=0.4", *H264, path)
    expected = hashes_by_ffmpeg(ffmpeg, path)
    source, frames = read(path)
    assert not source.info.interlaced
    assert [md5(frame.picture) for frame in frames] == expected
    forced = read(path, deinterlace="frame")[1]
    assert [frame.pts for frame in forced] == [frame.pts for frame in frames]
    assert [md5(frame.picture) for frame in forced] != expected


def test_in_a_mixture_auto_treats_what_is_flagged(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    for name, graph in (("1.ts", FIELDS), ("2.ts", "testsrc2=s=120x96:r=25:d=0.4,setfield=prog")):
        ffmpeg("-f", "lavfi", "-i", graph, "-c:v", "mpeg2video", "-q:v", "2", "-bf", "0", tmp_path / name)
    flags = ("-flags", "+ildct+ilme")
    ffmpeg("-f", "lavfi", "-i", FIELDS, "-c:v", "mpeg2video", "-q:v", "2", *flags, tmp_path / "1.ts")
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes())
    untouched = hashes_by_ffmpeg(ffmpeg, path)
    result = [md5(frame.picture) for frame in read(path)[1]]
    assert len(result) == len(untouched) == 20
    assert result[11:] == untouched[11:]
    assert not set(result[:9]) & set(untouched[:9])


@pytest.mark.parametrize(("mode", "count"), [("auto", 1), ("frame", 1), ("field", 2)])
def test_one_picture(ffmpeg: FFmpeg, tmp_path: Path, mode: str, count: int) -> None:
    path = tmp_path / "one.mpg"
    ffmpeg("-f", "lavfi", "-i", FIELDS, "-frames:v", "1", "-c:v", "mpeg2video", *INTERLACED, path)
    source, frames = read(path, deinterlace=mode)
    assert len(frames) == count
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    assert frames[0].pts * source.info.time_base == packet_times(path)[0] * Fraction(1, 90000)


def test_combs_are_gone(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "bar.mkv"
    bar = "color=black:s=96x64:r=50:d=0.4,drawbox=x=0:y=0:w=20:h=64:c=white:t=fill,scroll=h=0.1"
    ffmpeg(
        *("-f", "lavfi", "-i", f"{bar},tinterlace=interleave_top,setfield=tff", "-c:v", "ffv1"),
        *("-pix_fmt", "yuv420p", "-field_order", "tt", path),
    )

    def combing(frames: list[SourceFrame]) -> float:
        luma = np.stack([frame.picture.to_ndarray()[:64].astype(float) for frame in frames[2:-2]])
        return float(np.abs(luma[:, 1:-1] - (luma[:, :-2] + luma[:, 2:]) / 2).mean())

    combed = combing(read(path, deinterlace="off")[1])
    assert combing(read(path, deinterlace="frame")[1]) < combed / 5
