"""RealBasicVSR: restoration of old, noisy, compressed and small videos to four times their size.

Importing this package loads neither torch nor VapourSynth nor PyAV. Each name loads what it needs when it is
first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsrealbasicvsr.engine import Restorer
    from vsrealbasicvsr.errors import RestorationError
    from vsrealbasicvsr.filter.realbasicvsr import realbasicvsr
    from vsrealbasicvsr.filter.restore import restore
    from vsrealbasicvsr.job import restore_file
    from vsrealbasicvsr.settings import Settings
    from vsrealbasicvsr.windows import Window

__version__ = "0.1.0"
__all__ = ["RestorationError", "Restorer", "Settings", "Window", "realbasicvsr", "restore", "restore_file"]

_MODULES = {
    "RestorationError": "errors",
    "Restorer": "engine",
    "Settings": "settings",
    "Window": "windows",
    "realbasicvsr": "filter",
    "restore": "filter",
    "restore_file": "job",
}


def __getattr__(name: str) -> Any:  # PEP 562
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
