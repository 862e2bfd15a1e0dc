"""A sheet of pictures that shows each kind of old damage beside the undamaged picture.

    python -m training.recipes.default.damage_sheet SHEET.webp [CLIP OR PICTURE] [--real FILE ...]

A piece of the first frame is filmed by a panning camera, damaged at its own size, and enlarged so that its
pixels are visible. Strengths are in the upper half of the ranges in `damage.toml`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.writing import write_whole
from training.degradation.apply import apply
from training.degradation.old.parameters import Chroma, Composite, Disc, Grain, Halo, Tape
from training.degradation.parameters import Codec, Compression, Operation, Parameters
from training.options import require
from training.tools.degrade import read_truth
from vsrealbasicvsr.errors import RestorationError

_FRAMES = 5
_SHOWN = 2  # number of the frame to show: not an intra frame, and not the last, which is not interlaced
_PAN = 3  # pixels per frame
_ENLARGED = 2
_PIECE = (120, 160)  # height and width, pixels
_COLUMNS = 2  # pairs side by side
_TITLE = 22  # pixels, above a pair
_QUALITY = 72
_SAMPLE = Path(__file__).parents[3] / "examples" / "media" / "launch.mp4"

_Picture = NDArray[np.uint8]


def _same(value: float) -> tuple[float, ...]:
    return (value,) * _FRAMES


def _composite(standard: str, subcarrier: float, comb: float) -> Composite:
    return Composite(
        standard, subcarrier, 0.1, 0, _same(0.09), _same(comb), _same(0.9),  # type: ignore[arg-type] # a literal
    )  # fmt: skip


def _disc(quantizer: int, fields: str, residue: float) -> Disc:
    return Disc(quantizer, 12, 2, fields, False, _same(residue))  # type: ignore[arg-type] # a literal


def _web(codec: Codec, crf: int) -> Compression:
    return Compression(codec, None, crf=crf)


KINDS: dict[str, Operation] = {
    "grain": Grain(_same(0.7), _same(9.0), 0.25, 1),
    "halo, along the lines": Halo(True, _same(1.6), _same(1.2)),
    "halo, all round": Halo(False, _same(1.6), _same(1.0)),
    "NTSC, notch": _composite("ntsc", 0.265, 0.0),
    "PAL, notch": _composite("pal", 0.328, 0.0),
    "PAL, comb": _composite("pal", 0.328, 0.5),
    "VHS": Tape(
        _same(0.2), _same(0.035), _same(0.45), _same(5.0), _same(3.5), _same(0.04), _same(1.8), 3
    ),
    "4:1:0, shifted and bled": Chroma("4:1:0", _same(2.0), _same(1.0), _same(2.5)),
    "MPEG-2, quantizer 10": _disc(10, "none", 0.0),
    "MPEG-2 fields, combs left": _disc(5, "bob", 0.4),
    "MPEG-2 fields, blended": _disc(5, "blend", 0.0),
    "H.263": _web("h263", 38),
    "Sorenson": _web("flv1", 38),
    "MS-MPEG-4 v3": _web("msmpeg4v3", 38),
    "MPEG-4 part 2": _web("mpeg4", 38),
    "Motion JPEG": _web("mjpeg", 42),
}  # fmt: skip


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.argument("source", type=click.Path(path_type=Path), default=_SAMPLE)
@click.option("--real", multiple=True, type=click.Path(path_type=Path), help="Clips to show at the end.")
def main(target: Path, source: Path, real: tuple[Path, ...]) -> None:
    """Draw the sheet of a clip."""
    try:
        _draw(target, source, real)
    except RestorationError as error:
        raise click.ClickException(str(error)) from error


def _draw(target: Path, source: Path, real: Sequence[Path]) -> None:
    require(target.suffix in (".webp", ".png"), f"{target} must end in .webp or .png.")
    picture = read_truth(source, 1, None)[0]
    truth = np.stack([_piece(picture, _PAN * (number - _SHOWN)) for number in range(_FRAMES)])
    pairs = [(name, truth[_SHOWN], damaged(truth, kind)) for name, kind in KINDS.items()]
    for path in real:
        frames = read_truth(path, 2, None)
        require(len(frames) == 2, f"{path} has a single frame: pairs are of two.")
        first, second = map(_piece, frames)
        pairs.append((path.name, first, second))
    quality = [cv2.IMWRITE_WEBP_QUALITY, _QUALITY] if target.suffix == ".webp" else []
    _, content = cv2.imencode(target.suffix, sheet(pairs)[..., ::-1], quality)
    write_whole(target, content.tobytes())


def damaged(truth: NDArray[np.uint8], kind: Operation) -> _Picture:
    """Damage a clip (T, H, W, 3); return the frame to show."""
    result: _Picture = apply(truth.astype(np.float32) / np.float32(255), Parameters(_FRAMES, (kind,)))[_SHOWN]
    return result


def sheet(pairs: Sequence[tuple[str, _Picture, _Picture]]) -> _Picture:
    """Arrange pairs of pictures of one size with titles, two pairs in a row."""
    drawn = [_pair(*pair) for pair in pairs]
    drawn += [np.full_like(drawn[0], 255)] * (-len(drawn) % _COLUMNS)
    rows = [np.hstack(drawn[place : place + _COLUMNS]) for place in range(0, len(drawn), _COLUMNS)]
    return np.concatenate(rows)


def _pair(title: str, before: _Picture, after: _Picture) -> _Picture:
    pictures = np.hstack((before, after)).repeat(_ENLARGED, axis=0).repeat(_ENLARGED, axis=1)
    head = np.full((_TITLE, pictures.shape[1], 3), 255, np.uint8)
    cv2.putText(head, title, (4, _TITLE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.pad(np.concatenate((head, pictures)), ((0, 4), (0, 8), (0, 0)), constant_values=255)


def _piece(frame: _Picture, right: int = 0) -> _Picture:
    """Cut out the centre, moved to the right; if the frame is smaller, repeat its edge."""
    height, width = _PIECE
    top, left = max(frame.shape[0] - height, 0) // 2, max((frame.shape[1] - width) // 2 + right, 0)
    piece = frame[top : top + height, left : left + width]
    return np.pad(piece, ((0, height - piece.shape[0]), (0, width - piece.shape[1]), (0, 0)), mode="edge")


if __name__ == "__main__":
    main()
