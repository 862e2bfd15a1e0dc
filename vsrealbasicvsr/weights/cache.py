"""Where fetched weights are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

VARIABLE = "VSREALBASICVSR_CACHE"


def folder() -> Path:
    """The cache folder: of the environment variable VSREALBASICVSR_CACHE, else the platform's usual one.

    It need not exist.
    """
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_cache_path("vsrealbasicvsr", appauthor=False)
