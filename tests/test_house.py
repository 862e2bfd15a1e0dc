"""The rules of the house that no linter knows: who imports whom, what is public, what is light."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import vsrealbasicvsr

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vsrealbasicvsr"
LAYERS = (
    "errors", "files", "terminal", "settings", "grid", "windows", "window_cache", "cuts", "channel",
    "weights", "network", "engine", "video", "pipeline", "filter", "job", "ffmpeg", "compare", "plot",
    "evaluate", "bench", "doctor", "cli", "__main__",
)  # fmt: skip
"""ARCHITECTURE.md, "The layer rule": no module imports from a layer that stands later."""
TRAINING = (
    "errors", "options", "commit", "reduction", "degradation", "data", "backbones", "losses", "metrics",
    "stage", "configuration", "folders", "processes", "model", "state", "pool", "update", "checkpoint",
    "record", "validation", "interruption", "loop", "run", "diagnosis", "tools", "recipes", "cli",
    "__main__",
)  # fmt: skip
"""The same for the training package, which stands beside and above the other."""
LARGEST_FILE = 20_000_000


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    _module_name(path): path
    for package in (PACKAGE, ROOT / "training")
    for path in sorted(package.rglob("*.py"))
}


@functools.cache
def _syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _imports(path: Path) -> Iterator[str]:
    """Full names of what a file imports, the lazy imports inside functions too."""
    for node in ast.walk(_syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name instead of dots"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in SOURCES else str(node.module)


def _layer(module: str) -> tuple[int, int]:
    package, layer = module.split(".")[:2]
    ours = package == vsrealbasicvsr.__name__
    return (0, LAYERS.index(layer)) if ours else (1, TRAINING.index(layer))


def _graph() -> dict[str, set[str]]:
    """Imports inside the packages; an outermost `__init__` belongs to no layer."""
    inside = {name for name in SOURCES if "." in name}
    return {name: inside.intersection(_imports(SOURCES[name])) for name in inside}


def test_every_module_has_a_layer() -> None:
    for package, layers in ((vsrealbasicvsr.__name__, LAYERS), ("training", TRAINING)):
        found = {name.split(".")[1] for name in _graph() if name.startswith(f"{package}.")}
        assert found <= set(layers)


def test_no_module_imports_from_a_later_layer() -> None:
    upward = [
        f"{name} imports {imported}"
        for name, targets in _graph().items()
        for imported in targets
        if _layer(imported) > _layer(name)
    ]
    assert upward == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(_graph()).prepare()  # raises CycleError, which names the circle


def test_the_package_imports_neither_its_training_nor_its_tests() -> None:
    ours = [path for path in SOURCES.values() if path.is_relative_to(PACKAGE)]
    outside = {name.split(".")[0] for path in ours for name in _imports(path)}
    assert not outside & {"training", "tests", "examples", "plugins"}


def test_the_public_names_are_these() -> None:
    assert vsrealbasicvsr.__all__ == [
        *("RestorationError", "Restorer", "Settings", "Window", "realbasicvsr", "restore", "restore_file")
    ]
    for name in vsrealbasicvsr.__all__:
        assert getattr(vsrealbasicvsr, name).__name__ == name


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, vsrealbasicvsr; print(*{'torch', 'vapoursynth', 'av', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("arguments", [["--help"], ["stage1.toml", "--set", "speed=1", "--out", "nowhere"]])
def test_help_and_refused_options_of_the_training_load_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import atexit, sys; from training.cli import main\n"
        "atexit.register(lambda: print('heavy:', {'torch', 'av', 'numpy', 'cv2'} & sys.modules.keys()))\n"
        f"main({arguments!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout.splitlines()[-1] == "heavy: set()", done.stderr


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    assert newest is not None
    assert project["version"] == vsrealbasicvsr.__version__ == newest[1]


@pytest.mark.parametrize("name", SOURCES)
def test_modules_say_what_they_are_and_do_not_print(name: str) -> None:
    tree = _syntax(SOURCES[name])
    assert ast.get_docstring(tree), f"{name} needs a docstring"
    printing = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == "print"]
    assert printing == [], f"{name} prints in lines {printing}"


def test_the_promised_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "check", "venv", "dist", "clean"} <= targets


def test_no_file_in_git_is_large() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert [path for path in files if path.exists() and path.stat().st_size > LARGEST_FILE] == []
