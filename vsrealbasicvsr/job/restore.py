"""One file's restoration: decode, network and encode overlap through bounded queues (DESIGN 4.5)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vsrealbasicvsr.cuts import read_cuts, write_cuts
from vsrealbasicvsr.engine import Lanes, Restorer, open_restorer
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.passage import Passage, Restored
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.cuts import find_cuts
from vsrealbasicvsr.video.pixels import frame_from_rgb
from vsrealbasicvsr.video.resample import resize_picture
from vsrealbasicvsr.video.sink import OutputPlan, Sink, open_sink, plan_output
from vsrealbasicvsr.video.source import Source, SourceFrame, SourceInfo, open_source

log = logging.getLogger("vsrealbasicvsr")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restoration is."""

    frames: int
    """Frames handed to the encoder."""
    total: int | None
    """Frames expected, None where the source does not say."""
    seconds: float
    """Since the first frame was asked for."""
    mean_passes: float
    """Cleaning passes per frame so far."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a finished restoration did."""

    target: Path
    frames: int
    lost: int
    """Source frames that could not be decoded."""
    cuts: tuple[int, ...]
    seconds: float
    mean_passes: float


OnProgress = Callable[[Progress], None]


def restore_file(
    source: str | Path,
    target: str | Path,
    settings: Settings | None = None,
    *,
    delivery: Delivery | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Restore a video file or an image sequence to another.

    Everything that can be known is checked before the first frame is restored. The output gets its
    name only when it is whole.

    Args:
        source: any file PyAV reads, a folder of images, or a pattern such as `frames/%06d.png`.
        target: a .mkv, .mp4 or .mov file, or a folder or pattern for PNG frames.
        settings: how to restore.
        delivery: how to read the source and to write the output.
        on_progress: called when work begins, and after every frame from the encoding thread.

    Returns:
        What was done, with the number of source frames that were lost.

    Raises:
        RestorationError: one of its kinds, in one sentence, for whatever is wrong.
        KeyboardInterrupt: passed on; what was done so far stays in a file named `.partial`.
    """
    settings, delivery = settings or Settings(), delivery or Delivery()
    given = _given_cuts(settings.cuts)
    _check_cuts_out(delivery.cuts_out)
    with open_source(Path(source), deinterlace=delivery.deinterlace, rate=delivery.rate) as reader:
        size = delivery.output_size(reader.info.width, reader.info.height)
        plan = plan_output(
            target,
            replace(reader.info, sample_aspect_ratio=_pixel_shape(reader.info, size)),
            size,
            delivery.encoding,
            strict=delivery.strict,
            overwrite=delivery.overwrite,
        )
        restorer = open_restorer(settings)
        assumed = "; ".join(reader.info.assumptions)
        for warning in filter(None, (assumed, *plan.warnings)):
            log.warning("%s", warning)
        run = _Run(reader, restorer, plan, delivery, on_progress)
        report = run.through(open_sink(plan), given)
    if delivery.cuts_out:
        write_cuts(delivery.cuts_out, report.cuts)
    return report


def _given_cuts(cuts: str) -> frozenset[int] | None:
    """The cuts a user gave; None where they are to be found."""
    if cuts == "auto":
        return None
    return frozenset() if cuts == "none" else read_cuts(Path(cuts))


def _check_cuts_out(path: Path | None) -> None:
    """Find out now, not after hours, that the cuts cannot be written."""
    if path is not None and not os.access(path.parent, os.W_OK):
        raise JobError(f"the cuts cannot be written to {path}: there is no folder {path.parent} to write to.")


def _pixel_shape(info: SourceInfo, size: tuple[int, int]) -> Fraction:
    """The sample aspect ratio that keeps the source's display shape at another size."""
    width, height = size
    return info.sample_aspect_ratio * Fraction(info.width * height, info.height * width)


class _Run:
    """The state of one pass through a source: what is on its way and what was counted."""

    def __init__(
        self,
        reader: Source,
        restorer: Restorer | Lanes,
        plan: OutputPlan,
        delivery: Delivery,
        on_progress: OnProgress | None,
    ) -> None:
        self._reader, self._plan, self._delivery = reader, plan, delivery
        self._on_progress = on_progress
        colour = reader.info.colour
        self._passage = Passage(restorer, lambda _: colour, self._encode)
        self._started = time.monotonic()
        self._written = 0

    def through(self, sink: Sink, given: Container[int] | None) -> Report:
        """Restore all of the source into the sink, which is finished or aborted."""
        self._sink = sink
        self._tell()
        try:
            self._passage.run(self._judged(given))
            for warning in sink.finish():
                log.warning("%s", warning)
        except KeyboardInterrupt:
            kept = sink.abort(keep=self._written > 0)
            log.warning("stopped after %d frames%s", self._written, f"; they are in {kept}" if kept else "")
            raise
        except BaseException:
            sink.abort()
            raise
        progress = self._progress()
        return Report(
            self._plan.target,
            self._written,
            self._reader.lost,
            tuple(sorted(self._passage.cuts)),
            progress.seconds,
            progress.mean_passes,
        )

    def _judged(self, given: Container[int] | None) -> Iterator[tuple[SourceFrame, bool]]:
        """Source frames and whether each starts a shot; runs in the decoding thread."""
        frames = (
            find_cuts(self._reader)
            if given is None
            else ((frame, n in given) for n, frame in enumerate(self._reader))
        )
        told = 0
        for frame in frames:
            told = self._warn(told)
            yield frame
        self._warn(told)
        if self._reader.damaged:
            log.warning(
                "%d frames are damaged in the source, and were restored as they are.", self._reader.damaged
            )

    def _warn(self, told: int) -> int:
        """Pass on the source's warnings after the first `told`; returns how many there are."""
        warnings = self._reader.warnings
        for warning in warnings[told:]:
            log.warning("%s", warning)
        return len(warnings)

    def _encode(self, restored: Restored) -> None:
        """Resize, convert and write; runs in the encoding thread."""
        width, height = self._plan.size
        resized = resize_picture(
            restored.picture,
            (height, width),
            kernel=self._delivery.kernel,
            light=self._delivery.light,
            transfer=self._plan.colour.transfer,
        )
        frame = frame_from_rgb(resized, self._plan.pixel_format, self._plan.colour)
        self._sink.write(frame, restored.pts, restored.duration)
        self._written += 1
        self._tell()

    def _tell(self) -> None:
        if self._on_progress:
            self._on_progress(self._progress())

    def _progress(self) -> Progress:
        seconds = time.monotonic() - self._started
        return Progress(
            self._written,
            self._reader.info.frames,
            seconds,
            self._passage.passes / max(self._passage.cleaned, 1),
        )
