"""Survey of folders: the clips in them, and the files that cannot be used."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from training.data.cache import PictureCache
from training.data.clips import Clip
from training.data.footage import find_footage
from training.data.frames import frame_clip
from training.data.options import DataOptions
from training.data.synthetic.backgrounds import Backgrounds
from training.data.synthetic.drawings import DrawingClip
from training.data.synthetic.fonts import Font, find_fonts, read_font
from training.data.synthetic.photos import PhotoClip
from training.data.synthetic.pictures import picture_size
from training.data.synthetic.text import TextClip
from training.data.videos import ShotClip, Video
from training.data.writing import write_whole
from training.errors import TrainingError
from vsrealbasicvsr.errors import ClipError, VideoError
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import open_source

_REPORT = 5_000  # frames between two progress messages
_ALONE = 100  # clips per epoch if there are only drawings and text


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that was found but cannot be used.

    Attributes:
        name: the file or folder.
        reason: why it cannot be used; the same reason has the same words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of a survey.

    Attributes:
        clips: the clips to take samples from, always in the same order.
        refused: the files and folders that cannot be used.
    """

    clips: tuple[Clip, ...]
    refused: tuple[Refused, ...]

    def left_out(self) -> Iterator[str]:
        """Yield a readable line for each reason of refusal, the most frequent reason first."""
        reasons = Counter(refused.reason for refused in self.refused)
        for reason, count in reasons.most_common():
            example = next(refused.name for refused in self.refused if refused.reason == reason)
            yield f"left out: {example}{f' and {count - 1} more' if count > 1 else ''}: {reason}"


def find_clips(
    folders: Sequence[Path],
    photos: Sequence[Path],
    *,
    drawings: Sequence[Path] = (),
    fonts: Sequence[Path] = (),
    options: DataOptions,
    count: int,
    side: int,
    cache: Path | None = None,
    progress: Callable[[str], None] | None = None,
    count_option: str = "data.frames and data.mirror",
) -> Survey:
    """Find the clips that samples can be taken from.

    Each folder of pictures is a clip. Each shot of a video file is a clip, so that no sample crosses a cut.
    Each picture in `photos` is a clip. Videos are decoded once from beginning to end. The clips of drawings
    and of text are repeated in the list according to their share of all samples. Each of these clips uses all
    drawings or all fonts, with the photographs as backgrounds.

    Args:
        folders: searched at any depth for folders of pictures and for video files.
        photos: searched at any depth for photographs.
        drawings: searched at any depth for pictures with transparency.
        fonts: searched at any depth for font files.
        options: the threshold of cuts, the motion over photographs, and the size of the workers' cache.
        count: smallest number of frames of a clip.
        side: smallest height and width of a clip's pictures, in pixels.
        cache: folder in which the scans of videos are saved; None saves nothing.
        progress: gets a message before and during work that takes long.
        count_option: the options that set `count`, for messages.

    Raises:
        TrainingError: a folder does not exist or holds nothing, or nothing can be used.
    """
    too_short = f"fewer than the {count} frames of a sample (set by {count_option})"
    survey = _Surveyor(options, count, side, cache, progress or (lambda _: None), too_short)
    plain = [*survey.footage(folders), *survey.photographs(photos)]
    clips = tuple(item for item in plain if not isinstance(item, Refused))
    composed = [*survey.drawings(drawings, clips), *survey.text(fonts, clips)]
    refused = tuple(item for item in (*plain, *composed) if isinstance(item, Refused))
    shares = [item for item in composed if not isinstance(item, Refused)]
    clips += _repeated(shares, len(clips))
    if not clips:
        places = ", ".join(map(str, (*folders, *photos, *drawings, *fonts)))
        raise TrainingError(f"Nothing in {places} can be used. {_why_nothing(refused)}")
    return Survey(clips, refused)


def _why_nothing(refused: Sequence[Refused]) -> str:
    if not refused:
        return (
            "Photographs and drawings must be pictures, not videos, and data.drawings.share and "
            "data.text.share must be above 0 where there is nothing else."
        )
    reason, times = Counter(item.reason for item in refused).most_common(1)[0]
    example = next(item.name for item in refused if item.reason == reason)
    return f"The reason for {times} of {len(refused)}: {reason}, such as {example}."


def _repeated(shares: Sequence[tuple[Clip, float]], others: int) -> tuple[Clip, ...]:
    """Repeat clips until they have their shares of all clips; each comes at least once."""
    whole = others / (1 - sum(share for _, share in shares)) if others else _ALONE
    return tuple(
        chain.from_iterable([clip] * max(1, round(share * whole)) for clip, share in shares if share)
    )


