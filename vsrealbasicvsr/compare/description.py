"""What the page tells about a source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import av

from vsrealbasicvsr.compare.display import display_aspect, display_size
from vsrealbasicvsr.compare.sources import Given
from vsrealbasicvsr.compare.stills import Stills
from vsrealbasicvsr.job.note import settings_in
from vsrealbasicvsr.video.read.images import image_files, is_image_sequence
from vsrealbasicvsr.video.read.source import SourceInfo

_LONGEST_TEXT = 600  # characters of a tag; an encoder's settings are about as long
_STATISTICS = ("BPS", "NUMBER_OF", "_STATISTICS", "DURATION")


def labels(given: Sequence[Given]) -> list[str]:
    """A name for each: the one it has, or the file's, with as many folders as tell all of them apart."""
    paths = [one for one in given if isinstance(one, Path)]
    named = iter(_file_names(paths)) if paths else iter(())
    return [next(named) if isinstance(one, Path) else one.label for one in given]


def _file_names(paths: Sequence[Path]) -> list[str]:
    parts = [path.absolute().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        found = ["/".join(one[-depth:]) for one in parts]
        if len(set(found)) == len(found):
            return found
    return [f"{path.name} ({place})" for place, path in enumerate(paths, 1)]


def describe(given: Given, info: SourceInfo, label: str) -> dict[str, Any]:
    """A source as the page's script reads it: label, size and aspect; facts, settings and tags in words."""
    width, height = display_size(info)
    facts = {"Size": f"{width} × {height}", "Pixels": info.pixel_format}
    settings, tags = {}, {}
    if isinstance(given, Stills):
        settings = dict(given.settings)
    else:
        facts = {"File": given.name, **facts}
        if not is_image_sequence(given):
            facts["Rate"] = f"{float(info.rate):.5g} frames a second"
        tags = _tags(given)
        settings = settings_in(tags)
    return {
        "label": label,
        "width": width,
        "height": height,
        "aspect": display_aspect(info),
        "facts": facts,
        "settings": settings,
        "tags": tags,
    }


def _tags(path: Path) -> dict[str, str]:
    """What a program wrote into the file about itself and its settings."""
    tags: dict[str, str] = {}
    file = image_files(path)[0]
    # Opened as a stream: FFmpeg takes some names of images for patterns.
    with suppress(av.FFmpegError, OSError), file.open("rb") as stream, av.open(stream, "r") as container:
        video = container.streams.video[0]
        for found in (container.metadata, video.metadata):
            tags.update(_telling(found))
        if is_image_sequence(path):
            tags.update(_telling(next(container.decode(video)).metadata))
    return tags


def _telling(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        key: value[:_LONGEST_TEXT]
        for key, value in metadata.items()
        if value.strip() and not key.upper().startswith(_STATISTICS)
    }
