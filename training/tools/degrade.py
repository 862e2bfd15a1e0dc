"""Degradation of a clip as in training, for viewing, with a record of all drawn parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from training.data.writing import write_picture, write_whole
from training.degradation.apply import apply
from training.degradation.options import DegradationOptions
from training.degradation.parameters import Operation, Parameters
from training.degradation.sample import Degradation
from training.degradation.sharpen import sharpen
from training.errors import TrainingError
from training.options import build, require
from vsrealbasicvsr import __version__
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import Source, SourceFrame, open_source

_STILL = 30  # number of frames for a single picture
_MULTIPLE = 2 * SCALE  # sides are multiples of it, so that those of the low frames are even
_SHOWN = 4  # number of frames in the overview
_MOST_PIXELS = 200_000_000  # of all frames together; they take about 40 bytes each


def degrade_clip(
    source: Path, target: Path, *, degradation: DegradationOptions, frames: int | None, seed: int,
    crop: int | None,
) -> None:  # fmt: skip
    """Sharpen and degrade a clip as in training, and write the results.

    `target` gets `low/00000000.png` and so on, `sharpened/` in the same way, `parameters.json` with all drawn
    parameters, and `overview.png`: a few frames of the truth beside the low frames, enlarged with visible
    pixels. Files of an earlier run in the same folder are replaced. All frames are held in memory.

    Args:
        source: a video file, a folder of pictures, or one picture, which is repeated.
        target: the folder; it is created if it is missing.
        degradation: ranges of the parameters.
        frames: number of frames, from the first; None uses all, and repeats a single picture 30 times.
        seed: random seed of the parameters.
        crop: side of the square that is cut from the centre; None uses whole frames. Sides are cut to
            multiples of 8.

    Raises:
        TrainingError: the crop is larger than the frames, there are too many frames for memory, the
            options are impossible, or the target cannot be written.
        VideoError: the source cannot be read.
    """
    truth = read_truth(source, frames, crop)
    count, height, width = truth.shape[:3]
    rng = np.random.Generator(np.random.PCG64(seed))
    parameters = Degradation(degradation, height // SCALE, width // SCALE).sample(rng, count)
    clean = truth.astype(np.float32) / np.float32(255)
    if degradation.sharpen:
        clean = np.stack([sharpen(frame) for frame in clean])
    low = apply(clean, parameters)
    _write_frames(target / "low", low)
    _write_frames(target / "sharpened", np.rint(clean * 255).astype(np.uint8))
    facts = {"source": str(source), "seed": seed, "crop": crop, "height": height, "width": width}
    write_parameters(target / "parameters.json", parameters, facts | {"options": asdict(degradation)})
    write_picture(target / "overview.png", _overview(truth, low))


def read_truth(source: Path, frames: int | None, crop: int | None) -> NDArray[np.uint8]:
    """Read the clip that `degrade_clip` degrades, (T, H, W, 3) RGB. For the arguments see there."""
    with open_source(source) as opened:
        box = _centre(opened.info.height, opened.info.width, crop)
        rows, columns = (side.stop - side.start for side in box)
        most = max(_MOST_PIXELS // (rows * columns), 1)
        selected = islice(opened, min(frames or most + 1, most + 1))
        pictures = [_rgb(frame, opened)[box].copy() for frame in selected]
    if source.is_file() and len(pictures) == 1:
        pictures *= frames or _STILL
    require(
        len(pictures) <= most,
        f"So many frames of {source} do not fit into memory; take {most} or fewer with --frames, or "
        "smaller ones with --crop.",
    )
    return np.stack(pictures)


def _rgb(frame: SourceFrame, source: Source) -> NDArray[np.uint8]:
    pixels = rgb_from_frame(frame.picture, source.info.colour).mul_(255).round_().byte()
    return pixels.permute(1, 2, 0).numpy()


def write_parameters(path: Path, parameters: Parameters, facts: dict[str, Any]) -> None:
    """Write parameters as JSON, with further facts, and the versions that the result depends on."""
    operations = [
        {"operation": type(operation).__name__, **asdict(operation)} for operation in parameters.operations
    ]
    versions = {
        "vsrealbasicvsr": __version__, "numpy": np.__version__, "torch": torch.__version__,
        "opencv": cv2.__version__, "av": av.__version__,
        "libavcodec": ".".join(map(str, av.library_versions["libavcodec"])),
    }  # fmt: skip
    table = facts | {"frames": parameters.frames, "operations": operations, "versions": versions}
    write_whole(path, (json.dumps(table, indent=2) + "\n").encode())


def read_parameters(path: Path) -> Parameters:
    """Read the parameters from a `parameters.json`. With them, `apply` makes the same low frames again.

    Raises:
        TrainingError: the file cannot be read, or holds something else.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise TrainingError(f"{path} is no JSON: {error}.") from error
    require(
        isinstance(table, dict) and isinstance(table.get("operations"), list) and "frames" in table,
        f"{path} holds no parameters: it must have frames and a list of operations.",
    )
    operations = tuple(_operation(item, path, place) for place, item in enumerate(table["operations"]))
    return Parameters(int(table["frames"]), operations)


def _operation(table: Any, path: Path, place: int) -> Operation:
    where = f"{path}, operation {place}"
    kinds = {kind.__name__: kind for kind in get_args(Operation)}
    name = table.get("operation") if isinstance(table, dict) else None
    if name not in kinds:
        raise TrainingError(f"{where}: `operation` must be one of {', '.join(kinds)}, not {name!r}.")
    kind: type[Operation] = kinds[name]
    values = {name: value for name, value in table.items() if name != "operation"}
    missing = [item.name for item in fields(kind) if item.name not in values]
    require(not missing, f"{where}: {', '.join(missing)} is missing.")
    return build(kind, values, where)


def _centre(height: int, width: int, crop: int | None) -> tuple[slice, slice]:
    require(
        crop is None or crop <= min(height, width),
        f"The frames are {width}x{height}; a crop of {crop} does not fit in, choose a smaller one.",
    )
    sides = [(crop or side) // _MULTIPLE * _MULTIPLE for side in (height, width)]
    require(min(sides) > 0, f"Frames must be at least {_MULTIPLE}x{_MULTIPLE}, not {width}x{height}.")
    top, left = (height - sides[0]) // 2, (width - sides[1]) // 2
    return slice(top, top + sides[0]), slice(left, left + sides[1])


def _write_frames(folder: Path, frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> None:
    for number, frame in enumerate(frames):
        write_picture(folder / f"{number:08}.png", frame)
    for path in folder.glob("[0-9]" * 8 + ".png"):
        if int(path.stem) >= len(frames):
            path.unlink()


def _overview(truth: NDArray[np.uint8], low: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return rows of truth and enlarged low, of frames evenly spread over the clip."""
    numbers = np.unique(np.linspace(0, len(truth) - 1, _SHOWN).round().astype(int))
    enlarged = low.repeat(SCALE, axis=1).repeat(SCALE, axis=2)
    return np.concatenate([np.hstack((truth[number], enlarged[number])) for number in numbers])
