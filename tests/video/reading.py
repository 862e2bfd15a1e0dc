"""What the tests of the sources share: independent readings of a file, and pictures as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import av
from av.video.frame import VideoFrame

FFmpeg = Callable[..., None]
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


def packet_times(path: Path) -> list[int]:
    """Time stamps of the packets that are to be shown, in order: from the demuxer alone."""
    with av.open(str(path)) as container:
        packets = list(container.demux(container.streams.video[0]))
    return sorted(p.pts for p in packets if p.size and not p.is_discard and p.pts is not None)


def hashes_by_ffmpeg(ffmpeg: FFmpeg, path: Path) -> list[str]:
    """MD5 of every picture, by the ffmpeg program."""
    listing = path.with_name(path.name + ".md5")
    ffmpeg("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", listing)
    lines = listing.read_text(encoding="utf-8").splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if not line.startswith("#")]


def md5(picture: VideoFrame) -> str:
    """As framemd5 has it: the planes' rows without their padding (8 bits a component, planar)."""
    digest = hashlib.md5()
    for plane in picture.planes:
        data, row = bytes(plane), plane.line_size
        for y in range(plane.height):
            digest.update(data[y * row : y * row + plane.width])
    return digest.hexdigest()


def damage(path: Path, *places: int) -> None:
    """Flip a bit of each of these bytes."""
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 0x10
    path.write_bytes(data)


def shorten(path: Path, share: float) -> None:
    """Keep the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
