"""The bridge with a nearest-neighbour x4 in the model's place: `python -m tests.ffmpeg.stand_in ...`.

Arguments are those of `vsrealbasicvsr ffmpeg`; STAND_IN_SLEEP is the number of seconds a picture takes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, cast

from torch import Tensor

from vsrealbasicvsr.cli.main import main
from vsrealbasicvsr.engine import CleanedFrame, Restorer
from vsrealbasicvsr.ffmpeg import bridge
from vsrealbasicvsr.settings import Settings


class Nearest:
    """Repeats each pixel four times in both directions."""

    def __init__(self) -> None:
        self._seconds = float(os.environ.get("STAND_IN_SLEEP", "0"))

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: Callable[..., None] | None = None,
        first: int = 0,
        core_start: int | None = None,
    ) -> Iterator[Tensor]:
        """Each frame as soon as it comes."""
        for n, frame in enumerate(frames, first):
            time.sleep(self._seconds)
            if on_cleaned:
                on_cleaned(n, CleanedFrame(frame[None], 0, 0.0))
            if n < (core_start or 0):
                continue
            yield frame.repeat_interleave(4, 1).repeat_interleave(4, 2)


def open_nearest(_: Settings) -> Restorer:
    """The stand-in, as the bridge asks for it."""
    return cast(Restorer, Nearest())


if __name__ == "__main__":
    run_command = bridge.run_command

    def run_with_nearest(arguments: Any, **options: Any) -> int:
        """What the command calls."""
        return run_command(arguments, **options, open_restorer=open_nearest)

    bridge.run_command = run_with_nearest
    main(["ffmpeg", *sys.argv[1:]], prog_name="vsrealbasicvsr")
