"""Restoration of the selected frames' windows; one network after the other reads the film."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from torch import Tensor

from vsrealbasicvsr.compare.preview.footage import Footage
from vsrealbasicvsr.compare.preview.scan import Scan
from vsrealbasicvsr.compare.preview.spans import Piece, pieces
from vsrealbasicvsr.engine import CleanedFrame, Neighbours, Restorer
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.source import SourceFrame


@dataclass(frozen=True, slots=True)
class Work:
    """A piece to restore with one network, and to reconstruct once for each strength.

    Attributes:
        piece: The frames.
        settings: How to restore them; `strength` is not read.
        variants: Indices of the variants that need the piece.
        strengths: The strengths of these variants.
    """

    piece: Piece
    settings: Settings
    variants: tuple[int, ...]
    strengths: tuple[float, ...]

    @property
    def steps(self) -> int:
        """Maximum number of calls of `before_step`: cleaning and motion of each frame, and both passes."""
        window = self.piece.window
        both = window.stop - window.core_start + window.core_stop - window.start
        return 2 * (window.stop - window.start) + both


@dataclass(frozen=True, slots=True)
class Restored:
    """A selected frame, restored by one variant.

    Attributes:
        number: Number of the frame.
        variant: Index of the variant.
        picture: (3, 4H, 4W), float32, 0-1, on the host.
        cleaned: The cleaned frame, with its passes and its residue.
        source: The source frame.
    """

    number: int
    variant: int
    picture: Tensor
    cleaned: CleanedFrame
    source: SourceFrame


def plan_work(numbers: Sequence[int], scan: Scan, variants: Sequence[Settings]) -> list[Work]:
    """Return all work, for one network after the other in the order of the film.

    Variants that differ only in strength share their work. If a variant names several devices, the first is
    used.
    """
    groups: dict[Settings, list[int]] = {}
    for place, settings in enumerate(variants):
        device = settings.device.split(",")[0].strip()
        groups.setdefault(replace(settings, strength=1.0, device=device), []).append(place)
    return [
        Work(piece, settings, tuple(places), tuple(variants[place].strength for place in places))
        for settings, places in groups.items()
        for piece in sorted(
            pieces(numbers, scan.frames, settings, scan.cuts[settings.cuts]),
            key=lambda piece: (piece.window.start, piece.window.stop),
        )
    ]


def restore_work(
    planned: Sequence[Work],
    footage: Callable[[], Footage],
    scan: Scan,
    colour: Colour,
    on_step: Callable[[int, int], None] = lambda _done, _total: None,
) -> Iterator[Restored]:
    """Do the work; the pictures are those of a restoration of the whole film, on the CPU bit for bit.

    Memory holds one network, the frames of the current windows, and one picture.

    Args:
        planned: The work, in the order of `plan_work`.
        footage: Opens the frames of the source; called once for each network.
        scan: The scan of the source.
        colour: The colours of the source.
        on_step: Called during the work with the steps that are done and the total.

    Raises:
        RestorationError: see `Restorer` and `Footage`; one of its subclasses.
    """
    total = sum(work.steps for work in planned)
    done = step = 0

    def count_step() -> None:
        nonlocal step
        step += 1
        on_step(min(step, total), total)

    for settings, same in groupby(planned, lambda work: work.settings):
        neighbours = Neighbours(Restorer(settings=settings))
        with footage() as frames:
            for work in same:
                yield from _restored(work, neighbours, frames, scan, colour, count_step)
                step = done = done + work.steps
                on_step(done, total)
        del neighbours  # frees this network before the next one is loaded


def _restored(
    work: Work,
    neighbours: Neighbours,
    footage: Footage,
    scan: Scan,
    colour: Colour,
    before_step: Callable[[], None],
) -> Iterator[Restored]:
    window = work.piece.window
    frames = footage.between(window.start, window.stop)
    results = neighbours.restore(
        window,
        lambda number: rgb_from_frame(frames[number].picture, colour),
        scan.cuts[work.settings.cuts],
        before_step,
        strengths=work.strengths,
    )
    outputs = (
        (number, place) for number in range(window.core_start, window.core_stop) for place in work.variants
    )
    for (number, variant), (cleaned, picture) in zip(outputs, results, strict=True):
        if number in work.piece.numbers:
            yield Restored(number, variant, picture.cpu(), cleaned, frames[number])
