"""A job's segments, checked and made one output, which gets its name when it is whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from vsrealbasicvsr.files import partial_path
from vsrealbasicvsr.job.segments.rule import Segment
from vsrealbasicvsr.job.store.content import digest_of, files_of, size_of
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.record import Done, Joined, Record
from vsrealbasicvsr.video.write.join import join_pieces
from vsrealbasicvsr.video.write.join_frames import join_frames
from vsrealbasicvsr.video.write.output_file import publish
from vsrealbasicvsr.video.write.pieces import Piece
from vsrealbasicvsr.video.write.plan import OutputPlan

log = logging.getLogger("vsrealbasicvsr")


def damaged(folder: JobFolder, done: Done, *, whole: bool) -> str:
    """What is wrong with a segment's file, in a few words; empty where nothing is.

    Args:
        folder: Of the job.
        done: The record of the segment.
        whole: Read all of it; else only its size is looked at.
    """
    path = folder.segment(done.start)
    try:
        files = files_of(path)
        size = size_of(files)
        if size != done.bytes:
            return f"{path.name} has {size} bytes instead of {done.bytes}"
        if whole and digest_of(files) != done.sha256:
            return f"{path.name} holds other bytes than were written"
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror}"
    return ""


def drop_damaged(folder: JobFolder, record: Record, *, whole: bool) -> int:
    """Take the segments whose files are damaged out of the record; returns how many they are."""
    found = 0
    for done in list(record.done.values()):
        if reason := damaged(folder, done, whole=whole):
            log.warning("%s; it is made again.", reason)
            record.drop(done.start, reason)
            found += 1
    return found


def join(
    plan: OutputPlan,
    folder: JobFolder,
    record: Record,
    segments: Sequence[Segment],
    lost: int,
    cuts: list[int],
) -> None:
    """Make the output under its temporary name, write that down, and give it its name.

    Raises:
        VideoError: the disk is full, the joined file is not what the segments are, or another has its name.
        JobError: the journal cannot be written.
    """
    parts = [record.done[segment.start] for segment in segments]
    frames = sum(segment.frames for segment in segments)
    size = 0
    if plan.container is not None:
        pieces = [Piece(folder.segment(part.start), tuple(part.times)) for part in parts]
        partial, warnings = join_pieces(plan, pieces, max(part.lag for part in parts))
        for warning in warnings:
            log.warning("%s", warning)
        size = partial.stat().st_size
    record.join(Joined(bytes=size, frames=frames, lost=lost, cuts=cuts))
    publish_joined(plan, folder, record)


def publish_joined(plan: OutputPlan, folder: JobFolder, record: Record) -> bool:
    """Give an output that was whole its name, if that is still to be done.

    Returns:
        Whether the output has its name now; False where it must be joined again.

    Raises:
        VideoError: another file has the name.
    """
    if record.joined is None:
        return False
    if plan.container is None:
        if drop_damaged(folder, record, whole=False):
            return False
        parts = sorted(record.done.values(), key=lambda done: done.start)
        join_frames(plan, [(folder.segment(part.start), part.start, part.segment.frames) for part in parts])
        return True
    if not has_its_name(plan.target, record):
        partial = partial_path(plan.target)
        if not partial.exists() or partial.stat().st_size != record.joined.bytes:
            return False
        publish(partial, plan.target, plan.overwrite)
    return True


def has_its_name(target: Path, record: Record) -> bool:
    """Whether the file of this name is the job's output, whole: it was stopped before it cleaned up."""
    whole = record.joined is not None and target.is_file() and target.stat().st_size == record.joined.bytes
    return whole and not partial_path(target).exists()
