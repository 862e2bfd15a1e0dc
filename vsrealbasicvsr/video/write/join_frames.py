"""Joining of folders of PNG frames into one numbered sequence; the folders stay unchanged."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.files import replaced, sync
from vsrealbasicvsr.video.write.output_file import explained
from vsrealbasicvsr.video.write.plan import FRAME_NUMBER, OutputPlan, frame_path


def join_frames(
    plan: OutputPlan,
    pieces: Sequence[tuple[Path, int, int]],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Put the frames of all pieces into one sequence, and keep the pieces; after a kill, call it again.

    On the same disk this takes no room and almost no time: each frame gets a second name (a hard link).
    Otherwise it is copied. All frames are checked before the first one is written.

    Args:
        plan: The plan of the whole output; its target is a pattern, or one name if there is one frame.
        pieces: For each piece, the folder of its frames (`000000.png` and so on), the number of its first
            frame in the whole output, and its number of frames.
        on_progress: Called after each frame with the number of frames in place so far.

    Raises:
        VideoError: a frame is missing, the target exists and must not be replaced, or the system refuses to
            write.
    """
    if sum(count for _, _, count in pieces) > 1 and not FRAME_NUMBER.search(plan.target.name):
        raise VideoError(f"{plan.target} holds one picture: write NAME%06d.png for more.")
    with explained(plan):
        plan.target.parent.mkdir(exist_ok=True)
        for frame, target in _names(plan, pieces):
            _check(frame, target, plan.overwrite)
        for done, (frame, target) in enumerate(_names(plan, pieces), 1):
            if not _is_there(frame, target):
                _place(frame, target)
            if on_progress:
                on_progress(done)
        sync(plan.target.parent)


def _names(plan: OutputPlan, pieces: Sequence[tuple[Path, int, int]]) -> Iterator[tuple[Path, Path]]:
    for folder, first, count in pieces:
        for number in range(count):
            yield frame_path(folder / "%06d.png", number), frame_path(plan.target, first + number)


def _check(frame: Path, target: Path, overwrite: bool) -> None:
    if not frame.exists():
        raise VideoError(f"the frame {frame} is missing: restore its segment again.")
    if target.exists() and not overwrite and not _is_there(frame, target):
        raise VideoError(f"{target} has appeared meanwhile: move it away, or give --overwrite.")


def _is_there(frame: Path, target: Path) -> bool:
    """Return whether an earlier try has already put this frame there."""
    if not target.is_file():
        return False
    return target.samefile(frame) or filecmp.cmp(frame, target, shallow=False)


def _place(frame: Path, target: Path) -> None:
    with replaced(target) as partial:
        partial.unlink(missing_ok=True)  # of a try that was killed
        try:
            os.link(frame, partial)
        except OSError:  # another disk, or a file system without hard links
            shutil.copyfile(frame, partial)
            sync(partial)
