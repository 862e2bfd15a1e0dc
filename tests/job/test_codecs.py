"""Joined outputs of every encoder in every container that holds it: they play, seek and keep time."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding

FRAMES = 24
HELD = {
    "x264": ("mkv", "mp4", "mov"),
    "x265": ("mkv", "mp4", "mov"),
    "svtav1": ("mkv", "mp4"),
    "ffv1": ("mkv",),
    "prores": ("mkv", "mov"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., None]) -> Path:
    """Three shots of eight frames at a variable rate in 1/90000 s, with sound that every container holds."""
    path = tmp_path_factory.mktemp("codecs") / "in.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=0.96", "-f", "lavfi", "-i", "sine=d=1.2:r=48000"),
        *("-vf", "hue=h='trunc(n/8)*67':b='mod(trunc(n/8),2)*4-2',"
                 "settb=1/90000,setpts='N*3600+mod(N*N*370,1100)'"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000"),
        *("-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", path),
    )  # fmt: skip
    return path


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [p.pts * Fraction(p.time_base) for p in container.decode(video=0) if p.pts is not None]


def sound(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(audio=0) if p.size and p.pts is not None]
        return [(p.pts * Fraction(p.time_base), bytes(p)) for p in packets]


def complaints(*words: str | Path) -> str:
    """What the real ffmpeg says of a file at the level of warnings."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-v", "warning", *map(str, words)]
    # Else the null muxer counts in frames, and complains of its own rounding.
    output = ("-fps_mode", "passthrough", "-enc_time_base:v", "1/90000", "-f", "null", "-")
    done = subprocess.run([*command, *output], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("encoder", "kind"), [(name, kind) for name, kinds in HELD.items() for kind in kinds]
)
def test_a_joined_output_plays_seeks_and_keeps_time(
    source: Path, tiny_model: Path, tmp_path: Path, encoder: str, kind: str
) -> None:
    out = tmp_path / f"out.{kind}"
    settings = Settings(model=str(tiny_model), device="cpu", window=4, margin=2, max_passes=1)
    report = restore_file(
        source, out, settings, delivery=Delivery(encoding=Encoding(encoder=encoder), segment_length=4)
    )
    assert (report.frames, report.cuts) == (FRAMES, (8, 16))
    assert complaints("-i", out) == ""
    for seconds in ("0.1", "0.4", "0.65", "0.9"):
        assert complaints("-ss", seconds, "-i", out) == ""

    tick = Fraction(1, 1000) if kind == "mkv" else Fraction(0)
    before, after = times(source), times(out)
    assert len(after) == FRAMES
    assert len({b - a for a, b in pairwise(before)}) > 5
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= tick
    heard, expected = sound(out), sound(source)
    assert [data for _, data in heard] == [data for _, data in expected]
    assert max(abs(a[0] - b[0]) for a, b in zip(heard, expected, strict=True)) <= tick


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_a_seek_shows_the_picture_of_that_time(
    source: Path, tiny_model: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / f"out.{kind}"
    settings = Settings(model=str(tiny_model), device="cpu", window=4, margin=2, max_passes=1)
    restore_file(source, out, settings, delivery=Delivery(segment_length=4))
    with av.open(str(out)) as container:
        stream = container.streams.video[0]
        shown = {p.pts: p.to_ndarray().tobytes() for p in container.decode(stream)}
        for pts in list(shown)[::-3]:
            assert pts is not None
            container.seek(pts, stream=stream)
            found = next(p for p in container.decode(stream) if p.pts == pts)
            assert found.to_ndarray().tobytes() == shown[pts]
