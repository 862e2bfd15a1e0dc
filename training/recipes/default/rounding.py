"""The rounding error of half-precision weights: `python -m training.recipes.default.rounding CHECKPOINT`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import torch
from torch import Tensor

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.read.source import open_source

SAMPLE = Path(__file__).parents[3] / "examples" / "media" / "launch.mp4"


@dataclass(frozen=True, slots=True)
class Rounding:
    """The difference between two restorations of the same frames."""

    decibels: float
    """PSNR over all frames, of unrounded values; infinite if they are equal."""
    largest: float
    """Largest difference of a value, on the scale 0-1."""


def rounding(exact: str | Path, rounded: str | Path, frames: Sequence[Tensor]) -> Rounding:
    """Restore frames with two files of the same weights and compare, in fp32 arithmetic on the CPU.

    Args:
        exact: the weights in fp32: a known name, a file, or a checkpoint, whose average is used.
        rounded: the same weights in fp16.
        frames: frames of one shot, each (3, H, W), RGB, 0-1.

    Raises:
        RestorationError: weights cannot be read, or frames cannot be restored.
    """
    square, largest, count = 0.0, 0.0, 0
    settings = Settings(device="cpu", precision="fp32")
    streams = (Restorer(model, settings).stream(frames) for model in (exact, rounded))
    for frame, rounded_frame in zip(*streams, strict=True):
        difference = (frame - rounded_frame).double().abs()
        square += float(difference.square().sum())
        largest = max(largest, float(difference.max()))
        count += difference.numel()
    mean = torch.tensor(square / count, dtype=torch.float64)
    return Rounding(decibels=float(-10 * mean.log10()), largest=largest)


@click.command()
@click.argument("exact", metavar="CHECKPOINT")
@click.argument("rounded", metavar="WEIGHTS", default="bundled")
@click.option("--frames", default=6, show_default=True, type=click.IntRange(1), help="Of the sample clip.")
def main(exact: str, rounded: str, frames: int) -> None:
    """Compare CHECKPOINT, or its fp32 export, with WEIGHTS, its fp16 export (default: bundled)."""
    try:
        with open_source(SAMPLE) as video:
            clip = [rgb_from_frame(f.picture, video.info.colour) for f in itertools.islice(video, frames)]
        result = rounding(exact, rounded, clip)
    except RestorationError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"{result.decibels:.1f} dB, at most {result.largest:.5f} of full scale, {frames} frames of launch.mp4"
    )


if __name__ == "__main__":
    main()
