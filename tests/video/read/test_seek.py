"""Reading from the middle of a source gives what reading from its start gives there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame

from tests.video.reading import H264, FFmpeg
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.read import videofile
from vsrealbasicvsr.video.read.checksum import checksum
from vsrealbasicvsr.video.read.source import Source, SourceFrame, open_source

OPEN_FILES = Path("/proc/self/fd")
EVERY = 7
LOOK = 60  # frames compared, longer than most of the groups of pictures

NOISE = "noise=alls=6:allf=t:all_seed=3"
MOVING = f"testsrc2=s=80x64:r=25,{NOISE}"
FIELDS = f"testsrc2=s=80x64:r=50,{NOISE},tinterlace=interleave_top,setfield=tff"
STILL = "color=gray:s=80x64:r=25,drawbox=enable='gt(n,100)':color=red"
UNEVEN = f"{MOVING},settb=1/90000,setpts='N*3600+mod(N*N*37,1700)+if(gt(N,90),400000,0)'"
CLOSED = (*H264, "-g", "48", "-bf", "3")
OPEN = (*H264, "-x264-params", "keyint=24:open-gop=1:bframes=3:scenecut=0")
X265 = ("-c:v", "libx265", "-x265-params", "log-level=1:pools=1:keyint=24")  # open groups by default
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "3", "-g", "24")
TICKS = ("-g", "24", "-bf", "3", "-enc_time_base", "1/90000")

CLIPS = {
    "closed.mp4": (MOVING, 200, CLOSED),
    "closed.mkv": (MOVING, 200, CLOSED),
    "closed.ts": (MOVING, 200, CLOSED),
    "closed.flv": (MOVING, 200, CLOSED),
    "open.mp4": (MOVING, 200, OPEN),
    "open.mkv": (MOVING, 200, OPEN),
    "open.ts": (MOVING, 200, OPEN),
    "long.mkv": (MOVING, 520, (*H264, "-g", "250", "-bf", "3")),
    "refresh.mkv": (MOVING, 200, (*H264, "-x264-params", "keyint=40:intra-refresh=1")),
    "x265.mp4": (MOVING, 120, X265),
    "x265.ts": (MOVING, 120, X265),
    "mpeg2.ts": (MOVING, 200, MPEG2),
    "mpeg2.vob": (MOVING, 200, (*MPEG2, "-f", "vob")),
    "mpeg4.avi": (MOVING, 200, (*MPEG4, "-bf", "2")),
    "ffv1.mkv": (MOVING, 100, ("-c:v", "ffv1", "-g", "12")),
    "vp9.webm": (MOVING, 120, ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "30")),
    "wmv2.asf": (MOVING, 200, ("-c:v", "wmv2", "-q:v", "3", "-g", "24")),
    "raw.h264": (MOVING, 100, (*H264, "-g", "24")),
    "raw.m2v": (MOVING, 100, MPEG2),
    "still.ts": (STILL, 200, (*H264, "-g", "12", "-bf", "3")),
    "still.avi": (STILL, 200, (*MPEG4, "-bf", "2")),
    "variable.mkv": (UNEVEN, 200, (*H264, *TICKS)),
    "variable.mp4": (UNEVEN, 200, (*H264, *TICKS, "-video_track_timescale", "90000")),
    "fields.ts": (FIELDS, 100, (*MPEG2, "-flags", "+ildct+ilme")),
    "fields.mkv": (FIELDS, 100, (*H264, "-g", "24", "-bf", "3", "-flags", "+ildct+ilme")),
}

Row = tuple[int, int | None, str]


@pytest.fixture(scope="module")
def made(ffmpeg: FFmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clips above, most with sound, so that packets of several streams lie between each other."""
    folder = tmp_path_factory.mktemp("made")
    for name, (pattern, count, codec) in CLIPS.items():
        sound = () if name.startswith("raw") else ("-map", "1")
        ffmpeg(
            *("-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", f"sine=d={count / 25}", "-map", "0", *sound),
            *("-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-threads", "1", *codec),
            *("-frames:v", str(count), folder / name),
        )
    return folder


def rows(frames: Iterator[SourceFrame]) -> list[Row]:
    """Time, duration and content of frames; the content not by the checksum that is under test."""
    return [
        (f.pts, f.duration, hashlib.md5(f.picture.reformat(format="rgb48le").to_ndarray()).hexdigest())
        for f in frames
    ]


def whole(source: Source) -> tuple[list[Row], list[int]]:
    """What a read from the start gives, and the checksums."""
    checks: list[int] = []

    def noted() -> Iterator[SourceFrame]:
        for frame in source:
            checks.append(checksum(frame.picture))
            yield frame

    return rows(noted()), checks


