"""Every sentence that the program says when something is wrong, read off its source.

    ```{messages} vsrealbasicvsr
    ```

stands for a list of them, module by module, with … where names and numbers stand.
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
_ERRORS = {
    *(
        "RestorationError",
        "SettingsError",
        "WeightsError",
        "ClipError",
        "VideoError",
        "GraphError",
        "JobError",
    ),
    *("NoFFmpegError", "TrainingError", "UsageError", "BadParameter", "told"),
}


def template(node: ast.expr) -> str | None:
    """A literal with … in the place of what is filled in; None where it is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _PRINTF.sub(GAP, node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        return "".join(map(str, parts))
    return None


def said(path: Path) -> Iterator[str]:
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
        """A term for each module, with its messages below."""
        items = nodes.definition_list()
        for path in sorted((ROOT / self.arguments[0]).rglob("*.py")):
            self.env.note_dependency(str(path))
            if texts := list(said(path)):
                name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
                shown = (re.sub(rf"{GAP}\.(?=$|\s)", GAP, text) for text in texts)  # no fourth dot
                lines = nodes.bullet_list("", *(nodes.list_item("", nodes.paragraph("", t)) for t in shown))
                term = nodes.term("", "", nodes.literal("", name.removesuffix(".__init__")))
                items += nodes.definition_list_item("", term, nodes.definition("", lines))
        return [items]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("messages", Messages)
    return {"parallel_read_safe": True}
