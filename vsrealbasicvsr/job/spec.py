"""The order of a job: what to make, after all checks; and checks of its rate control."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.note import note
from vsrealbasicvsr.job.segments.rule import SegmentRule, longest_segment
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.join import has_its_name
from vsrealbasicvsr.job.store.record import Record
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.read.source import Source, SourceInfo, open_source
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.plan import CONTAINERS, OutputPlan, plan_output


@dataclass(frozen=True, slots=True)
class Order:
    """The restoration of one file, after all checks.

    Attributes:
        info: The source's properties.
        target: The output as the user named it.
        settings: How to restore; `refine` and `max_passes` are numbers.
        delivery: How to read the source and to write the output.
        plan: The plan of the output.
    """

    info: SourceInfo
    target: Path
    settings: Settings
    delivery: Delivery
    plan: OutputPlan

    def open_source(self) -> Source:
        """Open the source again.

        Raises:
            VideoError: it cannot be read.
        """
        return open_source(self.info.path, deinterlace=self.delivery.deinterlace, rate=self.delivery.rate)

    def folder(self) -> JobFolder:
        """Return the job's folder."""
        return JobFolder(self.target)

    def conversion(self) -> Conversion:
        """Return the conversion of restored pictures to frames of the output."""
        width, height = self.plan.size
        kernel, light = self.delivery.kernel, self.delivery.light
        return Conversion(self.plan.pixel_format, self.plan.colour, width, height, kernel, light)

    def rule(self) -> SegmentRule:
        """Return a new rule of where segments start, for one pass through the source."""
        longest = longest_segment(self.delivery.segment_length, self.info.width, self.info.height)
        return SegmentRule(longest, self.settings.window)


def make_order(info: SourceInfo, target: Path, settings: Settings, delivery: Delivery) -> Order:
    """Create an order; all checks that are possible before the work are made here.

    Raises:
        VideoError: the output is not possible as requested.
        WeightsError: the weights, which may state the refinement, cannot be read.
        JobError: the requested encoding is not possible in segments.
    """
    refuse_passes(delivery.encoding)
    settings = weights.completed(settings)  # so that the note and the job state numbers
    size = delivery.output_size(info.width, info.height)
    plan = plan_output(
        target,
        replace(info, sample_aspect_ratio=_pixel_shape(info, size)),
        size,
        delivery.encoding,
        strict=delivery.strict,
        overwrite=delivery.overwrite or _is_ours(target),
        in_pieces=True,
        note=note(settings, delivery),
    )
    warnings = tuple(filter(None, (*plan.warnings, bit_rate_warning(delivery.encoding))))
    return Order(info, target, settings, delivery, replace(plan, warnings=warnings))


def _pixel_shape(info: SourceInfo, size: tuple[int, int]) -> Fraction:
    """Return the sample aspect ratio that keeps the source's display aspect ratio at another size."""
    width, height = size
    return info.sample_aspect_ratio * Fraction(info.width * height, info.height * width)


def _is_ours(target: Path) -> bool:
    """Return whether the existing output is from this job.

    That is so if the job was stopped after the output got its name, before the job's folder was removed.
    """
    record = Record(JobFolder(target))
    is_file = target.suffix.lower() in CONTAINERS
    return has_its_name(target, record) if is_file else record.joined is not None


_LISTS = ("x264-params", "x264opts", "x265-params", "svtav1-params")
"""Options that hold a list of an encoder's own options, as `key=value:key=value`."""
_PASSES = ("pass", "passes", "passlogfile", "stats")
_BIT_RATES = ("b", "bitrate", "tbr")
_BY_BIT_RATE = ("vbr", "cbr", "1", "2")
"""Values of `rc` that aim at a bit rate; the numbers are those of SVT-AV1 and NVENC."""


def refuse_passes(encoding: Encoding) -> None:
    """Refuse two-pass encoding: the second pass would need the first pass over the whole film.

    Raises:
        JobError: an option requests two passes.
    """
    for key, value in _options(encoding):
        if key in _PASSES or (key == "flags" and ("pass1" in value or "pass2" in value)):
            raise JobError(
                f"{key}={value} means two passes, but the segments of a job are encoded once, each by "
                "itself: leave it out, and set the quality with --crf."
            )


def bit_rate_warning(encoding: Encoding) -> str:
    """Return a sentence on what a bit rate means for a job; empty if no option requests a bit rate."""
    options = list(_options(encoding))
    at_quality = any(key == "cq" for key, _ in options)
    for key, value in options:
        if (key in _BIT_RATES and value != "0") or (key == "rc" and value in _BY_BIT_RATE and not at_quality):
            return (
                f"{key}={value}: every segment aims at the bit rate by itself, so that easy scenes get as "
                "many bits as hard ones; --crf keeps the quality even."
            )
    return ""


def _options(encoding: Encoding) -> Iterator[tuple[str, str]]:
    """Yield the user's options, and the options in lists of the encoder's own."""
    for key, value in encoding.options:
        if key not in _LISTS:
            yield key, value
            continue
        for item in value.split(":"):
            name, _, content = item.partition("=")
            yield name, content
