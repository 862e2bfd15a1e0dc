"""Figures by matplotlib, which is optional."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from vsrealbasicvsr.errors import JobError, UnavailableError


def new_figure(width: float = 1.0, height: float = 1.0) -> Any:
    """Return an empty figure of this size in inches.

    Raises:
        UnavailableError: matplotlib is not installed.
    """
    try:
        module = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise UnavailableError("matplotlib is not installed: run `pip install matplotlib`.") from error
    return module.Figure(figsize=(width, height), layout="constrained")


def check_figure(path: Path) -> None:
    """Check that a figure can be saved to this path, before the work that fills it.

    Raises:
        UnavailableError: matplotlib is not installed, or cannot write files of this kind.
    """
    formats = new_figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise UnavailableError(f"{path} cannot be drawn: give it one of the endings {', '.join(formats)}.")


def save_figure(figure: Any, path: Path) -> None:
    """Save a figure; a missing folder is created.

    Raises:
        JobError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise JobError(f"{path} cannot be written: {error.strerror}.") from error
