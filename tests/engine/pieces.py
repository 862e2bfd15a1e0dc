"""A clip cut into pieces at every place where a stream may begin, and what each piece must be fed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor

from vsrealbasicvsr.engine import Lanes, Restorer

LENGTH = 41
CUTS = (9, 20, 21, 23, 34)
"""For windows of 5 and 10: off the grid and on it, near each other, within a margin of a grid line."""
CHOICES = [(5, 2), (5, 7), (10, 3), (4, 0), (3, 20), (50, 8), (0, 0), (0, 8)]
"""Windows and margins."""


@dataclass(frozen=True)
class Piece:
    """Frames start to stop of the clip, and the frames from `fed_start` to `fed_stop` that they depend on."""

    start: int
    stop: int
    fed_start: int
    fed_stop: int


def pieces(window: int, margin: int, cuts: Collection[int] = CUTS, length: int = LENGTH) -> Iterator[Piece]:
    """Pieces between neighbouring places, and between every second."""
    edges = sorted({0, length, *cuts, *(range(0, length, window) if window else ())})
    for apart in (1, 2):
        for start, stop in zip(edges, edges[apart:], strict=False):
            last_cut = max((cut for cut in cuts if cut <= start), default=0)
            next_cut = min((cut for cut in cuts if cut >= stop), default=length)
            yield Piece(start, stop, max(start - margin, last_cut), min(stop + margin, next_cut))


def streamed_piece(restorer: Restorer | Lanes, clip: Tensor, piece: Piece) -> Tensor:
    """Its pictures and no more."""
    fed = clip[piece.fed_start : piece.fed_stop]
    pictures = restorer.stream(iter(fed), CUTS, first=piece.fed_start, core_start=piece.start)
    wanted = list(islice(pictures, piece.stop - piece.start))
    pictures.close()  # type: ignore[attr-defined]
    return torch.stack(wanted)
