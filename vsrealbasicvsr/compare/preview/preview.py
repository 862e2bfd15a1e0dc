"""From a film to the page: scan, choose, restore, lay out."""

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
"""Called with what is done ("scanned", "restored", "encoded"), how far it is, and how far it will be."""


_DAMAGED = (
    "the source is damaged: where it is, frames may come out otherwise in the film, as decoders hide damage "
    "by what they decoded before."
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A finished preview.

    Attributes:
        text: HTML.
        path: Where it belongs, beside the output.
        frames: Numbers of the frames that it shows.
        warnings: What its reader should know, a sentence each.
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
    """Restore some frames of a film as they will be in the whole of it, and lay them out in a page.

    The film is read once for its cuts and the choice, and for each network again where the chosen frames'
    windows are. The output and its job are left alone. Memory holds one window, whatever the film's length;
    the pictures lie in a hidden folder beside the page until it is made.

    Args:
        source: As `restore_file` takes it.
        target: Likewise; nothing is written there.
        variants: Ways to restore, one or more.
        count: How many of the most telling frames to show; fewer where there are fewer.
        frames: Numbers of the frames to show, instead.
        delivery: How the source is read, and the size of the output.
        facts: More that the page is to tell of a variant.
        on_progress: Told how far it is.

    Raises:
        RestorationError: one of its kinds, in one sentence, for whatever is wrong.
    """
    _check(variants)
    variants = [replace(one, settings=weights.completed(one.settings)) for one in variants]
    delivery = replace(delivery or Delivery(), overwrite=True)
    with open_source(source, deinterlace=delivery.deinterlace, rate=delivery.rate) as reader:
        order = make_order(reader.info, target, variants[0].settings, delivery)
        path = page_path(order.plan)
        with _room_beside(path) as room:
            read = scan(
                reader,
                [variant.settings for variant in variants],
                frames,
                lambda done: on_progress("scanned", done, reader.info.frames),
            )
            numbers = _chosen(read, variants[0].settings, count, frames)
            maker = _Maker(order, reader, read, room)
            given = maker.make(numbers, variants, facts, on_progress)
            page = make_page(
                given,
                numbers,
                f"Preview of {source.name}",
                lambda stage, done: on_progress(stage, done, len(numbers)),
            )
    warnings = (*page.warnings, *([_DAMAGED] if read.damaged else []))
    return Preview(page.text, path, numbers, warnings)


def page_path(plan: OutputPlan) -> Path:
    """Where the page of a preview belongs: beside the file, or the folder of frames, with its name."""
    if plan.container is None:
        return beside(plan.target, ".preview.html")
    return plan.target.with_name(f"{plan.target.stem}.preview.html")


def _check(variants: Sequence[Variant]) -> None:
    """Find out before the film is read what would keep one of them from being restored."""
    for model in {variant.settings.model for variant in variants}:
        load(weights.resolve(model))
    for settings in {variant.settings for variant in variants}:
        for name in settings.device.split(","):
            device = find_device(name.strip())
            check_acceleration(settings.acceleration, device)
            read_budget(settings.memory, device)


@contextmanager
def _room_beside(path: Path) -> Iterator[Path]:
    """A folder for pictures, gone afterwards."""
    try:
        path.parent.mkdir(exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent)
    except OSError as error:
        raise JobError(f"cannot write in {path.parent}: {error.strerror}.") from error
    with room as name:
        yield Path(name)


def _chosen(read: Scan, settings: Settings, count: int, frames: Sequence[int]) -> tuple[int, ...]:
    if read.measures is not None:
        return telling_frames(read.measures, read.cuts[settings.cuts], count)
    wrong = next((number for number in frames if not 0 <= number < read.frames), None)
    if wrong is not None:
        raise ClipError(f"there is no frame {wrong}: the source has frames 0 to {read.frames - 1}.")
    return tuple(sorted(set(frames)))


class _Maker:
    """Makes the pictures of a preview.

    Args:
        order: What the film would be made by.
        reader: The source.
        read: Its scan.
        room: Where pictures are kept.
    """

    def __init__(self, order: Order, reader: Source, read: Scan, room: Path) -> None:
        self._order, self._reader, self._read, self._room = order, reader, read, room

    def make(
        self,
        numbers: Sequence[int],
        variants: Sequence[Variant],
        facts: Callable[[Variant], Mapping[str, str]],
        on_progress: OnProgress,
    ) -> list[Stills]:
        """The film as it is, and as each variant restores it."""
        plan, info = self._order.plan, self._order.info
        before: dict[int, Still] = {}
        after: list[dict[int, Still]] = [{} for _ in variants]
        planned = plan_work(numbers, self._read, [variant.settings for variant in variants])
        for restored in restore_work(
            planned,
            lambda: Footage(self._reader, self._read),
            self._read,
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
        path = write_picture(self._room / f"{restored.number}.ppm", picture)
        return Still(restored.number, self._time(restored), path)

    def _after(self, restored: Restored) -> Still:
        """As a job resizes it, before its colours and codes are the encoder's."""
        picture = self._order.conversion().resized(restored.picture)
        path = write_picture(self._room / f"{restored.number}-{restored.variant}.ppm", picture)
        cleaned = restored.cleaned
        return Still(restored.number, self._time(restored), path, cleaned.passes, round(cleaned.residue, 3))

    def _time(self, restored: Restored) -> Fraction:
        info = self._order.info
        return restored.source.pts * info.time_base - info.start


def _in_order(stills: Mapping[int, Still]) -> tuple[Still, ...]:
    return tuple(stills[number] for number in sorted(stills))


_COMMON, _NOISE = 0.25, 0.8
"""Bytes a pixel: what pictures of films take at a middle quality, and what pure noise takes at the lowest."""


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
        given: The film first.
        numbers: Of the frames.
        title: Of the page.
        on_frame: See `compare`.
        megabytes: Of the page; it is larger only where its pictures are many and large.
    """

    def within(bytes_per_pixel: float) -> Page:
        limit = max(megabytes, pixels * bytes_per_pixel / MEGABYTE)
        return compare(given, Choices("number", numbers, title=title, size_limit=limit), on_frame=on_frame)

    pixels = sum(one.info.width * one.info.height * len(one.stills) for one in given)
    try:
        return within(_COMMON)
    except SettingsError:
        return within(_NOISE)


def write_picture(path: Path, rgb: Tensor) -> Path:
    """Write a picture as PPM, which needs no encoder and has no loss but the rounding to 8 bits.

    Args:
        path: Its name ends in .ppm.
        rgb: (3, H, W), float32; what lies outside 0-1 is clipped.

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
