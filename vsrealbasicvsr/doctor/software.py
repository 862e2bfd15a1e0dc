"""Probes of the software: versions of packages, several installs of this program, and weights."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import vsrealbasicvsr
from vsrealbasicvsr.doctor.child import UnansweredError, facts_of
from vsrealbasicvsr.doctor.finding import Finding
from vsrealbasicvsr.weights.known import KNOWN, KnownWeights

_NAME = "vsrealbasicvsr"
_OLDEST_PYTHON = (3, 12)
_COMPILED = {"torch": "PyTorch", "av": "PyAV", "vapoursynth": "VapourSynth"}
"""Packages that must be loaded to be checked: import names and usual names."""


def versions() -> Iterator[Finding]:
    """Examine this program, Python, and each package that it needs or can use."""
    home = Path(vsrealbasicvsr.__path__[0])
    yield Finding("ok", "this program", f"{vsrealbasicvsr.__version__}, {home}")
    python = f"{platform.python_version()}, {sys.executable}, {platform.system()} {platform.machine()}"
    if sys.version_info < _OLDEST_PYTHON:
        oldest_python = ".".join(map(str, _OLDEST_PYTHON))
        yield Finding(
            "trouble", "Python", python, f"Install Python {oldest_python} or later, and this program into it."
        )
    else:
        yield Finding("ok", "Python", python)
    try:
        needed = metadata.requires(_NAME) or []
    except metadata.PackageNotFoundError:
        needed = []
        yield Finding(
            "note",
            "packages",
            "this program is not installed, it runs from a folder; what it needs was not checked",
            f"Run `pip install {home.parent}`.",
        )
    for name, oldest in requirements(needed):
        yield _package(name, oldest)
    try:
        yield Finding("ok", "ray", f"{metadata.version('ray')}, for restore --ray")
    except metadata.PackageNotFoundError:
        yield Finding("ok", "ray", "not installed; only restore --ray needs it")


def requirements(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and minimum version of each requirement that does not belong to an extra."""
    for line in lines:
        match = re.match(r"([\w.-]+)\s*>=\s*([\d.]+)", line)
        if match and "extra ==" not in line:
            yield match[1], match[2]


def is_older(version: str, than: str) -> bool:
    """Return whether a version is older than another; only leading numbers count, as in 2.6.0+cu124."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    leading = re.match(r"[\d.]*", version)
    text = leading[0].strip(".") if leading else ""
    numbers = [int(part) for part in text.split(".")] if text else []
    while numbers and not numbers[-1]:  # 2.6 and 2.6.0 are the same
        numbers.pop()
    return numbers


def _package(name: str, oldest: str) -> Finding:
    subject, install = _COMPILED.get(name, name), f"`pip install '{name}>={oldest}'`"
    try:
        version = metadata.version(name) or "unknown version"  # after an interrupted install there is none
    except metadata.PackageNotFoundError:
        return Finding("trouble", subject, "not installed", f"Run {install}.")
    if is_older(version, oldest):
        return Finding("trouble", subject, f"{version}, too old", f"Run {install}.")
    if name not in _COMPILED:
        return Finding("ok", subject, version)
    try:
        facts = facts_of(name)
    except UnansweredError as error:
        return Finding(
            "trouble",
            subject,
            f"{version} cannot be loaded: {error}",
            f"Run `pip install --force-reinstall '{name}>={oldest}'`, on a system that it is built for.",
        )
    if name == "av":
        libraries = ", ".join(f"{library} {number}" for library, number in facts["libraries"].items())
        ffmpeg = f"FFmpeg {facts['ffmpeg']}, " if facts["ffmpeg"] else ""
        return Finding("ok", subject, f"{version}; its own {ffmpeg}{libraries}")
    return Finding("ok", subject, str(facts["version"]))


def installs() -> Iterator[Finding]:
    """Find other copies of this package that Python could load instead."""
    here = Path(vsrealbasicvsr.__path__[0]).resolve()
    has_other = False
    for entry in dict.fromkeys(sys.path):
        other = Path(entry, _NAME).resolve()
        if other != here and (other / "__init__.py").is_file():
            has_other = True
            yield _second(here, other, _version_in(other))
    for distribution in metadata.distributions(name=_NAME):
        home = _home(distribution)
        if home != here and (home / "__init__.py").is_file():
            has_other = True
            yield _second(here, home, distribution.version)
    if not has_other:
        yield Finding("ok", "installs", "one alone")


def _home(distribution: metadata.Distribution) -> Path:
    """Return the package's folder of an install; for an editable install, the folder in its checkout."""
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return Path(url2pathname(urlsplit(origin["url"]).path), _NAME).resolve()
    return Path(str(distribution.locate_file(_NAME))).resolve()


def _version_in(package: Path) -> str:
    text = (package / "__init__.py").read_text(encoding="utf-8", errors="replace")
    match = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return match[1] if match else "unknown"


def _second(here: Path, other: Path, version: str) -> Finding:
    differs = version != vsrealbasicvsr.__version__
    return Finding(
        "trouble" if differs else "note",
        "installs",
        f"{here} is loaded, and hides {other} (version {version})",
        f"Keep one: `pip uninstall {_NAME}`, or take the other's folder from PYTHONPATH, or start elsewhere.",
    )


def weights() -> Iterator[Finding]:
    """Examine whether the known weights are present and undamaged."""
    for known in KNOWN:
        yield _weights(known)


def _weights(known: KnownWeights) -> Finding:
    subject, bundled = f"weights {known.name}", known.url is None
    if not known.path.is_file():
        if bundled:
            return Finding("trouble", subject, f"{known.path} is missing", "Install this program again.")
        return Finding("ok", subject, f"not fetched; `vsrealbasicvsr weights fetch {known.name}` does it")
    if known.matches(known.path):
        return Finding("ok", subject, f"whole, {known.path}")
    advice = (
        "Install this program again."
        if bundled
        else (f"Delete it, and run `vsrealbasicvsr weights fetch {known.name}`.")
    )
    return Finding("trouble", subject, f"{known.path} is damaged (wrong SHA-256)", advice)
