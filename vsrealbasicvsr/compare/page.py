"""The HTML page, assembled from its parts and the pictures: one file, without a network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

_PARTS = files("vsrealbasicvsr.compare")


def assemble(title: str, comparison: Mapping[str, Any]) -> str:
    """Fill the page.

    Args:
        title: Plain text.
        comparison: What page.js shows; JSON can hold it.
    """
    data = json.dumps(comparison, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    filled = {
        "title": html.escape(title),
        "style": _part("page.css"),
        "script": _part("page.js"),
        "data": data.replace("<", "\\u003c"),  # a name may hold </script>
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: filled[mark[1]], _part("page.html"))


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
