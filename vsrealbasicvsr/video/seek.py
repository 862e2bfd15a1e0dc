"""Where in a file to begin decoding, so that a later picture comes out as in a read from the start."""

from __future__ import annotations

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

# Demuxers that read time stamps from the file. Others count, and after a seek they count from a guess.
# ASF is not among them: after a seek pictures have durations that they lack in a read from the start.
_STATES_TIMES = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "mpeg", "avi", "flv", "nut")
_SECONDS_BACK = (2, 12, 60)  # how far the search for key pictures reaches


def packet_time(packet: Packet[Stream] | Packet[VideoStream]) -> int | None:
    """A packet's time stamp; AVI states only when it is decoded."""
    return packet.pts if packet.pts is not None else packet.dts


def seek_before(container: InputContainer, stream: VideoStream, pts: int, keys: int) -> int | None:
    """Seek to before the key picture that is the last but `keys - 1` of those not after `pts`.

    Nothing is decoded. Packets before that key picture may still come first: many containers are entered
    anywhere.

    Returns:
        That key picture's `packet_time`, or None where there is no such picture within a minute before `pts`,
        or seeking is not exact: then the place in the file is unknown.
    """
    start = stream.start_time
    if container.format.name not in _STATES_TIMES or start is None:
        return None
    second = stream.time_base.denominator / stream.time_base.numerator
    for seconds in _SECONDS_BACK:
        begin = max(start, pts - round(seconds * second))
        try:
            container.seek(begin, stream=stream)
            found = _keys(container, stream, pts)
            if len(found) >= keys:
                container.seek(begin, stream=stream)
                return found[-keys]
        except av.FFmpegError:
            return None
        if begin == start:
            return None
    return None


def _keys(container: InputContainer, stream: VideoStream, pts: int) -> list[int]:
    """Times of the key pictures from here on that are not after `pts`."""
    found = []
    for packet in container.demux(stream):
        time = packet_time(packet)
        if packet.is_keyframe and time is not None and time <= pts:
            found.append(time)
        if packet.dts is not None and packet.dts > pts:
            break
    return found
