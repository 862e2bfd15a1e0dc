"""The preview of a film: scan it, select frames, restore them, and make the page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr import weights
from vsrealbasicvsr.compare.comparison import MEGABYTE, Choices, Page, compare
from vsrealbasicvsr.compare.frame_choice import telling_frames
from vsrealbasicvsr.compare.preview.footage import Footage
from vsrealbasicvsr.compare.preview.scan import Scan, scan
from vsrealbasicvsr.compare.preview.work import Restored, plan_work, restore_work
from vsrealbasicvsr.compare.stills import Still, Stills
from vsrealbasicvsr.engine.acceleration.parts import check_acceleration
from vsrealbasicvsr.engine.device import find_device
from vsrealbasicvsr.engine.memory.plan import read_budget
from vsrealbasicvsr.errors import ClipError, JobError, SettingsError, VideoError
from vsrealbasicvsr.grid import Variant
from vsrealbasicvsr.job.delivery import Delivery
from vsrealbasicvsr.job.spec import Order, make_order
from vsrealbasicvsr.network import load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import Source, open_source
from vsrealbasicvsr.video.write.plan import OutputPlan, beside

OnProgress = Callable[[str, int, int | None], None]
"""Called with the stage ("scanned", "restored", "encoded"), what is done of it, and its total if known."""


_DAMAGED = (
    "the source is damaged: where it is, frames may come out otherwise in the film, as decoders hide damage "
    "by what they decoded before."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A finished preview.

    Attributes:
        text: HTML.
        path: The path for the page, beside the output.
        frames: Numbers of the frames that the page shows.
        warnings: Warnings for the reader, one sentence each.
    """

    text: str
    path: Path
    frames: tuple[int, ...]
    warnings: tuple[str, ...]


def preview(
    source: Path,
    target: Path,
    variants: Sequence[Variant],
    *,
    count: int = 6,
    frames: Sequence[int] = (),
    delivery: Delivery | None = None,
    facts: Callable[[Variant], Mapping[str, str]] = lambda _: {},
    on_progress: OnProgress = lambda _stage, _done, _total: None,
) -> Preview:
    """Restore some frames of a film exactly as in a restoration of the whole film, and make a page of them.

    The film is read once to find cuts and select frames. Each network then reads it again, but only the
    windows of the selected frames. The output and its job are not changed. Memory holds one window, for any
    length of the film; the pictures are in a hidden folder beside the page until the page is made.

    Args:
        source: The film, in the same forms as for `restore_file`.
        target: The output, as for `restore_file`; nothing is written there.
        variants: One or more combinations of settings.
        count: Number of frames to select; fewer if the film has fewer suitable frames.
        frames: Numbers of the frames to show, instead of a selection.
        delivery: How the source is read, and the size of the output.
        facts: Returns additional facts about a variant for the page.
        on_progress: Called as the work goes on.

    Raises:
        RestorationError: something is wrong; a subclass, with the reason in one sentence.
    """
    _check(variants)
    variants = [replace(variant, settings=weights.completed(variant.settings)) for variant in variants]
    delivery = replace(delivery or Delivery(), overwrite=True)
    with open_source(source, deinterlace=delivery.deinterlace, rate=delivery.rate) as reader:
        order = make_order(reader.info, target, variants[0].settings, delivery)
        path = page_path(order.plan)
        with _temporary_folder_beside(path) as folder:
            film = scan(
                reader,
                [variant.settings for variant in variants],
                frames,
                lambda done: on_progress("scanned", done, reader.info.frames),
            )
            numbers = _chosen(film, variants[0].settings, count, frames)
            maker = _Maker(order, reader, film, folder)
            stills = maker.make(numbers, variants, facts, on_progress)
            page = make_page(
                stills,
                numbers,
                f"Preview of {source.name}",
                lambda stage, done: on_progress(stage, done, len(numbers)),
            )
    warnings = (*page.warnings, *([_DAMAGED] if film.damaged else []))
    return Preview(page.text, path, numbers, warnings)


def page_path(plan: OutputPlan) -> Path:
    """Return the path of a preview's page: beside the output file or folder of frames, with its name."""
    if plan.container is None:
        return beside(plan.target, ".preview.html")
    return plan.target.with_name(f"{plan.target.stem}.preview.html")


def _check(variants: Sequence[Variant]) -> None:
    """Check, before the film is read, everything that could prevent the restoration of a variant."""
    for model in {variant.settings.model for variant in variants}:
        load(weights.resolve(model))
    for settings in {variant.settings for variant in variants}:
        for name in settings.device.split(","):
            device = find_device(name.strip())
            check_acceleration(settings.acceleration, device)
            read_budget(settings.memory, device)


@contextmanager
def _temporary_folder_beside(path: Path) -> Iterator[Path]:
    """Provide a hidden folder for pictures until the block ends."""
    try:
        path.parent.mkdir(exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent)
    except OSError as error:
        raise JobError(f"cannot write in {path.parent}: {error.strerror}.") from error
    with folder as name:
        yield Path(name)


