"""The comparison page: chosen frames of several sources in one HTML file, to be judged by eye.

`sources` reads frames side by side, `frame_choice` chooses them, `difference` and `curve` measure, `encode`
and `page` write the page. `preview` restores some frames of a film for such a page.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vsrealbasicvsr.compare.comparison import Choices, compare
    from vsrealbasicvsr.compare.stills import Still, Stills

__all__ = ["Choices", "Still", "Stills", "compare"]

_MODULES = {"Choices": "comparison", "compare": "comparison", "Still": "stills", "Stills": "stills"}


def __getattr__(name: str) -> Any:  # PEP 562: the modules load torch and PyAV
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
