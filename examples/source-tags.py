"""Tell a shell script what a y4m pipe loses of its source, which is given as the only argument.

Printed for `eval`: filters, for `ffmpeg -vf`, which are colour tags, as H.273 numbers them, and the picture's
shape; location, of chroma, for `ffmpeg -chroma_sample_location`; start, for `ffmpeg -itsoffset`, which is how
many seconds after the file's start the first frame comes.
"""

from __future__ import annotations

import sys

import av

from vsrealbasicvsr.video.colour.tags import describe_colour


def main() -> None:
    try:
        with av.open(sys.argv[1]) as container:
            frame = next(container.decode(video=0))
            shape = container.streams.video[0].display_aspect_ratio
            start = (frame.time or 0) - (container.start_time or 0) / av.time_base
    except av.FFmpegError as error:
        sys.exit(f"cannot read {sys.argv[1]}: {error.strerror}.")
    colour, assumptions = describe_colour(frame)
    for sentence in assumptions:
        print(sentence, file=sys.stderr)
    tags = {
        "colorspace": colour.matrix,
        "color_primaries": colour.primaries,
        "color_trc": colour.transfer,
        "range": 1 + colour.full_range,
    }
    filters = [f"setparams={':'.join(f'{name}={number}' for name, number in tags.items())}"]
    if shape:
        filters.append(f"setdar={shape.numerator}/{shape.denominator}")
    print(f"filters={','.join(filters)} location={colour.chroma_location} start={start:.6f}")


if __name__ == "__main__":
    main()
