"""Restoration of stretches of frames, and encoding to the files of their segments."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from vsrealbasicvsr.engine import Lanes, Restorer
from vsrealbasicvsr.job.segments.walk import Stretch
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.job.workers.writer import SegmentWriter
from vsrealbasicvsr.pipeline import Passage


class Maker:
    """Makes segments with one restorer; the result depends only on the order and the frames.

    Args:
        order: The order of the job.
        restorer: Restores the frames.
        on_frame: Called after each encoded frame with its number of cleaning passes.
    """

    def __init__(
        self, order: Order, restorer: Restorer | Lanes, on_frame: Callable[[int], None] = lambda _: None
    ) -> None:
        self._order, self._restorer, self._on_frame = order, restorer, on_frame
        self._folder = order.folder()
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self.start: int | None = None
        """Number of the first frame of the current or last segment."""

    def make(self, stretch: Stretch, on_done: Callable[[Done], None]) -> None:
        """Restore a stretch; `on_done` gets each segment when it is complete and on the disk.

        Raises:
            RestorationError: one of its kinds; the unfinished segment is removed.
        """
        self.start = stretch.start
        frugal = self._is_frugal()
        writer = SegmentWriter(
            self._order,
            self._folder,
            stretch.starts,
            on_done,
            self._on_frame,
            self._name,
            beside=not frugal,
        )
        colour = self._order.info.colour
        conversion = self._order.conversion()
        passage = Passage(self._restorer, lambda _: colour, lambda: conversion, writer.write, frugal=frugal)
        try:
            passage.run(
                stretch.frames, first=stretch.first, core_start=stretch.start, stop=lambda: stretch.stop
            )
            writer.finish()
        except BaseException:
            self.start = writer.start if writer.start is not None else stretch.start
            writer.abort()
            raise

    def _is_frugal(self) -> bool:
        """Return whether the user limits the host's memory, which also holds the restored frames."""
        on_cpu = isinstance(self._restorer, Restorer) and self._restorer.device.type == "cpu"
        return on_cpu and self._order.settings.memory != "auto"
