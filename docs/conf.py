"""Sphinx: the documentation site; `make docs` builds it into docs/_build."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx

import vsrealbasicvsr

sys.path.insert(0, str(Path(__file__).parent))  # passages and messages

project = "vsrealbasicvsr"
author = "the authors of vsrealbasicvsr"
copyright = author
version = release = vsrealbasicvsr.__version__

extensions = [
    "myst_parser",
    "passages",
    "messages",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
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


def _as_plain_text(app: Sphinx, context: object, lines: list[str]) -> None:
    """Usage lines are no shell: `<ffmpeg's arguments>` has a quote without an end."""
    lines[:] = [line.replace("code-block:: shell", "code-block:: text") for line in lines]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("sphinx-click-process-usage", _as_plain_text)
