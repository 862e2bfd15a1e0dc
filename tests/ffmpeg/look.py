"""What is in a finished file, read with PyAV."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Look:
    """All that a viewer could notice."""

    times: list[Fraction]
    luma: list[NDArray[np.int64]]
    picture: dict[str, Any]
    """Format, size, pixel shape, tags and side data of the last picture, and the average rate."""
    tracks: list[dict[str, Any]]
    container: dict[str, Any]
    """Title and chapters."""


def look(path: Path) -> Look:
    """Read all of a file."""
    with av.open(path) as container:
        video = container.streams.video[0]
        pictures = list(container.decode(video))
        base = Fraction(video.time_base.numerator, video.time_base.denominator)
        last = pictures[-1]
        picture = {
            "format": last.format.name,
            "size": (last.width, last.height),
            "shape": str(video.sample_aspect_ratio),
            "colour": tuple(
                map(int, (last.color_range, last.colorspace, last.color_primaries, last.color_trc))
            ),
            "side data": sorted(kind.name for kind in last.side_data if "SEI" not in kind.name),
            "interlaced": last.interlaced_frame,
            "rate": str(video.average_rate),
        }
        times = [frame.pts * base for frame in pictures]
        luma = [_luma(frame) for frame in pictures]
        chapters = [(item["start"], item["time_base"], item["metadata"]) for item in container.chapters()]
        whole = {"title": container.metadata.get("title"), "chapters": str(chapters)}
        kinds = [
            (
                stream.type,
                stream.metadata.get("language"),
                stream.metadata.get("title"),
                int(stream.disposition),
            )
            for stream in container.streams
        ]
    return Look(
        times, luma, picture, [{"kind": kind, **_packets(path, n)} for n, kind in enumerate(kinds)], whole
    )


def _luma(frame: av.VideoFrame) -> NDArray[np.int64]:
    """The first plane; of RGB all three colours."""
    deep = frame.format.components[0].bits > 8
    if frame.format.is_rgb:
        return frame.to_ndarray(format="rgb48le" if deep else "rgb24").astype(np.int64)
    sample = np.uint16 if deep else np.uint8
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : frame.width * np.dtype(sample).itemsize].copy().view(sample).astype(np.int64)


def _packets(path: Path, number: int) -> dict[str, Any]:
    """Of a copied stream: first time and a hash of its packets; nothing of the picture."""
    with av.open(path) as container:
        stream = container.streams[number]
        if stream.type not in ("audio", "subtitle"):
            return {}
        packets = [packet for packet in container.demux(stream) if packet.size]
        times = [
            packet.pts * Fraction(packet.time_base.numerator, packet.time_base.denominator)
            for packet in packets
        ]
        return {"times": times, "bytes": hashlib.sha256(b"".join(map(bytes, packets))).hexdigest()}
