"""Where in a file to begin decoding, so that a later picture comes out as in a read from the start."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

# Demuxers whose times come from the file whatever was read before. AVI's count pictures, and count wrongly
# after a seek in a damaged file; ASF's pictures get durations after a seek that they lack otherwise.
_STATES_TIMES = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "flv", "nut")
_SECONDS_BACK = (2, 12, 60, 300)  # how far the search for key pictures reaches


@dataclass(frozen=True, slots=True)
class Entry:
    """Where decoding can begin.

    Attributes:
        key: `packet_time` of the key picture to begin with.
        seek: Time to seek to, from where that picture comes soon; None reads all packets from the start.
    """

    key: int
    seek: int | None


def packet_time(packet: Packet[Stream] | Packet[VideoStream]) -> int | None:
    """A packet's time stamp; AVI states only when it is decoded."""
    return packet.pts if packet.pts is not None else packet.dts


def find_entry(container: InputContainer, stream: VideoStream, pts: int, keys: int) -> Entry | None:
    """Find the key picture that is the last but `keys - 1` of those not after `pts`.

    Nothing is decoded. Seeks where that is exact, up to five minutes back; elsewhere reads packets from the
    start.

    Args:
        container: Freshly opened; its place is lost.
        stream: The pictures.
        pts: Time of the wanted picture, in the stream's time base.
        keys: At least 1.

    Returns:
        None where there is no such picture, as in streams without any time stamps.
    """
    start = stream.start_time
    if start is None:
        return None
    try:
        if container.format.name not in _STATES_TIMES:
            found = _key_before(container, stream, pts, keys)
            return None if found is None else Entry(found, None)
        second = stream.time_base.denominator / stream.time_base.numerator
        for seconds in _SECONDS_BACK:
            begin = max(start, pts - round(seconds * second))
            container.seek(begin, stream=stream)
            found = _key_before(container, stream, pts, keys)
            if found is not None:
                return Entry(found, begin)
            if begin == start:
                break
    except av.FFmpegError:
        pass  # then the file is read as far as it goes
    return None


def _key_before(container: InputContainer, stream: VideoStream, pts: int, keys: int) -> int | None:
    found = deque[int](maxlen=keys)
    for packet in container.demux(stream):
        time = packet_time(packet)
        if packet.is_keyframe and time is not None and time <= pts:
            found.append(time)
        if packet.dts is not None and packet.dts > pts:
            break
    return found[0] if len(found) == keys else None