def assert_tails_agree(path: Path, every: int = EVERY, **choices: Any) -> int:
    """Compare what follows on every so-manyth frame; returns the number of frames."""
    with open_source(path, **choices) as source:
        expected, checks = whole(source)
        seek = not source.repaired
        for number in [*range(0, len(expected), every), len(expected) - 1]:
            tail = source.since(number, expected[number][0], checks[number], seek=seek)
            assert rows(islice(tail, LOOK)) == expected[number : number + LOOK], number
    return len(expected)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[VideoFrame]:
    """Fills with every picture that comes out of the decoder."""
    pictures: list[VideoFrame] = []
    decode = videofile._decode

    def counting(*arguments: Any) -> Iterator[VideoFrame]:
        for picture in decode(*arguments):
            pictures.append(picture)
            yield picture

    monkeypatch.setattr(videofile, "_decode", counting)
    return pictures


@pytest.mark.parametrize("name", CLIPS)
def test_from_any_frame_on_a_file_reads_as_from_its_start(made: Path, name: str) -> None:
    assert assert_tails_agree(made / name, deinterlace="off") == CLIPS[name][1]


@pytest.mark.parametrize("name", ["closed.mkv", "open.ts", "x265.mp4"])
def test_every_single_frame_can_be_the_first(made: Path, name: str) -> None:
    with open_source(made / name) as source:
        expected, checks = whole(source)
        for number, row in enumerate(expected):
            assert rows(islice(source.since(number, row[0], checks[number]), 3)) == expected[number:][:3]


@pytest.mark.parametrize("mode", ["auto", "frame", "field"])
@pytest.mark.parametrize("name", ["fields.ts", "fields.mkv"])
def test_deinterlaced_frames_are_those_of_a_read_from_the_start(
    made: Path, decoded: list[VideoFrame], name: str, mode: str
) -> None:
    count = 200 if mode == "field" else 100
    assert assert_tails_agree(made / name, deinterlace=mode) == count
    with open_source(made / name, deinterlace=mode) as source:
        expected, checks = whole(source)
        decoded.clear()
        next(source.since(count - 5, expected[-5][0], checks[-5]))
        assert len(decoded) < 55  # of 100: two groups of pictures at most


@pytest.mark.parametrize("name", [name for name in CLIPS if not name.startswith("raw")])
def test_only_the_pictures_shortly_before_are_decoded(
    made: Path, decoded: list[VideoFrame], name: str
) -> None:
    number = CLIPS[name][1] - 5
    with open_source(made / name, deinterlace="off") as source:
        expected, checks = whole(source)
        decoded.clear()
        assert next(source.since(number, expected[number][0], checks[number])).pts == expected[number][0]
    limit = 275 if name == "long.mkv" else 2 * 48 + 5
    assert len(decoded) <= min(limit, number * 2 // 3)


def test_a_long_clip_is_entered_near_the_wanted_frame(
    ffmpeg: FFmpeg, tmp_path: Path, decoded: list[VideoFrame]
) -> None:
    path = tmp_path / "long.mkv"
    ffmpeg("-f", "lavfi", "-i", MOVING, "-frames:v", "600", *CLOSED, "-x264-params", "scenecut=0", path)
    with open_source(path) as source:
        expected, checks = whole(source)
        for number in (100, 333, 480, 599):
            decoded.clear()
            next(source.since(number, expected[number][0], checks[number]))
            assert len(decoded) < 2 * 48 + 5


def test_edit_lists_and_late_starts(made: Path, ffmpeg: FFmpeg, tmp_path: Path) -> None:
    ffmpeg("-ss", "3.1", "-i", made / "closed.mp4", "-c", "copy", tmp_path / "edit.mp4")
    ffmpeg("-itsoffset", "7.3", "-i", made / "closed.mp4", "-c", "copy", tmp_path / "late.mp4")
    ffmpeg("-i", made / "open.ts", "-c", "copy", "-output_ts_offset", "95440", tmp_path / "wraps.ts")
    assert 100 < assert_tails_agree(tmp_path / "edit.mp4") < 150
    assert assert_tails_agree(tmp_path / "late.mp4") == 200
    assert assert_tails_agree(tmp_path / "wraps.ts") == 200


def test_sizes_that_change_are_still_scaled_to_the_first(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    for name, size, start in (("1.ts", "80x64", "0"), ("2.ts", "96x48", "2.48")):
        ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25", "-frames:v", "60", *H264, "-g", "12"),
            *("-output_ts_offset", start, tmp_path / name),
        )
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes())
    assert assert_tails_agree(path) == 120
    with open_source(path) as source:
        expected, checks = whole(source)
        assert not source.repaired
        list(source.since(100, expected[100][0], checks[100]))
        (warning,) = source.warnings
        assert warning.startswith("from frame 100 on pictures are 96x48")


