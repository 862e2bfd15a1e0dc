"""Checks of the folders that a stage names, to be made before any other work."""

from __future__ import annotations

from pathlib import Path

from training.options import require
from training.stage import SourceOptions


def require_folders(sources: SourceOptions) -> None:
    """Check that a stage names at least one folder to train on, and that its folders exist.

    Raises:
        TrainingError: the check failed. The message has the command-line option of the folder.
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
    """Return the folders that clips come from, by command-line option. Options without folders are absent."""
    folders = {
        "--data": sources.data, "--photos": sources.photos, "--drawings": sources.drawings,
        "--fonts": sources.fonts,
    }  # fmt: skip
    return {flag: names for flag, names in folders.items() if names}
