"""The description of a source on the page: its label, facts, settings and tags."""

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

_LONGEST_TEXT = 600  # maximum characters of a tag; the settings of an encoder are about this long
_STATISTICS = ("BPS", "NUMBER_OF", "_STATISTICS", "DURATION")


def labels(given: Sequence[Given]) -> list[str]:
    """Return a label for each source: its own, or the file name.

    File names include as many parent folders as are needed to make all of them different.
    """
    paths = [source for source in given if isinstance(source, Path)]
    file_names = iter(_file_names(paths)) if paths else iter(())
    return [next(file_names) if isinstance(source, Path) else source.label for source in given]


def _file_names(paths: Sequence[Path]) -> list[str]:
    parts = [path.absolute().parts for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        names = ["/".join(path_parts[-depth:]) for path_parts in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{path.name} ({place})" for place, path in enumerate(paths, 1)]


def describe(given: Given, info: SourceInfo, label: str) -> dict[str, Any]:
    """Return a source as JSON for the page's script: label, size, aspect, facts, settings and tags."""
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
    """Return the tags of a file, in which programs describe themselves and their settings."""
    tags: dict[str, str] = {}
    file = image_files(path)[0]
    # Open it as a stream: FFmpeg reads some names of images as patterns.
    with suppress(av.FFmpegError, OSError), file.open("rb") as stream, av.open(stream, "r") as container:
        video = container.streams.video[0]
        for metadata in (container.metadata, video.metadata):
            tags.update(_without_statistics(metadata))
        if is_image_sequence(path):
            tags.update(_without_statistics(next(container.decode(video)).metadata))
    return tags


def _without_statistics(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that have text and are no statistics of the stream; long texts are cut."""
    return {
        key: value[:_LONGEST_TEXT]
        for key, value in metadata.items()
        if value.strip() and not key.upper().startswith(_STATISTICS)
    }
