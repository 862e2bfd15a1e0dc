"""What the tests of the outputs share: a source's description, flat pictures, and reading back."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from vsrealbasicvsr.video.colour.tags import Colour


def tags(matrix=1, full_range=False, primaries=1, transfer=1, chroma_location=1):
    """BT.709 unless told otherwise."""
    return Colour(matrix, full_range, primaries, transfer, chroma_location)


@dataclass(frozen=True, slots=True)
class Info:
    path: Path = Path("nothing")
    stream: int = 0
    width: int = 16
    height: int = 16
    pixel_format: str = "yuv420p"
    colour: Colour = field(default_factory=tags)
    sample_aspect_ratio: Fraction = Fraction(1)
    time_base: Fraction = Fraction(1, 1000)
    rate: Fraction = Fraction(25)
    rotation: int = 0
    frames: int | None = 5
    duration: Fraction | None = Fraction(1, 5)
    start: Fraction = Fraction(0)
    interlaced: bool = False


def picture(plan, value=128):
    """A grey picture of the plan's size, with a gradient so that encoders have something to do."""
    width, height = plan.size
    ramp = np.linspace(0, 60, width, dtype=np.uint8)[None, :, None] + np.uint8(value)
    rgb = np.broadcast_to(ramp, (height, width, 3)).copy()
    made = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=plan.pixel_format)
    colour = plan.colour
    made.colorspace, made.color_range = colour.matrix, 2 if colour.full_range else 1
    made.color_primaries, made.color_trc = colour.primaries, colour.transfer
    made.chroma_location = colour.chroma_location
    return made


def write(sink, plan, stamps, durations=None):
    """Write a picture for each time stamp and finish."""
    for n, pts in enumerate(stamps):
        sink.write(picture(plan, 40 + 10 * (n % 12)), pts, durations[n] if durations else None)
    return sink.finish()


def times(path):
    """When each picture is shown, in seconds, and how long."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [
            (frame.pts * stream.time_base, frame.duration * stream.time_base)
            for frame in container.decode(stream)
        ]


def real_ffmpeg(*arguments):
    """Run ffmpeg and return what it prints on both channels."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostdin", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def decodes_cleanly(path):
    """Whether ffmpeg reads a file to its end without a word."""
    exact = ("-fps_mode", "passthrough", "-enc_time_base", "demux")
    return (
        real_ffmpeg("-v", "error", "-i", path, "-map", "0:v", "-map", "0:a?", *exact, "-f", "null", "-") == ""
    )


def packet_hashes(path, selection):
    """MD5 of each packet of a stream, as the real ffmpeg sees them, without their times."""
    lines = real_ffmpeg(
        "-v", "error", "-i", path, "-map", selection, "-c", "copy", "-f", "framemd5", "-"
    ).splitlines()
    return [line.split(",")[5].strip() for line in lines if not line.startswith("#")]
