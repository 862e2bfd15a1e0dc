"""Download of packages by pip and apt-get, from the sources that this machine is configured for."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from training.recipes.default.sources import Archive

_SOURCES = "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)"


_ONE_SYSTEM = re.compile(
    r".*-(?P<kind>[a-z]{2})(?P<version>\d+)-(?P<abi>\w+)-(?P<platforms>(?!any\.)[\w.]+)\.whl"
)


class ClientError(Exception):
    """A client is missing or failed. The message gives the reason in a few words."""


def command(archive: Archive, python: str = "python") -> tuple[str, ...]:
    """Return the command that downloads a package to the working directory; nothing is installed."""
    pinned = f"{archive.package}={archive.version}"
    pip = (python, "-m", "pip", "download", "--no-deps")
    match archive.client:
        case "apt":
            return ("apt-get", "download", pinned)
        case "apt source":
            return ("apt-get", "source", "--download-only", pinned)
        case "pip":
            return (*pip, "--only-binary", ":all:", *_tags(archive.file), pinned.replace("=", "==", 1))
        case "pip source":
            return (*pip, "--no-binary", ":all:", pinned.replace("=", "==", 1))


def _tags(wheel: str) -> tuple[str, ...]:
    """Return options that let pip on any system take a wheel for one system; none for a universal wheel."""
    tags = _ONE_SYSTEM.fullmatch(wheel)
    if not tags:
        return ()
    platforms = (word for platform in tags["platforms"].split(".") for word in ("--platform", platform))
    rest = ("--implementation", tags["kind"], "--python-version", tags["version"], "--abi", tags["abi"])
    return (*platforms, *rest)


def download(archive: Archive, folder: Path) -> Path:
    """Download a package by its client.

    Args:
        archive: the package.
        folder: an existing folder. The client may leave further files in it.

    Returns:
        The path of the file; its content is not checked.

    Raises:
        ClientError: the client is missing or failed, or it downloaded another file.
    """
    arguments = command(archive, sys.executable)
    if archive.client == "apt source":
        arguments = (arguments[0], *_source_lists(folder), *arguments[1:])
    _run(arguments, folder)
    path = folder / archive.file
    if not path.is_file():
        raise ClientError(f"{Path(arguments[0]).name} brought no {archive.file}")
    return path


def _source_lists(folder: Path) -> tuple[str, ...]:
    """Return options that let apt-get find the source packages of the machine's own archives.

    Few machines have lists of source packages. We make our own lists of the same archives, so that the
    machine's lists do not change.
    """
    chosen = ("Created-By: Packages", "Origin: Debian")
    archives = _run(("apt-get", "indextargets", "--format", _SOURCES, *chosen), folder)
    if not archives.strip():
        raise ClientError("apt-get knows no packages of Debian; run `apt-get update` first")
    listed, lists = folder / "sources.list", folder / "lists"
    listed.write_text(archives, encoding="utf-8")
    (lists / "partial").mkdir(parents=True)
    settings = {"Etc::sourcelist": listed, "Etc::sourceparts": "-", "State::Lists": lists}
    options = tuple(part for name, value in settings.items() for part in ("-o", f"Dir::{name}={value}"))
    _run(("apt-get", *options, "update"), folder)
    return options


def _run(arguments: Sequence[str], folder: Path) -> str:
    """Run a program and return its output. The last line of its error output becomes the error."""
    name = Path(arguments[0]).name
    try:
        done = subprocess.run(
            arguments, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ClientError(f"there is no {name} on this machine") from error
    except OSError as error:
        raise ClientError(f"{name} cannot be run: {error.strerror}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("W:")]
        reason = lines[-1].strip().removeprefix("E: ").rstrip(".") if lines else "it gave no reason"
        raise ClientError(f"{name}: {reason}")
    return done.stdout