def test_repaired_time_stamps_are_counted_through(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    """Both recordings state the same times, and grey frames look alike: only numbers tell them apart."""
    still = "color=gray:s=80x64:r=25"
    for name, count in (("1.ts", "40"), ("2.ts", "110")):
        ffmpeg("-f", "lavfi", "-i", still, "-frames:v", count, *H264, "-g", "12", tmp_path / name)
    path = tmp_path / "both.ts"
    path.write_bytes((tmp_path / "1.ts").read_bytes() + (tmp_path / "2.ts").read_bytes())
    with open_source(path) as source:
        expected, checks = whole(source)
        assert source.repaired
        for number in (10, 39, 40, 41, 90, 149):
            tail = source.since(number, expected[number][0], checks[number], seek=False)
            assert rows(tail) == expected[number:]


def test_images_begin_at_the_very_image(
    ffmpeg: FFmpeg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg("-f", "lavfi", "-i", MOVING, "-frames:v", "20", tmp_path / "%02d.png")
    (tmp_path / "05.png").write_bytes(b"no image")
    assert assert_tails_agree(tmp_path, every=1) == 19
    assert assert_tails_agree(tmp_path, every=1, deinterlace="frame") == 19
    with open_source(tmp_path) as source:
        expected, checks = whole(source)
        for name in ("01.png", "02.png", "12.png"):
            (tmp_path / name).unlink()
        assert expected[12][0] == 13
        tail = source.since(12, 13, checks[12])
        assert rows(tail) == expected[12:]
        assert (source.lost, source.damaged, source.warnings) == (0, 0, ())


@pytest.mark.parametrize("name", ["closed.mp4", "closed.mkv", "mpeg2.vob", "still.avi", "fields.mkv"])
def test_damage_in_the_middle(made: Path, tmp_path: Path, name: str) -> None:
    """What hangs on damaged data differs from read to read, even from the start; all else must not."""
    path = tmp_path / name
    with av.open(str(made / name)) as container:
        packets = [p for p in container.demux(video=0) if p.size and p.pos is not None]
        hit = next(n for n, p in enumerate(packets) if n > len(packets) // 2 and p.is_keyframe) + 5
    data = bytearray((made / name).read_bytes())
    data[packets[hit].pos + 60 : packets[hit + 2].pos] = b"\x5a" * (
        packets[hit + 2].pos - packets[hit].pos - 60
    )
    path.write_bytes(data)
    with open_source(path, deinterlace="off") as source:
        expected, checks = whole(source)
        trouble = source.lost + source.damaged > 0
        starts = [n for n, p in enumerate(packets) if p.is_keyframe]
        first = max(n for n in starts if n <= hit) - 4
        last = min([n for n in starts if n > hit + 2], default=len(packets)) + 4
        unsafe = {row[0] for row in expected[first:last]}
        for number in range(0, len(expected), EVERY):
            tail = source.since(
                number, expected[number][0], checks[number], seek=not source.repaired, damaged=trouble
            )
            got = rows(tail)
            assert [row[:2] for row in got] == [row[:2] for row in expected[number:]]
            sound = [row for row in expected[number:] if row[0] not in unsafe]
            assert [row for row in got if row[0] not in unsafe] == sound


def test_avi_with_a_hole_is_not_counted_from_its_index(made: Path, tmp_path: Path) -> None:
    """Its frames look alike for a hundred frames: one of another place would pass for the wanted one."""
    path = tmp_path / "hole.avi"
    with av.open(str(made / "still.avi")) as container:
        places = [p.pos for p in container.demux(video=0) if p.size and p.pos is not None]
    data = bytearray((made / "still.avi").read_bytes())
    begin, end = places[40] - 8, places[47] - 8  # with the headers of the chunks
    data[begin:end] = bytes(end - begin)
    path.write_bytes(data)
    with open_source(path) as source:
        expected, checks = whole(source)
        for number in range(0, len(expected), EVERY):
            tail = source.since(number, expected[number][0], checks[number], damaged=True)
            assert [row[:2] for row in rows(tail)] == [row[:2] for row in expected[number:]]


def test_trouble_before_the_frame_is_not_told(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(made / "still.avi")) as container:
        packet = [p for p in container.demux(video=0) if p.size][30]
    data = bytearray((made / "still.avi").read_bytes())
    assert packet.pos is not None
    data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(data)
    with open_source(path) as source:
        expected, checks = whole(source)
        assert source.lost + source.damaged > 0
        for seek in (True, False):
            number = 40
            list(source.since(number, expected[number][0], checks[number], seek=seek, damaged=True))
            assert (source.lost, source.damaged, source.warnings) == (0, 0, ())


@pytest.mark.parametrize("name", ["closed.mkv", "mpeg4.avi", "raw.h264"])
def test_a_source_that_has_changed_is_refused(made: Path, name: str) -> None:
    with open_source(made / name) as source:
        expected, checks = whole(source)
        n = 70
        for wrong in ((n, expected[n][0], checks[n] ^ 1), (n, expected[n][0] + 1, checks[n])):
            with pytest.raises(VideoError, match=rf"{name} has changed since the job began: .*\.$") as caught:
                next(source.since(*wrong))
            assert "\n" not in str(caught.value)
        with pytest.raises(VideoError, match="has changed"):
            next(source.since(n + 1, expected[n][0], checks[n], seek=False))
        with pytest.raises(VideoError, match="has changed"):
            next(source.since(len(expected), expected[-1][0] + 1, 0))
        first = next(source.since(n, expected[n][0], checks[n] ^ 1, damaged=True))
        assert rows(iter([first])) == [expected[n]]
    with pytest.raises(ValueError, match="closed"):
        next(source.since(0, 0, 0))


def test_images_that_have_changed_are_refused(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", MOVING, "-frames:v", "5", tmp_path / "%02d.png")
    with open_source(tmp_path) as source:
        expected, checks = whole(source)
        (tmp_path / "04.png").write_bytes((tmp_path / "02.png").read_bytes())
        with pytest.raises(VideoError, match="has changed since the job began"):
            next(source.since(3, expected[3][0], checks[3]))


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("seek", [True, False])
def test_ending_early_closes_the_file(made: Path, seek: bool) -> None:
    path = made / "closed.mp4"

    def is_open() -> bool:
        return str(path) in {str(link.readlink()) for link in OPEN_FILES.iterdir() if link.is_symlink()}

    with open_source(path) as source:
        expected, checks = whole(source)
        tail = source.since(150, expected[150][0], checks[150], seek=seek)
        next(tail)
        assert is_open()
        tail.close()
        assert not is_open()


FORMATS = (
    *("gray", "gray16le", "monow", "pal8", "rgb24", "rgb0", "x2rgb10le", "rgb565le", "yuyv422", "nv12"),
    *("p010le", "yuv420p", "yuva444p12le", "gbrpf32le"),
)


def filled(width: int, name: str) -> VideoFrame:
    picture = VideoFrame(width, 9, name)
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    return picture


@pytest.mark.parametrize("name", FORMATS)
def test_a_checksum_sees_the_first_and_the_last_byte_of_each_plane(name: str) -> None:
    width = 512  # fills lines whole in every format: there is no padding
    for number in range(len(filled(width, name).planes)):
        for place in (0, -1):
            picture = filled(width, name)
            data = bytearray(picture.planes[number])
            data[place] = 1
            picture.planes[number].update(bytes(data))
            assert checksum(picture) != checksum(filled(width, name))


def test_a_checksum_sees_format_and_size_and_no_padding() -> None:
    numbers = {checksum(filled(*kind)) for kind in ((33, "gray"), (34, "gray"), (33, "rgb24"), (33, "bgr24"))}
    assert len(numbers) == 4
    picture = filled(33, "gray")
    plane = picture.planes[0]
    assert plane.line_size > 33
    plane.update((bytes(33) + b"\xff" * (plane.line_size - 33)) * 9)
    assert checksum(picture) == checksum(filled(33, "gray"))


def test_a_checksum_of_a_picture_stored_upside_down() -> None:
    upright = filled(40, "gray")
    lines = [bytes([y + 1] * upright.planes[0].line_size) for y in range(9)]
    upright.planes[0].update(b"".join(lines))
    upset = filled(40, "gray")
    upset.planes[0].update(b"".join(reversed(lines)))
    graph = av.filter.Graph()
    nodes = [graph.add_buffer(template=upset, time_base=Fraction(1, 25)), graph.add("vflip")]
    nodes.append(graph.add("buffersink"))
    graph.link_nodes(*nodes).configure()
    graph.push(upset)
    turned = graph.pull()
    assert turned.planes[0].line_size < 0
    assert checksum(turned) == checksum(upright)
