from __future__ import annotations

import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.video.reading import H264, FFmpeg, damage, hashes_by_ffmpeg, md5, packet_times, shorten
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read.source import Source, SourceFrame, open_source

STATM = Path("/proc/self/statm")
PATTERN = "testsrc2=s=64x48:r=25"


def read(path: Path, **choices: object) -> tuple[Source, list[SourceFrame]]:
    with open_source(path, **choices) as source:
        return source, list(source)


@pytest.fixture(scope="module")
def made(ffmpeg: FFmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same two seconds, with B frames and sound, in three containers."""
    folder = tmp_path_factory.mktemp("made")
    ffmpeg(
        *("-f", "lavfi", "-i", f"{PATTERN}:d=2", "-f", "lavfi", "-i", "sine=d=2.6"),
        *(*H264, "-g", "10", "-bf", "2", "-c:a", "aac", "-movflags", "faststart", folder / "clip.mp4"),
    )
    for name in ("clip.mkv", "clip.ts"):
        ffmpeg("-i", folder / "clip.mp4", "-c", "copy", folder / name)
    return folder


def copy_of(path: Path, folder: Path) -> Path:
    (folder / path.name).write_bytes(path.read_bytes())
    return folder / path.name


def film_grid(n: str = "N") -> str:
    return f"settb=1/90000,setpts='{n}*3600+if(gt({n},9),7200,0)+if(gt({n},20),10800,0)'"


def phone(n: str = "N") -> str:
    return f"settb=1/90000,setpts='45000+{n}*1500+mod({n}*{n}*37,1100)+if(gt({n},9),40000,0)'"


@pytest.mark.parametrize("times", [film_grid(), phone()], ids=["film", "phone"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_time_stamps_of_variable_rate_are_the_files_own(
    ffmpeg: FFmpeg, tmp_path: Path, times: str, name: str
) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=60:d=0.5", "-vf", times, "-fps_mode", "passthrough"),
        *("-enc_time_base", "1/90000", "-video_track_timescale", "90000", *H264, "-bf", "2", tmp_path / name),
    )
    source, frames = read(tmp_path / name)
    assert len(frames) == 30
    assert [frame.pts for frame in frames] == packet_times(tmp_path / name)
    assert len({b.pts - a.pts for a, b in pairwise(frames)}) > 1
    assert all(frame.picture.time_base == source.info.time_base for frame in frames)
    assert (source.lost, source.damaged, source.warnings) == (0, 0, ())


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_every_picture_is_what_ffmpeg_decodes(made: Path, ffmpeg: FFmpeg, name: str) -> None:
    source, frames = read(made / name)
    assert [md5(frame.picture) for frame in frames] == hashes_by_ffmpeg(ffmpeg, made / name)
    assert [frame.pts for frame in frames] == packet_times(made / name)
    assert {(frame.duration or 0) * source.info.time_base for frame in frames} == {Fraction(1, 25)}
    assert source.info.frames == 50
    assert source.lost == 0


def test_the_start_is_that_of_the_earliest_stream(made: Path) -> None:
    source, frames = read(made / "clip.ts")
    with av.open(str(made / "clip.ts")) as container:
        starts = [stream.start_time * Fraction(1, 90000) for stream in container.streams]
    assert abs(source.info.start - min(starts)) < Fraction(1, 500_000)
    assert frames[0].pts * source.info.time_base > source.info.start > 1


def test_what_is_known_of_a_file(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=66x50:r=24000/1001,setsar=16/11", "-frames:v", "12", *H264, path)
    ffmpeg("-display_rotation", "90", "-i", path, "-c", "copy", tmp_path / "turned.mp4")
    source, frames = read(tmp_path / "turned.mp4")
    info = source.info
    assert (info.width, info.height, info.pixel_format) == (66, 50, "yuv420p")
    assert (info.sample_aspect_ratio, info.rate) == (Fraction(16, 11), Fraction(24000, 1001))
    assert info.rotation == 90
    assert (info.frames, info.duration) == (12, 12 * Fraction(1001, 24000))
    assert not info.interlaced
    assert info.assumptions
    assert {(frame.picture.width, frame.picture.height) for frame in frames} == {(66, 50)}  # as coded


@pytest.mark.parametrize(("size", "form"), [("65x49", "yuv420p"), ("33x17", "yuv444p"), ("7x5", "yuv420p")])
def test_odd_sizes(ffmpeg: FFmpeg, tmp_path: Path, size: str, form: str) -> None:
    path = tmp_path / "odd.mkv"
    source_ = f"testsrc=s={size}:r=25:d=0.2"
    ffmpeg("-f", "lavfi", "-i", source_, "-c:v", "ffv1", "-pix_fmt", form, path)
    source, frames = read(path)
    assert f"{source.info.width}x{source.info.height}" == size
    assert [md5(frame.picture) for frame in frames] == hashes_by_ffmpeg(ffmpeg, path)


def test_an_edit_list_hides_what_the_decoder_only_needs(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "edit.mp4"
    ffmpeg("-ss", "0.7", "-i", made / "clip.mp4", "-c", "copy", path)
    source, frames = read(path)
    with av.open(str(path)) as container:
        assert sum(bool(p.size) for p in container.demux(video=0)) > len(frames)
    assert [frame.pts for frame in frames] == packet_times(path)
    assert [md5(frame.picture) for frame in frames] == hashes_by_ffmpeg(ffmpeg, path)
    assert source.info.frames == len(frames)
    assert source.lost == 0


def test_an_edit_list_that_ends_early_loses_nothing(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "edit.mp4"
    ffmpeg("-ss", "0.7", "-i", made / "clip.mp4", "-t", "0.5", "-c", "copy", path)
    source, frames = read(path)
    assert [frame.pts for frame in frames] == packet_times(path)
    assert source.lost == 0


def test_streams_without_time_stamps_run_at_their_rate(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "raw.h264"
    ffmpeg("-i", made / "clip.mp4", "-c:v", "copy", "-an", path)
    source, frames = read(path)
    assert [frame.pts * source.info.time_base for frame in frames] == [Fraction(n, 25) for n in range(50)]


@pytest.mark.parametrize("options", [("-bf", "0"), ("-bf", "2"), ("-bf", "2", "-flags", "+qpel")])
def test_avi_with_b_frames_has_one_frame_a_tick(
    ffmpeg: FFmpeg, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = tmp_path / "a.avi"
    ffmpeg("-f", "lavfi", "-i", f"{PATTERN}:d=1", "-c:v", "mpeg4", *options, path)
    source, frames = read(path)
    first = frames[0].pts
    assert [frame.pts for frame in frames] == list(range(first, first + 25))
    assert source.warnings == ()


def test_two_recordings_in_one_file_follow_each_other(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    for name, size in (("1.ts", "64x48"), ("2.ts", "96x64")):
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.4", *H264, tmp_path / name)
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes())
    source, frames = read(path)
    assert [b.pts - a.pts for a, b in pairwise(frames)] == [3600] * 19
    clock, size = source.warnings
    assert "time stamps" in clock
    assert "frame 10" in size
    assert "96x64" in size
    assert "64x48" in size
    assert {(frame.picture.width, frame.picture.height) for frame in frames} == {(64, 48)}
    with av.open(str(tmp_path / "2.ts")) as container:
        last = list(container.decode(video=0))[-1]
    expected = last.reformat(64, 48, interpolation="BICUBIC").to_ndarray().astype(int)
    assert abs(frames[-1].picture.to_ndarray().astype(int) - expected).mean() < 2


@pytest.mark.parametrize("count", [1, 2])
def test_very_short_clips(ffmpeg: FFmpeg, tmp_path: Path, count: int) -> None:
    ffmpeg("-f", "lavfi", "-i", PATTERN, "-frames:v", str(count), *H264, tmp_path / "short.mkv")
    source, frames = read(tmp_path / "short.mkv")
    assert len(frames) == count
    assert source.lost == 0


def test_a_truncated_file_gives_what_is_left_and_counts_the_rest(made: Path, tmp_path: Path) -> None:
    path = copy_of(made / "clip.mp4", tmp_path)
    shorten(path, 0.6)
    source, frames = read(path)
    assert 10 < len(frames) < 40
    assert len(frames) + source.lost == 50
    assert any("ends early" in warning for warning in source.warnings)


def test_a_truncated_matroska_file_tells_about_how_much_is_lost(made: Path, tmp_path: Path) -> None:
    path = copy_of(made / "clip.mkv", tmp_path)
    shorten(path, 0.6)
    source, frames = read(path)
    assert 10 < len(frames) < 40
    assert abs(len(frames) + source.lost - 50) <= 3


def test_a_truncated_transport_stream_ends_without_an_error(
    made: Path, ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    path = copy_of(made / "clip.ts", tmp_path)
    shorten(path, 0.6)
    _, frames = read(path)
    assert len(frames) == len(hashes_by_ffmpeg(ffmpeg, path)) > 10


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_flipped_bits_lose_no_more_than_they_do_in_ffmpeg(
    made: Path, ffmpeg: FFmpeg, tmp_path: Path, name: str, seed: int
) -> None:
    path = copy_of(made / name, tmp_path)
    size = path.stat().st_size
    damage(path, *(size // 6 + (seed * 7919 + n * 104729) % (size * 2 // 3) for n in range(25)))
    source, frames = read(path)
    assert len(frames) == len(hashes_by_ffmpeg(ffmpeg, path))
    assert all(b.pts > a.pts for a, b in pairwise(frames))
    assert source.lost + source.damaged <= 50


def test_a_decoder_that_refuses_a_picture_costs_one(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    ffmpeg("-f", "lavfi", "-i", f"{PATTERN}:d=0.4", "-c:v", "huffyuv", path)
    with av.open(str(path)) as container:
        packet = [p for p in container.demux(video=0) if p.size][4]
        place, length = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[place : place + length] = b"\xff" * length
    path.write_bytes(data)
    source, frames = read(path)
    assert source.lost + len(frames) == 10
    assert source.lost in (0, 1)


def test_iterating_again_reads_again(made: Path) -> None:
    with open_source(made / "clip.mkv") as source:
        assert [f.pts for f in source] == [f.pts for f in source]
    with pytest.raises(ValueError, match="closed"):
        next(iter(source))


@pytest.mark.skipif(not STATM.exists(), reason="needs Linux's /proc")
def test_reading_holds_a_few_pictures_only(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    path = tmp_path / "long.mkv"
    ffmpeg("-f", "lavfi", "-i", "color=s=1280x720:r=25:d=4", *H264, "-preset", "ultrafast", path)
    resident = []
    with open_source(path) as source:
        for _ in source:
            resident.append(int(STATM.read_text(encoding="ascii").split()[1]) * 4096)
    assert len(resident) == 100
    assert max(resident) - resident[20] < 20 * 1280 * 720 * 3 // 2


def test_the_video_is_the_default_stream_else_the_largest(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    inputs = [x for s in ("64x48", "96x64", "32x32") for x in ("-f", "lavfi", "-i", f"testsrc2=s={s}:d=0.2")]
    maps = ("-map", "0", "-map", "1", "-map", "2", *H264)
    ffmpeg(*inputs, *maps, "-disposition:v", "0", tmp_path / "none.mkv")
    ffmpeg(*inputs, *maps, "-disposition:v", "0", "-disposition:v:2", "default", tmp_path / "third.mkv")
    assert read(tmp_path / "none.mkv")[0].info.width == 96
    assert read(tmp_path / "none.mkv")[0].info.stream == 1
    assert read(tmp_path / "third.mkv")[0].info.width == 32
    assert read(tmp_path / "third.mkv", stream=0)[0].info.width == 64
    with pytest.raises(VideoError, match="stream 7 of"):
        open_source(tmp_path / "none.mkv", stream=7)


def test_cover_art_is_not_the_video(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x320", "-frames:v", "1", tmp_path / "c.jpg")
    art = ("-i", tmp_path / "c.jpg")
    song, film = tmp_path / "song.mp3", tmp_path / "film.mp4"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        *art,
        "-map",
        "0",
        "-map",
        "1",
        "-disposition:v",
        "attached_pic",
        song,
    )
    ffmpeg(
        *("-i", made / "clip.mp4", *art, "-map", "1", "-map", "0", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", film),
    )
    with pytest.raises(VideoError, match="no video, only audio"):
        open_source(song)
    assert read(film)[0].info.width == 64


def test_each_useless_input_is_refused_in_one_sentence(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.3", tmp_path / "sound.mka")
    ffmpeg("-f", "lavfi", "-i", f"{PATTERN}:d=0.1", "-frames:v", "0", *H264, tmp_path / "none.mkv")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "note.txt").write_text("not a video\n" * 100, encoding="utf-8")
    shorten(copy_of(made / "clip.mp4", tmp_path), 0.01)
    strange = (made / "clip.mp4").read_bytes().replace(b"avc1", b"zzzz")
    (tmp_path / "unknown.mp4").write_bytes(strange)
    (tmp_path / "folder").mkdir()
    cases = {
        "missing.mkv": "there is no file",
        "unknown.mp4": "cannot decode",
        "sound.mka": "only audio",
        "none.mkv": "none.mkv",
        "empty.mp4": "cannot read",
        "note.txt": "is a text file",
        "clip.mp4": "holds no video|cannot read",
        "folder": "no images",
        "no/%03d.png": "no file fits",
    }
    for name, text in cases.items():
        with pytest.raises(VideoError, match=text) as caught:
            open_source(tmp_path / name)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


def test_a_rate_is_for_images_only(made: Path) -> None:
    with pytest.raises(VideoError, match="image sequences only"):
        open_source(made / "clip.mp4", rate=Fraction(24))


def test_names_that_look_like_protocols_or_patterns_are_names(made: Path, tmp_path: Path) -> None:
    for name in ("a:b.mkv", "100%d.mkv", "x'y z#.mkv", "\udcff.mkv"):
        (tmp_path / name).write_bytes((made / "clip.mkv").read_bytes())
        assert len(read(tmp_path / name)[1]) == 50


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.mkv")
    with pytest.raises(VideoError, match="is a pipe or a device"):
        open_source(tmp_path / "pipe.mkv")
