"""Folders of PNG frames to one numbered sequence: the files are moved, never copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.output import FRAME_NUMBER, OutputPlan, frame_path
from vsrealbasicvsr.video.output_file import explained, sync


def join_frames(
    plan: OutputPlan,
    pieces: Sequence[tuple[Path, int, int]],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Move the frames of all pieces to their names; after a kill in the middle, do it again.

    Nothing is moved before every frame has been seen. A frame that is not in its piece any more but has its
    final name was moved by an earlier try.

    Args:
        plan: Of the whole output; its target is a pattern, or one name for one frame.
        pieces: Folder of frames `000000.png` and on, the number of its first in the whole, how many.
        on_progress: Gets the number of frames in place so far, after each.

    Raises:
        VideoError: a frame is missing, a name is taken by a file that must not be replaced, or the system
            refuses to move one.
    """
    if sum(count for _, _, count in pieces) > 1 and not FRAME_NUMBER.search(plan.target.name):
        raise VideoError(f"{plan.target} holds one picture: write NAME%06d.png for more.")
    with explained(plan):
        plan.target.parent.mkdir(exist_ok=True)
        for frame, target in _moves(plan, pieces):
            _check(frame, target, plan.overwrite)
        for done, (frame, target) in enumerate(_moves(plan, pieces), 1):
            if frame.exists():
                frame.replace(target)
            if on_progress:
                on_progress(done)
        sync(plan.target.parent)


def _moves(plan: OutputPlan, pieces: Sequence[tuple[Path, int, int]]) -> Iterator[tuple[Path, Path]]:
    for folder, first, count in pieces:
        for number in range(count):
            yield frame_path(folder / "%06d.png", number), frame_path(plan.target, first + number)


def _check(frame: Path, target: Path, overwrite: bool) -> None:
    if not frame.exists() and not target.exists():
        raise VideoError(f"the frame {frame} is missing: restore its segment again.")
    if frame.exists() and target.exists() and not overwrite:
        raise VideoError(f"{target} has appeared meanwhile: move it away, or allow overwriting.")
