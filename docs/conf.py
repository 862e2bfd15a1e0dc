"""Sphinx: the documentation site; `make docs` builds it into docs/_build."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

import vsrealbasicvsr

sys.path.insert(0, str(Path(__file__).parent))  # messages

project = "vsrealbasicvsr"
author = "the authors of vsrealbasicvsr"
copyright = author
version = release = vsrealbasicvsr.__version__

extensions = [
    "myst_parser",
    "messages",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
default_role = "code"  # what our docstrings mean by single backticks
smartquotes = False  # would make a dash of the -- of a flag

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "attrs_inline", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
nitpick_ignore_regex = [
    ("py:.*", r"(?!vsrealbasicvsr|training).*"),
    ("py:.*", r".*\._\w+"),
]  # what others document

html_theme = "furo"
html_title = f"vsrealbasicvsr {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
linkcheck_anchors = False
linkcheck_timeout = 10

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "performance.md",
    "examples": "examples.md",
    "training/README.md": "tutorials/training.md",
    "training/SCALING.md": "scaling.md",
    "training/recipes/default": "recipe.md",
    "training/recipes/default/README.md": "recipe.md",
    "vsrealbasicvsr/weights/MODEL_CARD.md": "model-card.md",
}
"""The pages that show documents and folders from outside this folder."""
_LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^\s()#]+)")


def _turn_links(app: Sphinx, path: Path, docname: str, content: list[str]) -> None:
    """Make the links of an included document lead to the page of their target, or to the file itself."""
    docs = Path(app.srcdir)
    document = (docs / path).resolve()
    folder = (docs / PAGES[document.relative_to(ROOT).as_posix()]).parent

    def turn(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(document.parent / match[1]))
        page = PAGES.get(target.relative_to(ROOT).as_posix())
        return os.path.relpath(docs / page if page else target, folder)

    content[0] = _LINK.sub(turn, content[0])


def _as_plain_text(app: Sphinx, context: object, lines: list[str]) -> None:
    """Usage lines are no shell: `<ffmpeg's arguments>` has a quote without an end."""
    lines[:] = [line.replace("code-block:: shell", "code-block:: text") for line in lines]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("include-read", _turn_links)
    app.connect("sphinx-click-process-usage", _as_plain_text)
