"""Search for a point in a file where decoding can begin, so that a later frame is decoded correctly."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

# Demuxers whose times come from the file and do not depend on what was read before. AVI's demuxer counts
# frames, and counts wrongly after a seek in a damaged file; ASF's frames only get durations after a seek.
_STATES_TIMES = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "flv", "nut")
_SECONDS_BACK = (2, 12, 60, 300)  # how far back the search for key frames goes, in turn


@dataclass(frozen=True, slots=True)
class Entry:
    """A point where decoding can begin.

    Attributes:
        key: `packet_time` of the key frame to begin with.
        seek: Time to seek to, shortly before that frame; None reads all packets from the start.
    """

    key: int
    seek: int | None


def packet_time(packet: Packet[Stream] | Packet[VideoStream]) -> int | None:
    """Return a packet's time stamp, or its decoding time if there is none, as in AVI."""
    return packet.pts if packet.pts is not None else packet.dts


def find_entry(container: InputContainer, stream: VideoStream, pts: int, keys: int) -> Entry | None:
    """Find the `keys`-th last of the key frames that are not after `pts`.

    Nothing is decoded. In formats with exact seeking, the search goes up to five minutes back. In other
    formats, packets are read from the start.

    Args:
        container: A newly opened container; its read position changes.
        stream: The video stream.
        pts: Time stamp of the frame to be reached, in the stream's time base.
        keys: 1 for the last key frame, 2 for the one before it, and so on.

    Returns:
        The entry; None if there is no such key frame, for example without any time stamps.
    """
    start = stream.start_time
    if start is None:
        return None
    try:
        if container.format.name not in _STATES_TIMES:
            key = _key_before(container, stream, pts, keys)
            return None if key is None else Entry(key, None)
        second = stream.time_base.denominator / stream.time_base.numerator
        for seconds in _SECONDS_BACK:
            begin = max(start, pts - round(seconds * second))
            container.seek(begin, stream=stream)
            key = _key_before(container, stream, pts, keys)
            if key is not None:
                return Entry(key, begin)
            if begin == start:
                break
    except av.FFmpegError:
        pass  # a damaged file; there is no entry, so it is read from the start
    return None


def _key_before(container: InputContainer, stream: VideoStream, pts: int, keys: int) -> int | None:
    times = deque[int](maxlen=keys)
    for packet in container.demux(stream):
        time = packet_time(packet)
        if packet.is_keyframe and time is not None and time <= pts:
            times.append(time)
        if packet.dts is not None and packet.dts > pts:
            break
    return times[0] if len(times) == keys else None
