"""Every message of the program about something wrong, read from its source.

    ```{messages} vsrealbasicvsr
    ```

becomes a list of them, part by part. … stands for names and numbers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[1]
GAP = "…"
_PRINTF = re.compile(r"%(?:\.\d+)?[sdrf]")
TITLES = {
    "bench": "Measuring speed",
    "cli": "The command line",
    "compare": "The comparison page and previews",
    "cuts": "Scene cuts",
    "engine": "Devices, precision and memory",
    "evaluate": "Evaluating",
    "ffmpeg": "FFmpeg commands",
    "files": "Files",
    "filter": "VapourSynth",
    "grid": "Several values of settings",
    "job": "Jobs and their segments",
    "network": "The network",
    "plot": "Plots",
    "settings": "Settings",
    "video": "Files and colours",
    "weights": "Weights",
    "windows": "Windows and margins",
    "backbones": "Weights of the losses' networks",
    "checkpoint": "Checkpoints",
    "configuration": "Stage files",
    "data": "Data",
    "degradation": "Degradation",
    "diagnosis": "Diagnosis",
    "loop": "A running training",
    "losses": "Losses",
    "metrics": "Metrics",
    "model": "Weights to start from, and the teacher",
    "options": "Options",
    "pool": "Pools of samples",
    "processes": "Devices and processes",
    "recipes": "The default weights' recipe",
    "record": "What a run writes",
    "run": "A run begun or resumed",
    "state": "Checkpoints that do not fit",
    "tools": "Preparing, degrading and exporting",
    "update": "One iteration",
    "validation": "Validation",
}
"""A title for each part of the packages that has messages."""
_ERRORS = {
    *("RestorationError", "SettingsError", "WeightsError", "ClipError", "VideoError", "GraphError"),
    *("UnavailableError", "JobError", "NoFFmpegError", "TrainingError", "UsageError", "BadParameter"),
    *("told", "vs_error"),
}


def template(node: ast.expr) -> str | None:
    """The text of a literal, with … for what is filled in; None if it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _PRINTF.sub(GAP, node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        return "".join(map(str, parts))
    return None


def messages_in(path: Path) -> Iterator[str]:
    """The errors and warnings of a module, in order, each once."""
    calls = (
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    )
    texts = {}
    for call in sorted(calls, key=lambda call: call.lineno):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        text = template(call.args[0]) if call.args and (name in _ERRORS or name == "warning") else None
        if text and text.strip(f"{GAP}.: "):
            texts[text] = True
    yield from texts


class Messages(SphinxDirective):
    """The list."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A term for each part of the package, with its messages below."""
        package = ROOT / self.arguments[0]
        parts: dict[str, dict[str, bool]] = {}
        for path in sorted(package.rglob("*.py")):
            self.env.note_dependency(str(path))
            part = path.relative_to(package).with_suffix("").parts[0]
            for text in messages_in(path):
                message = re.sub(rf"{GAP}\.(?=$|\s)", GAP, text)  # no fourth dot
                parts.setdefault(part, {})[message] = True
        items = nodes.definition_list()
        for part, texts in sorted(parts.items(), key=lambda item: self._title(item[0])):
            lines = nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", t)) for t in texts))
            name = nodes.strong("", self._title(part))
            term = nodes.term("", "", name, nodes.Text(" ("), nodes.literal("", part), nodes.Text(")"))
            items += nodes.definition_list_item("", term, nodes.definition("", lines))
        return [items]

    def _title(self, part: str) -> str:
        if part not in TITLES:
            raise self.error(f"docs/messages.py has no title for {self.arguments[0]}.{part}")
        return TITLES[part]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("messages", Messages)
    return {"parallel_read_safe": True}
