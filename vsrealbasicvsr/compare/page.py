"""The HTML page, assembled from its parts and the pictures: one file, without a network."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

_PARTS = files("vsrealbasicvsr.compare") / "web"
_SCRIPTS = ("data.js", "stage.js", "plot.js", "page.js")


def assemble(title: str, comparison: Mapping[str, Any], pictures: Sequence[Sequence[str]]) -> str:
    """Fill the page.

    The pictures stand beside what is told of them, those of the first moment before the script and the others
    behind it: the page is there at once, however much follows.

    Args:
        title: Plain text.
        comparison: What the script shows; JSON can hold it.
        pictures: Of each moment, those of all sources; WebP in base64.
    """
    data = json.dumps(comparison, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    elements = [_elements(moment, shown) for moment, shown in enumerate(pictures)]
    filled = {
        "title": html.escape(title),
        "style": _part("page.css"),
        "script": "\n".join(map(_part, _SCRIPTS)),
        "data": data.replace("<", "\\u003c"),  # a name may hold </script>
        "first": "".join(elements[:1]),
        "others": "".join(elements[1:]),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: filled[mark[1]], _part("page.html"))


def _elements(moment: int, pictures: Sequence[str]) -> str:
    return "".join(
        f'<script type="text/plain" id="picture-{moment}-{source}">{picture}</script>\n'
        for source, picture in enumerate(pictures)
    )


def _part(name: str) -> str:
    return (_PARTS / name).read_text(encoding="utf-8")
