"""Excerpts from clips and shots from films, reduced in size and stored as HEVC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from numpy.typing import NDArray
from PIL import Image

from training.data.writing import write_whole
from training.options import require
from training.recipes.default.archives import members
from training.recipes.default.record import Taken
from training.recipes.default.sources import Archive, Copy, Excerpt, Film, Part
from vsrealbasicvsr.files import replaced
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import open_source

_BT709 = 1
_ONE_THREAD = "log-level=none:pools=none:frame-threads=1:open-gop=0:keyint=24:min-keyint=24:scenecut=0"
_NEIGHBOURS = 4  # frames on either side with which a leap is compared


@dataclass(frozen=True, slots=True)
class Quality:
    """The format of a stored clip.

    Attributes:
        pixels: FFmpeg's name of the pixel format.
        crf: x265's constant quality; None is lossless.
    """

    pixels: str
    crf: int | None


FOR_TRAINING = Quality("yuv420p", 16)
NEARLY_LOSSLESS = Quality("yuv444p", 10)
LOSSLESS = Quality("gbrp", None)


def write_clip(
    path: Path, frames: Iterable[NDArray[np.uint8]], rate: Fraction | int, quality: Quality
) -> None:
    """Write a clip. It gets its name only when it is complete.

    Args:
        path: path that ends in .mp4.
        frames: (H, W, 3) RGB, all of one size with even sides.
        rate: frames per second.
        quality: format of the stored clip.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as partial, av.open(partial, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=rate)
        context = stream.codec_context
        lossless = quality.crf is None
        parameters = f"{_ONE_THREAD}:lossless=1" if lossless else f"{_ONE_THREAD}:crf={quality.crf}"
        context.options = {"preset": "fast" if lossless else "medium", "x265-params": parameters}
        context.pix_fmt = quality.pixels
        context.colorspace = 0 if lossless else _BT709
        context.color_primaries = context.color_trc = _BT709
        context.color_range = 2 if lossless else 1  # full, limited
        for number, pixels in enumerate(frames):
            if not number:
                context.height, context.width = pixels.shape[:2]
            picture = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if lossless:
                picture = picture.reformat(format=quality.pixels)
            else:
                picture = picture.reformat(format=quality.pixels, dst_colorspace=Colorspace.ITU709)
            picture.pts = number
            picture.time_base = 1 / Fraction(rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def unpacked(archive: Archive, file: Path, member: str, folder: Path) -> tuple[Path, str]:
    """Extract a clip from an archive. Return the extracted file and the member's path.

    It is extracted because a film is decoded more than once.

    Args:
        archive: the archive.
        file: file of the archive.
        member: regular expression for the path of the clip.
        folder: folder for the extracted file; an existing one is used again.
    """
    entry = next(members(file, member, archive.only), None)
    require(entry is not None, f"{file} holds nothing like {member}.")
    assert entry is not None
    name, content = entry
    path = folder / f"{archive.sha256[:12]}-{name.rpartition('/')[2]}"
    if not path.is_file() or path.stat().st_size != len(content):
        write_whole(path, content)
    return path, name


def take_excerpt(excerpt: Excerpt, file: Path, target: Path, folder: Path) -> tuple[Taken, ...]:
    """Write an excerpt: as `train/clips/NAME.mp4`, `validation/NAME.mp4` or `evaluation/truth/NAME.mp4`.

    Args:
        excerpt: the excerpt.
        file: file of the archive.
        target: folder of the pack.
        folder: folder for the extracted clip.
    """
    clip, member = unpacked(excerpt.archive, file, excerpt.member, folder)
    path = target / _place(excerpt.part) / f"{excerpt.name}.mp4"
    last = excerpt.first + (excerpt.frames - 1) * excerpt.step
    with open_source(clip, deinterlace="off") as source:
        pictures = (
            frame.picture
            for number, frame in enumerate(source)
            if excerpt.first <= number <= last and (number - excerpt.first) % excerpt.step == 0
        )
        shrunk = (_reduced(picture, source.info.colour, excerpt.size, excerpt.crop) for picture in pictures)
        quality = LOSSLESS if excerpt.part == "evaluation" else FOR_TRAINING
        write_clip(path, shrunk, source.info.rate / excerpt.step, quality)
    note = f"{member}, frames {excerpt.first} to {last}, every {excerpt.step}"
    return (Taken(excerpt.part, path.relative_to(target).as_posix(), note, excerpt.archive),)


def take_copy(copy: Copy, file: Path, target: Path) -> tuple[Taken, ...]:
    """Write an unchanged clip of low quality as `evaluation/low_quality/NAME`."""
    entry = next(members(file, copy.member, copy.archive.only), None)
    require(entry is not None, f"{file} holds nothing like {copy.member}.")
    assert entry is not None
    path = target / "evaluation" / "low_quality" / copy.name
    write_whole(path, entry[1])
    return (Taken("evaluation", path.relative_to(target).as_posix(), entry[0], copy.archive),)


@dataclass(frozen=True, slots=True)
class Shot:
    """A shot of a film.

    Attributes:
        first: number of its first frame.
        frames: number of frames.
        contrast: mean standard deviation of the brightness, on the 0-255 scale.
        motion: median change of the brightness from frame to frame, on the 0-255 scale.
    """

    first: int
    frames: int
    contrast: float
    motion: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive frames of a shot, and their part of the pack."""

    part: Part
    first: int
    frames: int


def take_film(film: Film, file: Path, target: Path, folder: Path) -> tuple[Taken, ...]:
    """Write pieces of a film's shots: `train/clips/NAME_FRAME.mp4` and `validation/NAME_FRAME.mp4`.

    Args:
        film: the film.
        file: file of the archive.
        target: folder of the pack.
        folder: folder for the extracted film.
    """
    clip, member = unpacked(film.archive, file, film.member, folder)
    pieces = choose(film, find_shots(clip, film.leap))
    taken = []
    with open_source(clip, deinterlace="off") as source:
        frames = enumerate(source)
        for piece in pieces:
            path = target / _place(piece.part) / f"{film.name}_{piece.first:05}.mp4"
            numbers = range(piece.first, piece.first + piece.frames)
            shrunk = []
            for number, frame in frames:
                if number in numbers:
                    shrunk.append(_reduced(frame.picture, source.info.colour, film.size))
                if number == numbers[-1]:
                    break
            write_clip(path, shrunk, source.info.rate, FOR_TRAINING)
            note = f"{member}, frames {numbers[0]} to {numbers[-1]}"
            taken.append(Taken(piece.part, path.relative_to(target).as_posix(), note, film.archive))
    return tuple(taken)


def find_shots(clip: Path, leap: float) -> tuple[Shot, ...]:
    """Find the shots of a film, with their contrast and motion.

    A detector that must not find false cuts misses cuts between pictures of similar brightness, or beside
    fast motion. Here a false cut does little harm, so every leap of the brightness also ends a shot.

    Args:
        clip: the film.
        leap: a change of brightness above this value, and above twice the median around it, is a leap.
    """
    cuts, contrasts, changes = list[bool](), list[float](), list[float]()
    before: NDArray[np.float32] | None = None
    with open_source(clip, deinterlace="off") as source:
        for frame, is_first in find_cuts(source):
            small = frame.picture.reformat(width=80, height=45, format="gray").to_ndarray().astype(np.float32)
            cuts.append(is_first)
            contrasts.append(float(small.std()))
            changes.append(0.0 if before is None else float(np.abs(small - before).mean()))
            before = small
    inside = range(1, len(cuts))
    starts = [0, *(number for number in inside if cuts[number] or _leaps(changes, number, leap))]
    return tuple(
        Shot(
            first, end - first, float(np.mean(contrasts[first:end])),
            float(np.median(changes[first + 1 : end] or [0.0])),
        )
        for first, end in zip(starts, (*starts[1:], len(cuts)), strict=True)
    )  # fmt: skip


def _leaps(changes: list[float], number: int, leap: float) -> bool:
    around = changes[max(1, number - _NEIGHBOURS) : number] + changes[number + 1 : number + 1 + _NEIGHBOURS]
    return changes[number] > max(leap, 2 * float(np.median(around or [0.0])))


def choose(film: Film, shots: tuple[Shot, ...]) -> tuple[Piece, ...]:
    """Choose the middles of lively shots, in order. Shots that cross an end of the held-out part are omitted.

    Args:
        film: the film, with the limits and lengths of the pieces.
        shots: all shots of the film.
    """
    total = shots[-1].first + shots[-1].frames
    low, high = (round(share * total) for share in film.held_out)
    held, pieces = [], []
    for shot in shots:
        begin, end = shot.first, shot.first + shot.frames
        lively = shot.contrast > film.contrast and film.motion[0] < shot.motion < film.motion[1]
        if not lively or begin < film.used[0] or end > film.used[1]:
            continue
        if low <= begin and end <= high:
            held += [_middle(shot, "validation", film.validation_frames)]
        elif end <= low or begin >= high:
            pieces += [_middle(shot, "train", film.frames)]
    held = [piece for piece in held if piece]
    step = max(1, -(-len(held) // film.validation_shots))
    both = [piece for piece in (*pieces, *held[::step]) if piece]
    return tuple(sorted(both, key=lambda piece: piece.first))


def _middle(shot: Shot, part: Part, frames: int) -> Piece | None:
    if shot.frames < frames + 2:  # the first and last frame may be blended with other shots
        return None
    return Piece(part, shot.first + (shot.frames - frames) // 2, frames)


def _place(part: Part) -> Path:
    return {"train": Path("train/clips"), "validation": Path(part), "evaluation": Path(part) / "truth"}[part]


def _reduced(
    picture: VideoFrame, colour: Colour, size: tuple[int, int], crop: tuple[int, int, int, int] | None = None
) -> NDArray[np.uint8]:
    pixels = rgb_from_frame(picture, colour).mul_(255.0).round_().byte().permute(1, 2, 0).numpy()
    if crop is not None:
        left, top, width, height = crop
        pixels = pixels[top : top + height, left : left + width]
    if pixels.shape[1::-1] == size:
        return np.ascontiguousarray(pixels)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS))
