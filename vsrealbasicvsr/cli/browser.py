"""A finished page shown to who sits before the screen."""

from __future__ import annotations

import os
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path


def open_page(path: Path) -> None:
    """Open a page in the browser, where there is a terminal and a screen; a failure is not worth a word."""
    if sys.stderr is None or not sys.stderr.isatty() or not _has_screen():
        return
    with suppress(webbrowser.Error, OSError):
        webbrowser.open(path.absolute().as_uri())


def _has_screen() -> bool:
    """Without one a browser for terminals might start in the middle of our own lines."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