def _chosen(film: Scan, settings: Settings, count: int, frames: Sequence[int]) -> tuple[int, ...]:
    if film.measures is not None:
        return telling_frames(film.measures, film.cuts[settings.cuts], count)
    wrong = next((number for number in frames if not 0 <= number < film.frames), None)
    if wrong is not None:
        raise ClipError(f"there is no frame {wrong}: the source has frames 0 to {film.frames - 1}.")
    return tuple(sorted(set(frames)))


class _Maker:
    """Makes the pictures of a preview.

    Args:
        order: The order that would restore the film.
        reader: The source.
        film: The scan of the source.
        folder: The folder for the pictures.
    """

    def __init__(self, order: Order, reader: Source, film: Scan, folder: Path) -> None:
        self._order, self._reader, self._film, self._folder = order, reader, film, folder

    def make(
        self,
        numbers: Sequence[int],
        variants: Sequence[Variant],
        facts: Callable[[Variant], Mapping[str, str]],
        on_progress: OnProgress,
    ) -> list[Stills]:
        """Return the frames of the film, and those that each variant restores."""
        plan, info = self._order.plan, self._order.info
        before: dict[int, Still] = {}
        after: list[dict[int, Still]] = [{} for _ in variants]
        planned = plan_work(numbers, self._film, [variant.settings for variant in variants])
        for restored in restore_work(
            planned,
            lambda: Footage(self._reader, self._film),
            self._film,
            info.colour,
            lambda done, total: on_progress("restored", done, total),
        ):
            if restored.number not in before:
                before[restored.number] = self._before(restored)
            after[restored.variant][restored.number] = self._after(restored)
        return [
            Stills(info.path.name, _in_order(before), {}, info.sample_aspect_ratio, info.rotation),
            *(
                Stills(
                    variant.label,
                    _in_order(stills),
                    {**variant.words(), **facts(variant)},
                    plan.pictures.sample_aspect_ratio,
                    info.rotation,
                )
                for variant, stills in zip(variants, after, strict=True)
            ),
        ]

    def _before(self, restored: Restored) -> Still:
        picture = rgb_from_frame(restored.source.picture, self._order.info.colour)
        path = write_picture(self._folder / f"{restored.number}.ppm", picture)
        return Still(restored.number, self._time(restored), path)

    def _after(self, restored: Restored) -> Still:
        """Write a restored picture: resized as in a job, before the conversion to the encoder's pixels."""
        picture = self._order.conversion().resized(restored.picture)
        path = write_picture(self._folder / f"{restored.number}-{restored.variant}.ppm", picture)
        cleaned = restored.cleaned
        return Still(restored.number, self._time(restored), path, cleaned.passes, round(cleaned.residue, 3))

    def _time(self, restored: Restored) -> Fraction:
        info = self._order.info
        return restored.source.pts * info.time_base - info.start


def _in_order(stills: Mapping[int, Still]) -> tuple[Still, ...]:
    return tuple(stills[number] for number in sorted(stills))


_COMMON, _NOISE = 0.25, 0.8
"""Bytes per pixel: of film pictures at a medium quality, and of pure noise at the lowest quality."""


def make_page(
    given: Sequence[Stills],
    numbers: tuple[int, ...],
    title: str,
    on_frame: Callable[[str, int], None],
    *,
    megabytes: float = 40.0,
) -> Page:
    """Compare the restored frames with those of the film.

    Args:
        given: The frames of the film, then those of each variant.
        numbers: Numbers of the frames.
        title: Title of the page.
        on_frame: See `compare`.
        megabytes: Maximum size of the page; the limit is raised only if the pictures are many and large.
    """

    def within(bytes_per_pixel: float) -> Page:
        limit = max(megabytes, pixels * bytes_per_pixel / MEGABYTE)
        return compare(given, Choices("number", numbers, title=title, size_limit=limit), on_frame=on_frame)

    pixels = sum(source.info.width * source.info.height * len(source.stills) for source in given)
    try:
        return within(_COMMON)
    except SettingsError:
        return within(_NOISE)


def write_picture(path: Path, rgb: Tensor) -> Path:
    """Write a picture as PPM, which needs no encoder and loses nothing except by rounding to 8 bits.

    Args:
        path: The file to write; its name ends in .ppm.
        rgb: (3, H, W), float32; values outside 0-1 are clipped.

    Raises:
        VideoError: it cannot be written.
    """
    height, width = rgb.shape[1:]
    pixels = (rgb * 255).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()
    try:
        with path.open("wb") as file:
            file.write(f"P6\n{width} {height}\n255\n".encode("ascii"))
            file.write(memoryview(pixels.numpy()))
    except OSError as error:
        raise VideoError(f"cannot write {path}: {error.strerror}.") from error
    return path
