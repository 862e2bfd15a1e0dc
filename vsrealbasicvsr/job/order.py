"""What a job is to make: all that every process that works on it must know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.folder import JobFolder
from vsrealbasicvsr.job.segments import SegmentRule, longest_segment
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.output import OutputPlan
from vsrealbasicvsr.video.source import Source, SourceInfo, open_source


@dataclass(frozen=True, slots=True)
class Order:
    """One file's restoration, checked.

    Attributes:
        info: Of the source.
        target: The output as the user named it.
        settings: How to restore.
        delivery: How to read and to write.
        plan: Of the output.
    """

    info: SourceInfo
    target: Path
    settings: Settings
    delivery: Delivery
    plan: OutputPlan

    def open_source(self) -> Source:
        """The source, opened once more.

        Raises:
            VideoError: it cannot be read.
        """
        return open_source(self.info.path, deinterlace=self.delivery.deinterlace, rate=self.delivery.rate)

    def folder(self) -> JobFolder:
        """Where the job is kept."""
        return JobFolder(self.target)

    def rule(self) -> SegmentRule:
        """Where its segments start; for one way through the source."""
        longest = longest_segment(self.delivery.segment_length, self.info.width, self.info.height)
        return SegmentRule(longest, self.settings.window)
