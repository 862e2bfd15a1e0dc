"""Give the frames of an encoded video the times that `vspipe --timecodes` wrote; nothing is encoded again.

The arguments: the video, the file of times, the video to be written.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av

UNIT = Fraction(1, 1_000_000)


def main() -> None:
    video, timecodes, result = sys.argv[1:]
    lines = Path(timecodes).read_text(encoding="ascii").splitlines()
    times = [round(Fraction(line) / 1000 / UNIT) for line in lines if not line.startswith("#")]
    with av.open(video) as source:
        stamps = [packet.pts for packet in source.demux(video=0) if packet.pts is not None]
    if len(stamps) != len(times):
        sys.exit(f"{video} has {len(stamps)} frames, but {timecodes} has {len(times)} times.")
    numbers = {stamp: number for number, stamp in enumerate(sorted(stamps))}
    durations = [later - time for time, later in pairwise(times)]
    durations += durations[-1:] or [40_000]  # the file does not tell how long the last frame lasts
    # Frames are stored in the order of decoding: so many at most stand before one that is shown earlier.
    delay = max(position - numbers[stamp] for position, stamp in enumerate(stamps))
    decoding = [times[0] - ahead for ahead in range(delay, 0, -1)] + times

    with av.open(video) as source, av.open(result, "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = (packet for packet in source.demux(video=0) if packet.pts is not None)
        for packet, stamp, dts in zip(packets, stamps, decoding, strict=False):
            number = numbers[stamp]
            packet.stream, packet.time_base = stream, UNIT
            packet.pts, packet.dts, packet.duration = times[number], dts, durations[number]
            target.mux(packet)


if __name__ == "__main__":
    main()
