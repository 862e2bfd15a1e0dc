"""The comparison of sources in a page: a first pass measures and selects frames, a second encodes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from vsrealbasicvsr.compare.curve import Curve
from vsrealbasicvsr.compare.description import describe, labels
from vsrealbasicvsr.compare.difference import DifferenceMeter, psnr
from vsrealbasicvsr.compare.display import display_size, displayed
from vsrealbasicvsr.compare.encode import Budget, as_text, webp
from vsrealbasicvsr.compare.frame_choice import Shots, greatest
from vsrealbasicvsr.compare.page import assemble
from vsrealbasicvsr.compare.shown import Moment
from vsrealbasicvsr.compare.sources import Given, Match, Sources
from vsrealbasicvsr.errors import ClipError, SettingsError, VideoError
from vsrealbasicvsr.video.colour.resample import resample

Pick = Literal["difference", "worst", "shots"]
_Encoded = tuple[dict[str, Any], list[str]]  # a moment as JSON, and its pictures in base64
MEGABYTE = 1_000_000
_THUMBNAIL = 160  # pixels of its longer side
_THUMBNAIL_QUALITY = 70
_FOR_PICTURES = 0.9  # share of the size limit; the rest is for thumbnails, curve and page


@dataclass(frozen=True, slots=True)
class Choices:
    """The frames and the form of a page.

    Attributes:
        match: How frames are paired; see `Sources`.
        frames: Frame numbers of the first source; None selects `count` frames by `pick`.
        count: Number of frames to select.
        pick: The rule of selection. "difference" and "worst" divide the clip into `count` equal sections, and
            take from each section the frame that differs most from the first source, or the frame with the
            worst PSNR. "shots" takes the frames that show the shots of the first source best.
        labels: A name for each source; None takes the file names.
        title: Title of the page; None makes it from the labels.
        size_limit: Maximum size of the page in megabytes.

    Raises:
        SettingsError: no frame would be shown, or the size limit is not positive.
    """

    match: Match = "auto"
    frames: tuple[int, ...] | None = None
    count: int = 12
    pick: Pick = "difference"
    labels: tuple[str, ...] | None = None
    title: str | None = None
    size_limit: float = 40.0

    def __post_init__(self) -> None:
        if self.count < 1 or self.frames == ():
            raise SettingsError("a page without frames shows nothing: give a count or frames.")
        if self.size_limit <= 0:
            raise SettingsError(f"a page of {self.size_limit:g} MB is not possible: give a larger limit.")


@dataclass(frozen=True, slots=True)
class Page:
    """A finished page.

    Attributes:
        text: HTML.
        frames: Frame numbers of the first source that the page shows.
        warnings: Warnings for the reader, one sentence each.
    """

    text: str
    frames: tuple[int, ...]
    warnings: tuple[str, ...]


def compare(
    given: Sequence[Given], choices: Choices, *, on_frame: Callable[[str, int], None] | None = None
) -> Page:
    """Make the page of a comparison.

    The sources are read twice from the start. Memory holds a few frames of each source, about 16 bytes for
    each moment and source, and the page itself.

    Args:
        given: Two to 32 sources: paths of videos, folders of images, patterns or single images, and `Stills`,
            in any mixture. The others are measured against the first one.
        choices: The frames and the form of the page.
        on_frame: Called after each frame with the stage, "measured" or "encoded", and the number of frames
            that are done in it.

    Raises:
        SettingsError: the number of sources or labels is wrong, or the pictures do not fit the size limit.
        ClipError: a requested frame is not in every source, or no frames can be paired.
        VideoError: a source cannot be read.
    """
    report = on_frame or _report_to_nobody
    names = _names(given, choices)
    with Sources(given, choices.match) as sources:
        shots = Shots() if choices.frames is None and choices.pick == "shots" else None
        curve = _measure(sources, shots, report)
        warnings = (*sources.warnings(), *(_ends_early(names[place]) for place in sources.ended))
        chosen = _chosen(curve, shots, choices)
        descriptions = [describe(*source) for source in zip(given, sources.infos, names, strict=True)]
        title = choices.title or _title(names)
        comparison = {
            "title": title,
            "match": sources.match,
            "sources": descriptions,
            "curve": curve.points(),
            "measured": list(curve.size),
            "warnings": list(warnings),
        }
        limit = int(choices.size_limit * MEGABYTE)
        size_without_moments = len(assemble(title, {**comparison, "moments": []}, []).encode())
        pixels = sum(math.prod(display_size(info)) for info in sources.infos) * len(chosen)
        budget = Budget(max(0, int(limit * _FOR_PICTURES) - size_without_moments), pixels)
        encoded = list(_encoded(sources, curve, chosen, budget, report))
    moments, pictures = zip(*encoded, strict=True)
    text = assemble(title, {**comparison, "moments": moments}, pictures)
    if len(text.encode()) > limit:
        raise SettingsError(
            f"the page does not fit in {choices.size_limit:g} MB: take fewer frames, or raise the size limit."
        )
    return Page(text, chosen, warnings)


def _report_to_nobody(_stage: str, _count: int) -> None:
    pass


def _names(sources: Sequence[Given], choices: Choices) -> list[str]:
    names = labels(sources) if choices.labels is None else list(choices.labels)
    if len(names) != len(sources):
        raise SettingsError(f"{len(names)} labels do not fit {len(sources)} sources: give each one.")
    if not all(name.strip() for name in names):
        raise SettingsError("a label is empty: give each source a name that can be seen.")
    return names


def _title(names: Sequence[str]) -> str:
    return " · ".join(names) if len(names) <= 3 else f"{names[0]} and {len(names) - 1} others"


def _ends_early(name: str) -> str:
    return f"{name} ends before others; what they show after that is left out."


def _measure(sources: Sources, shots: Shots | None, report: Callable[[str, int], None]) -> Curve:
    meter = DifferenceMeter(sources.infos)
    curve = Curve(len(sources.infos), meter.size)
    moments = sources.moments()
    for count, moment in enumerate(shots.noted(moments) if shots else moments, 1):
        curve.add(moment[0].number, meter(moment))
        report("measured", count)
    if not curve.numbers:
        raise ClipError("the sources never show frames at the same time: match them by number.")
    return curve


def _chosen(curve: Curve, shots: Shots | None, choices: Choices) -> tuple[int, ...]:
    if choices.frames is None:
        return tuple(curve.numbers[place] for place in _picked(curve, shots, choices))
    wrong = next((number for number in choices.frames if number not in curve.numbers), None)
    if wrong is not None:
        first, last = curve.numbers[0], curve.numbers[-1]
        raise ClipError(f"frame {wrong} is not in every source: they share frames {first} to {last}.")
    return tuple(sorted(set(choices.frames)))


def _picked(curve: Curve, shots: Shots | None, choices: Choices) -> tuple[int, ...]:
    if shots:
        return shots.telling(choices.count)
    if choices.pick == "difference":
        return greatest(curve.largest(), choices.count)
    ratios = curve.lowest()
    if ratios is None:
        raise ClipError(
            "the worst frames are told by PSNR, which needs sources of one size: pick by difference."
        )
    return greatest([-ratio for ratio in ratios], choices.count)


def _encoded(
    sources: Sources, curve: Curve, chosen: Sequence[int], budget: Budget, report: Callable[[str, int], None]
) -> Iterator[_Encoded]:
    numbers = set(chosen)
    count = 0
    for moment in sources.moments():
        if moment[0].number not in numbers:
            continue
        count += 1
        yield _encode(moment, sources, curve.differences(moment[0].number), budget)
        report("encoded", count)
        if count == len(numbers):
            return
    raise VideoError(f"{sources.infos[0].path} gave fewer frames when read again: is it still being written?")


def _encode(moment: Moment, sources: Sources, differences: list[float], budget: Budget) -> _Encoded:
    """Return a moment as JSON for the page's script, and its pictures in base64."""
    pictures = [displayed(frame, info) for frame, info in zip(moment, sources.infos, strict=True)]
    ratios = [psnr(pictures[0], picture) for picture in pictures[1:]]
    encoded = budget.encode(pictures)
    frames_json = [
        {
            "number": frame.number,
            "time": round(float(frame.time), 4),
            "passes": frame.passes,
            "residue": None if frame.residue is None else round(frame.residue, 3),
            "quality": quality,
        }
        for frame, (_, quality) in zip(moment, encoded, strict=True)
    ]
    moment_json = {
        "number": moment[0].number,
        "time": round(float(moment[0].time), 4),
        "thumbnail": _thumbnail(pictures[-1]),
        "difference": differences,
        "psnr": [None if ratio is None else "∞" if math.isinf(ratio) else f"{ratio:.2f}" for ratio in ratios],
        "shown": frames_json,
    }
    return moment_json, [text for text, _ in encoded]


def _thumbnail(picture: torch.Tensor) -> str:
    height, width = picture.shape[1:]
    share = min(1.0, _THUMBNAIL / max(height, width))
    size = max(1, round(height * share)), max(1, round(width * share))
    small = resample(picture.float(), size, kernel="bicubic").round_().clamp_(0, 255).to(torch.uint8)
    return f"data:image/webp;base64,{as_text(webp(small, _THUMBNAIL_QUALITY))}"
