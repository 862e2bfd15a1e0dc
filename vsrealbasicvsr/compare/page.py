"""Assembly of the HTML page from its parts and the pictures: one file that needs no network."""

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
    """Return the page as HTML.

    Each picture is an element of its own, outside the JSON. The pictures of the first moment stand before the
    script, and the others after it: a browser shows the page at once, however many pictures follow.

    Args:
        title: Plain text.
        comparison: The data for the script, as values that JSON can hold.
        pictures: For each moment, the pictures of all sources; WebP in base64.
    """
    data = json.dumps(comparison, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    elements = [_elements(moment, moment_pictures) for moment, moment_pictures in enumerate(pictures)]
    filled = {
        "title": html.escape(title),
        "style": _part("page.css"),
        "script": "\n".join(map(_part, _SCRIPTS)),
        "data": data.replace("<", "\\u003c"),  # a name may contain </script>, which would end the element
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
