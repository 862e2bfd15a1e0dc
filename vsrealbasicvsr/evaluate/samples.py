"""The clips to evaluate: data sets in their usual folders, any other folder, or single clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.evaluate.degrade.recipe import Recipe
from vsrealbasicvsr.video.read.images import IMAGE_SUFFIXES

_VIDEO_SUFFIXES = (
    *(".mkv", ".mp4", ".mov", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".m2ts", ".m4v", ".vob", ".wmv"),
    *(".flv", ".mxf", ".y4m", ".ogv", ".3gp"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One clip to evaluate.

    Attributes:
        set: name of the data set, including the recipe; means are taken over a set.
        clip: name of the clip in the set.
        low: the low-quality clip; None if a recipe makes it from the ground truth.
        truth: the ground truth, four times as large; None if there is none.
        recipe: how the low-quality clip is made; None if it exists already.
    """

    set: str
    clip: str
    low: Path | None
    truth: Path | None
    recipe: Recipe | None


@dataclass(frozen=True, slots=True)
class Folders:
    """Patterns of the clips below the folder of a data set; `*` is the name of the clip.

    Attributes:
        truth: pattern of the ground truths; None if there are none.
        low: pattern of the low-quality clips; None if recipes must make them.
        label: addition to the name of the set.
    """

    truth: str | None
    low: str | None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A data set.

    Attributes:
        name: the name for users.
        ways: the folder structures in use; the first one that is found is taken.
        clips: names of the clips to use; empty for all.
    """

    name: str
    ways: tuple[Folders, ...]
    clips: tuple[str, ...] = ()


LAYOUTS = (
    Layout("videolq", (Folders(None, "Input/*"), Folders(None, "*"))),
    Layout(
        "reds4",
        (
            Folders("GT/*", "sharp_bicubic/*"),
            Folders("GT/*", "LQ/*"),
            Folders("train_sharp/*", "train_sharp_bicubic/X4/*"),
            Folders("train/train_sharp/*", "train/train_sharp_bicubic/X4/*"),
            Folders("train_sharp/*", None),
            Folders("GT/*", None),
        ),
        ("000", "011", "015", "020"),
    ),
    Layout(
        "udm10",
        (
            Folders("GT/*", "BIx4/*", "BI"),
            Folders("GT/*", "BDx4/*", "BD"),
            Folders("*/truth", "*/blur4", "BD"),
            Folders("GT/*", None),
        ),
    ),
    Layout(
        "vid4",
        (
            Folders("GT/*", "BIx4/*", "BI"),
            Folders("GT/*", "BDx4/*", "BD"),
            Folders("GT/*", None),
        ),
    ),
    Layout("folder", (Folders("GT/*", "LQ/*"), Folders("GT/*", None), Folders(None, "*"))),
)


def find_samples(path: Path, layout: str | None, recipes: Sequence[Recipe]) -> tuple[Sample, ...]:
    """Return the clips of a path.

    A video, a folder of images or a pattern is one clip. Any other folder is a data set. Its layout is the
    named one. Without a name, it is the layout with the name of the folder. If there is none, the folder
    holds `GT` and `LQ`, or only clips.

    Args:
        path: the path from the user.
        layout: name of a layout; None detects it.
        recipes: make low-quality clips from ground truths. Without recipes, the set's own low-quality clips
            are used, and a single clip is a real one without ground truth.

    Raises:
        VideoError: there are no such clips, or there are recipes but no ground truth.
    """
    if layout is None and not _is_set(path):
        return tuple(_single(path.stem, path, recipes))
    chosen = _layout(layout or path.name)
    for way in chosen.ways:
        samples = tuple(_of_set(path, chosen, way, recipes))
        if samples:
            return samples
    missing = "ground truth to degrade" if recipes else "clips"
    raise VideoError(f"{path} holds no {missing} in the layout {chosen.name}: check the folder's structure.")


def _is_set(path: Path) -> bool:
    if not path.is_dir():
        return False
    return not any(file.suffix.lower() in IMAGE_SUFFIXES for file in path.iterdir() if file.is_file())


def _layout(name: str) -> Layout:
    return next((layout for layout in LAYOUTS if layout.name == name.casefold()), LAYOUTS[-1])


def _single(name: str, path: Path, recipes: Sequence[Recipe]) -> Iterator[Sample]:
    if not recipes:
        yield Sample(set="real", clip=name, low=path, truth=None, recipe=None)
    for recipe in recipes:
        yield Sample(set=recipe.name, clip=name, low=None, truth=path, recipe=recipe)


def _of_set(root: Path, layout: Layout, way: Folders, recipes: Sequence[Recipe]) -> Iterator[Sample]:
    truths, lows = _entries(root, way.truth), _entries(root, way.low)
    name = root.resolve().name if layout.name == "folder" else layout.name
    if recipes:
        # In a folder that holds only clips, the clips are the ground truth.
        for recipe in recipes:
            for clip, truth in _chosen(truths or (lows if layout.name == "folder" else {}), layout):
                yield Sample(set=f"{name} {recipe.name}", clip=clip, low=None, truth=truth, recipe=recipe)
    elif way.low is not None and (way.truth is None or truths):
        label = f"{name} {way.label}".strip()
        for clip, low in _chosen(lows, layout):
            if way.truth is None or clip in truths:
                yield Sample(set=label, clip=clip, low=low, truth=truths.get(clip), recipe=None)


def _chosen(entries: dict[str, Path], layout: Layout) -> Iterator[tuple[str, Path]]:
    for clip in layout.clips or sorted(entries):
        if clip in entries:
            yield clip, entries[clip]


def _entries(root: Path, pattern: str | None) -> dict[str, Path]:
    """Return clips by name: folders of images, and videos."""
    if pattern is None:
        return {}
    place = pattern.split("/").index("*")
    clips = {}
    for path in root.glob(pattern):
        name = path.relative_to(root).parts[place]
        if path.is_dir() and not name.startswith("."):
            clips[name] = path
        elif path.suffix.lower() in _VIDEO_SUFFIXES:
            clips[Path(name).stem] = path
    return clips
