"""Folders that a stage names, checked before anything else is done."""

from __future__ import annotations

from pathlib import Path

from training.options import require
from training.stage import SourceOptions


def require_folders(sources: SourceOptions) -> None:
    """Refuse a stage whose folders are missing, or that names none to train on.

    Raises:
        TrainingError: with the command line's name of the folder.
    """
    folders = named_folders(sources)
    require(
        bool(folders),
        "There is nothing to train on: name a folder with --data or --photos (or --drawings, --fonts).",
    )
    named = [(flag, name) for flag, names in folders.items() for name in names]
    named += [("--validate", sources.validation)] if sources.validation else []
    for flag, name in named:
        require(Path(name).exists(), f"{flag}: there is no folder {name}; check the name.")


def named_folders(sources: SourceOptions) -> dict[str, tuple[str, ...]]:
    """The folders that clips come from, by the command line's names; without those that name none."""
    folders = {
        "--data": sources.data, "--photos": sources.photos, "--drawings": sources.drawings,
        "--fonts": sources.fonts,
    }  # fmt: skip
    return {flag: names for flag, names in folders.items() if names}