class _Surveyor:
    def __init__(
        self,
        options: DataOptions,
        count: int,
        side: int,
        cache: Path | None,
        progress: Callable[[str], None],
        too_short: str,
    ) -> None:
        self._options = options
        self._count, self._side = count, side
        self._cache = cache
        self._progress = progress
        self._too_short = too_short
        self._pictures = PictureCache(options.cache_megabytes << 20)

    def footage(self, folders: Sequence[Path]) -> Iterator[Clip | Refused]:
        for footage in find_footage(folders) if folders else ():
            if footage.pictures:
                yield self._frame_clip(footage.path, footage.pictures)
            else:
                yield from self._shots(footage.path)

    def photographs(self, folders: Sequence[Path]) -> Iterator[Clip | Refused]:
        for footage in find_footage(folders) if folders else ():
            for path in footage.pictures:
                yield self._photograph(path)

    def drawings(
        self, folders: Sequence[Path], clips: Sequence[Clip]
    ) -> Iterator[tuple[Clip, float] | Refused]:
        """Yield at most one clip, which uses all drawings, with its share."""
        usable: list[Path] = []
        for footage in find_footage(folders) if folders else ():
            for path in footage.pictures:
                try:
                    picture_size(path)
                except ClipError:
                    yield Refused(str(path), "damaged, or no picture")
                else:
                    usable.append(path)
        if usable:
            options = self._options.drawings
            backgrounds = self._backgrounds(clips, options.photos)
            name = f"{len(usable)} drawings of {', '.join(map(str, folders))}"
            yield DrawingClip(name, tuple(usable), backgrounds, options, self._pictures), options.share

    def text(self, folders: Sequence[Path], clips: Sequence[Clip]) -> Iterator[tuple[Clip, float] | Refused]:
        """Yield at most one clip, which uses all fonts, with its share."""
        usable: list[Font] = []
        for path in chain.from_iterable(find_fonts(folder) for folder in folders):
            try:
                font = read_font(path)
            except ClipError:
                yield Refused(str(path), "damaged, or no font")
                continue
            if font.scripts:
                usable.append(font)
            else:
                yield Refused(str(path), "a font without all letters of any script that is written here")
        if usable:
            options = self._options.text
            backgrounds = self._backgrounds(clips, options.photos)
            name = f"text in {len(usable)} fonts of {', '.join(map(str, folders))}"
            yield TextClip(name, tuple(usable), backgrounds, options), options.share

    def _backgrounds(self, clips: Sequence[Clip], chance: float) -> Backgrounds:
        photos = tuple(clip for clip in clips if isinstance(clip, PhotoClip))
        return Backgrounds(photos, chance, self._options.motion, self._pictures)

    def _frame_clip(self, folder: Path, pictures: tuple[Path, ...]) -> Clip | Refused:
        try:
            clip = frame_clip(folder, pictures)
        except ClipError as error:
            return Refused(str(folder), f"damaged, or pictures of mixed sizes ({error})")
        reason = self._too_small(len(clip.names), clip.size)
        return Refused(clip.name, reason) if reason else clip

    def _photograph(self, path: Path) -> Clip | Refused:
        try:
            size = picture_size(path)
        except ClipError:
            return Refused(str(path), "damaged, or no picture")
        reason = self._too_small(self._count, size)
        return Refused(str(path), reason) if reason else PhotoClip(path, self._options.motion, self._pictures)

    def _shots(self, path: Path) -> Iterator[Clip | Refused]:
        try:
            video, lost = self._video(path)
        except VideoError as error:
            yield Refused(str(path), f"cannot be read ({error})")
            return
        except _UnfitError as unfit:
            yield Refused(str(path), str(unfit))
            return
        if lost:
            yield Refused(str(path), f"{lost} frames that cannot be decoded (the others are used)")
        for first, frames in video.shots():
            clip = ShotClip(video, first, frames, self._pictures)
            reason = self._too_small(frames, video.size)
            yield Refused(clip.name, reason) if reason else clip

    def _too_small(self, frames: int, size: tuple[int, int]) -> str:
        if frames < self._count:
            return self._too_short
        if min(size) < self._side:
            return f"smaller than {self._side}x{self._side} (four times data.low_size)"
        return ""

    def _video(self, path: Path) -> tuple[Video, int]:
        """Return a video and its number of lost frames, from the cache if the file has not changed."""
        status = path.stat()
        state = [str(path.resolve()), status.st_size, status.st_mtime_ns, self._options.cut_threshold, 1]
        saved = None
        if self._cache is not None:
            digest = hashlib.sha256(json.dumps(state).encode()).hexdigest()[:24]
            saved = self._cache / f"{digest}.json"
            if (result := _read_saved(saved, path)) is not None:
                return result
        video, lost = _scanned(path, self._options.cut_threshold, self._progress)
        if saved is not None:
            facts = {**asdict(video), "path": str(path), "lost": lost}
            write_whole(saved, json.dumps(facts).encode())
        return video, lost


class _UnfitError(Exception):
    """A video that can be decoded, but whose frames cannot be found by seeking."""


def _read_saved(saved: Path, path: Path) -> tuple[Video, int] | None:
    try:
        facts = json.loads(saved.read_text(encoding="utf-8"))
        video = Video(
            path=path,
            stream=facts["stream"],
            size=(facts["size"][0], facts["size"][1]),
            colour=Colour(**facts["colour"]),
            times=tuple(facts["times"]),
            cuts=tuple(facts["cuts"]),
        )
        return video, facts["lost"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # missing, or written by another version: the video is scanned again


def _scanned(path: Path, threshold: float, progress: Callable[[str], None]) -> tuple[Video, int]:
    times: list[int] = []
    cuts = []
    with open_source(path, deinterlace="off") as source:
        if source.info.interlaced:
            raise _UnfitError("interlaced (`python -m training prepare` deinterlaces them)")
        expected = source.info.frames
        progress(f"looking for the scene cuts of {path}" + (f", {expected} frames" if expected else ""))
        for frame, is_first in find_cuts(source, threshold=threshold):
            time = frame.picture.pts
            if time is None or (times and time <= times[-1]):
                raise _UnfitError(
                    "no rising time stamps (`python -m training prepare` makes pictures of such videos)"
                )
            if is_first:
                cuts.append(len(times))
            times.append(time)
            if len(times) % _REPORT == 0:
                progress(f"{path}: {len(times)} frames, {len(cuts)} cuts so far")
        size = (source.info.height, source.info.width)
        video = Video(path, source.info.stream, size, source.info.colour, tuple(times), tuple(cuts))
        return video, source.lost
