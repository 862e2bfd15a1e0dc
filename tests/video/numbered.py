"""Pictures that tell their number through any encoder, and the clocks by which they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.video.outputs import Info
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.sink import open_sink, plan_output

SIZE = (96, 64)


CUTS = (0, 9, 10, 17, 30)  # the second piece is a single picture


@dataclass(frozen=True)
class Clock:
    """When pictures are shown: time base, rate, time stamps and durations."""

    base: Fraction
    rate: Fraction
    stamps: tuple[int, ...]
    durations: tuple[int | None, ...]
    start: Fraction = Fraction(0)


def cfr(start=0):
    base = Fraction(1001, 24000)
    stamps = tuple(range(start, start + CUTS[-1]))
    return Clock(base, 1 / base, stamps, (1,) * len(stamps), start * base)


def vfr(start=0):
    """As telephones do it: about 30 pictures a second, each a little early or late, some left out."""
    chance = np.random.default_rng(5)
    steps = [3000 + int(chance.integers(-900, 900)) + (9000 if n % 11 == 7 else 0) for n in range(CUTS[-1])]
    stamps = tuple(start + sum(steps[:n]) for n in range(CUTS[-1]))
    return Clock(Fraction(1, 90000), Fraction(30), stamps, tuple(steps), Fraction(start, 90000))


def picture(plan, number):
    """A square that wanders over a gradient; `read_number` tells which one it is, through any encoder."""
    width, height = plan.size
    ramp = np.linspace(40, 120, width, dtype=np.uint8)[None, :, None]
    rgb = np.broadcast_to(ramp, (height, width, 3)).copy()
    for bit in range(6):
        rgb[:16, bit * 16 : bit * 16 + 16] = 235 if number >> bit & 1 else 16
    rgb[24 + number % 24 : 36 + number % 24, 2 * number : 2 * number + 12] = 200
    return av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=plan.pixel_format)


def read_number(frame):
    grey = frame.to_ndarray(format="gray")
    return sum(bool(grey[8, bit * 16 + 8] > 120) << bit for bit in range(6))


def make_plan(target, clock, encoder="x264", source=None, info=None, **choices):
    info = info or Info(
        path=source or Path("nothing"), time_base=clock.base, rate=clock.rate, start=clock.start
    )
    options = {"x264": (("preset", "veryfast"),), "x265": (("preset", "fast"),)}.get(encoder, ())
    return plan_output(target, info, SIZE, Encoding(encoder, options=options), **choices)


def write(plan, clock, numbers):
    sink = open_sink(plan)
    for number in numbers:
        sink.write(picture(plan, number), clock.stamps[number], clock.durations[number])
    return sink.finish()
