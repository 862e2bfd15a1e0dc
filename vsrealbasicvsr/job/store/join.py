"""Checking a job's segments, and joining them to the output, which gets its name when it is complete."""

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
    """Return what is wrong with a segment's file, in a few words; empty if it is undamaged.

    Args:
        folder: The job's folder.
        done: The record of the segment.
        whole: Whether to read the whole file; otherwise only its size is checked.
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
    """Remove segments with damaged files from the record; return their number."""
    dropped = 0
    for done in list(record.done.values()):
        if reason := damaged(folder, done, whole=whole):
            log.warning("%s; it is made again.", reason)
            record.drop(done.start, reason)
            dropped += 1
    return dropped


def join(
    plan: OutputPlan,
    folder: JobFolder,
    record: Record,
    segments: Sequence[Segment],
    lost: int,
    cuts: list[int],
) -> None:
    """Write the output under its temporary name, record that, and give it its name.

    Raises:
        VideoError: the disk is full, the joined file does not match its segments, or another file has its
            name.
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
    """Give a complete output its name, if it does not have it yet.

    Returns:
        Whether the output has its name now; False if the segments must be joined again.

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
    """Return whether the file of this name is the job's complete output.

    That is so if the job was stopped before it removed its folder.
    """
    whole = record.joined is not None and target.is_file() and target.stat().st_size == record.joined.bytes
    return whole and not partial_path(target).exists()
