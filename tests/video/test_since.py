"""Reading from the middle of a source gives what reading from its start gives there."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.video.reading import H264, FFmpeg
from vsrealbasicvsr.video.checksum import checksum
from vsrealbasicvsr.video.source import SourceFrame, open_source

MOVING = "testsrc2=s=80x64:r=25,noise=alls=6:allf=t:all_seed=3"
TFF = "testsrc2=s=80x64:r=50,noise=alls=6:allf=t:all_seed=3,tinterlace=interleave_top,setfield=tff"
STILL = "color=gray:s=80x64:r=25"
X264 = (*H264, "-preset", "fast")
EVERY = 7

CLIPS = {
    "closed.mp4": (MOVING, 200, (*X264, "-g", "48", "-bf", "3")),
    "closed.mkv": (MOVING, 200, (*X264, "-g", "48", "-bf", "3")),
    "closed.ts": (MOVING, 200, (*X264, "-g", "48", "-bf", "3")),
    "closed.flv": (MOVING, 200, (*X264, "-g", "48", "-bf", "3")),
    "open.mp4": (MOVING, 200, (*X264, "-x264-params", "keyint=24:open-gop=1:bframes=3:scenecut=0")),
    "open.mkv": (MOVING, 200, (*X264, "-x264-params", "keyint=24:open-gop=1:bframes=3:scenecut=0")),
    "open.ts": (MOVING, 200, (*X264, "-x264-params", "keyint=24:open-gop=1:bframes=3:scenecut=0")),
    "long.mkv": (MOVING, 520, (*X264, "-g", "250", "-bf", "3")),
    "refresh.mkv": (MOVING, 200, (*X264, "-x264-params", "keyint=40:intra-refresh=1")),
    "x265.mp4": (MOVING, 120, ("-c:v", "libx265", "-x265-params", "log-level=1:pools=1:keyint=24")),
    "x265.ts": (MOVING, 120, ("-c:v", "libx265", "-x265-params", "log-level=1:pools=1:keyint=24")),
    "mpeg2.ts": (MOVING, 200, ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2")),
    "mpeg2.vob": (MOVING, 200, ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2", "-f", "vob")),
    "mpeg4.avi": (MOVING, 200, ("-c:v", "mpeg4", "-q:v", "3", "-g", "24", "-bf", "2")),
    "packed.avi": (MOVING, 200, ("-c:v", "mpeg4", "-q:v", "3", "-g", "24")),
    "ffv1.mkv": (MOVING, 100, ("-c:v", "ffv1", "-g", "12")),
    "vp9.webm": (MOVING, 120, ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-g", "30")),
    "wmv2.asf": (MOVING, 200, ("-c:v", "wmv2", "-q:v", "3", "-g", "24")),
    "raw.h264": (MOVING, 100, (*X264, "-g", "24")),
    "raw.m2v": (MOVING, 100, ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2")),
    "still.ts": (STILL, 100, (*X264, "-g", "12", "-bf", "3")),
    "still.m2v": (STILL, 100, ("-c:v", "mpeg2video", "-g", "15", "-bf", "2")),
    "variable.mkv": (
        f"{MOVING},settb=1/90000,setpts='N*3600+mod(N*N*37,1700)+if(gt(N,90),400000,0)'",
        200,
        (*X264, "-g", "24", "-bf", "3", "-enc_time_base", "1/90000"),
    ),
    "variable.mp4": (
        f"{MOVING},settb=1/90000,setpts='N*3600+mod(N*N*37,1700)+if(gt(N,90),400000,0)'",
        200,
        (*X264, "-g", "24", "-bf", "3", "-enc_time_base", "1/90000", "-video_track_timescale", "90000"),
    ),
    "fields.ts": (TFF, 100, ("-c:v", "mpeg2video", "-q:v", "3", "-g", "15", "-bf", "2", "-flags", "+ildct")),
    "fields.mkv": (TFF, 100, (*X264, "-g", "24", "-bf", "3", "-flags", "+ildct+ilme")),
}


@pytest.fixture(scope="module")
def made(ffmpeg: FFmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for name, (pattern, count, codec) in CLIPS.items():
        ffmpeg(
            *("-f", "lavfi", "-i", pattern, "-f", "lavfi", "-i", f"sine=d={count / 25}", "-map", "0:v"),
            *(() if name.startswith(("raw", "still.m2v")) else ("-map", "1:a")),
            *("-fps_mode", "passthrough", "-pix_fmt", "yuv420p", *codec, "-frames:v", str(count)),
            *("-threads", "1", folder / name),
        )
    return folder


def hashed(frames: Iterator[SourceFrame]) -> list[tuple[int, int | None, str]]:
    """Time, duration and content of frames, the content by another hash than the code under test uses."""
    return [
        (f.pts, f.duration, hashlib.md5(f.picture.reformat(format="rgb48le").to_ndarray()).hexdigest())
        for f in frames
    ]


def seeds(path: Path, **choices: object) -> tuple[list[tuple[int, int | None, str]], list[int]]:
    """What a read from the start gives, and the checksums."""
    with open_source(path, **choices) as source:
        frames = list(source)
    return hashed(frames), [checksum(frame.picture) for frame in frames]


def assert_tails_agree(path: Path, *, seek: bool = True, every: int = EVERY, **choices: object) -> int:
    """Also check that nothing is told about what lies before; returns the number of frames."""
    whole, checks = seeds(path, **choices)
    with open_source(path, **choices) as source:
        for number in [*range(0, len(whole), every), len(whole) - 1]:
            tail = source.since(number, whole[number][0], checks[number], seek=seek)
            assert hashed(itertools.islice(tail, 60)) == whole[number : number + 60], number
    return len(whole)


@pytest.mark.parametrize("name", CLIPS)
def test_from_any_frame_on_a_file_reads_as_from_its_start(made: Path, name: str) -> None:
    assert assert_tails_agree(made / name, deinterlace="off") == CLIPS[name][1]
