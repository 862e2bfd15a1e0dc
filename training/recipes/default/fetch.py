"""Download of package archives, once, with a check of their checksums."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

from training.errors import TrainingError
from training.recipes.default.clients import ClientError, command, download
from training.recipes.default.sources import Archive


def fetch(archive: Archive, folder: Path, announce: Callable[[str], None] = lambda line: None) -> Path:
    """Download an archive to a folder, if it is not there.

    Args:
        archive: the archive.
        folder: the folder; it is created if it is missing.
        announce: gets a message before a download.

    Returns:
        The path of the file, whose checksum is right.

    Raises:
        TrainingError: the archive cannot be downloaded, or has changed. The message names the package and the
            file.
    """
    target = folder / archive.file
    if target.is_file():
        _check(target, archive, "delete it or put the right one there")
        return target
    announce(f"fetching {archive.package} {archive.version}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as temporary:
            fetched = download(archive, Path(temporary))
            _check(fetched, archive, "the package's file has changed since")
            fetched.replace(target)
    except ClientError as error:
        raise TrainingError(
            f"{archive.package} {archive.version} cannot be fetched ({error}); run "
            f"`{shlex.join(command(archive))}` where packages can be had, and save {archive.file} as "
            f"{target}."
        ) from error
    except OSError as error:
        raise TrainingError(f"{folder} cannot be written: {error.strerror}.") from error
    return target


def _check(path: Path, archive: Archive, remedy: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != archive.sha256:
        raise TrainingError(
            f"{path.name} is not the file that is pinned for {archive.package} {archive.version}: its "
            f"SHA-256 is {digest}, not {archive.sha256}; {remedy}."
        )
