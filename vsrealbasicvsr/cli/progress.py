"""Progress on stderr: a bar for people, JSON lines for programs. stdout stays empty."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Never

from tqdm import tqdm

from vsrealbasicvsr.terminal import Stderr, say

if TYPE_CHECKING:
    from vsrealbasicvsr.job import Progress


_COUNT = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} frames [{elapsed}"
_UNTIMED = f"{_COUNT}{{postfix}}]"
_TIMED = f"{_COUNT}<{{remaining}}, {{rate_noinv_fmt}}{{postfix}}]"


@contextmanager
def show_progress(
    how: Literal["bar", "json", "none"], first: int
) -> Iterator[Callable[[Progress], None] | None]:
    """Yield the function to call when work begins and after every frame; None for `none`.

    Args:
        how: `bar`, `json` (one object a line: frames, total, resumed, seconds, rate, eta, mean_passes,
            workers; total and eta are null if the length is unknown; rate counts this run), or `none`.
        first: Number of frames after which the bar shows a rate and the remaining time.
    """
    if how == "none":
        yield None
        return
    bar = _Bar(first)
    try:
        yield _write_json if how == "json" else bar
    finally:
        bar.close()


class _Bar:
    """A progress bar that appears when work begins, so that an earlier error is shown without a bar.

    Args:
        first: Frames of a window. They arrive together after a long wait, which does not measure the rate.
    """

    def __init__(self, first: int) -> None:
        self._bar: tqdm[Never] | None = None
        self._first = first

    def __call__(self, progress: Progress) -> None:
        if self._bar is None:
            self._bar = tqdm(
                total=progress.total,
                initial=progress.resumed,
                unit=" frames",
                file=Stderr(),
                dynamic_ncols=True,
                smoothing=0.05,
                bar_format=_UNTIMED,
            )
        if progress.frames > progress.resumed + self._first:
            self._bar.bar_format = _TIMED
        postfix = " | ".join((f"{progress.mean_passes:.2f} passes", *progress.workers))
        self._bar.set_postfix_str(postfix, refresh=False)
        self._bar.update(progress.frames - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _write_json(progress: Progress) -> None:
    new_frames = progress.frames - progress.resumed
    rate = new_frames / progress.seconds if progress.seconds else 0.0
    left = None if progress.total is None else max(progress.total - progress.frames, 0)
    line = {
        "frames": progress.frames,
        "total": progress.total,
        "resumed": progress.resumed,
        "seconds": round(progress.seconds, 3),
        "rate": round(rate, 4),
        "eta": None if left is None or not rate else round(left / rate, 1),
        "mean_passes": round(progress.mean_passes, 3),
        "workers": list(progress.workers),
    }
    say(json.dumps(line))
