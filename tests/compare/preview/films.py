"""Small films whose shots are known, and ways to read them that are not the preview's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import torch
from torch import Tensor

from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import describe_colour

CUTS = (20, 31, 40)
"""Of `make_film`: a test card, a fractal, black, another card that moves."""
BLACK = range(31, 40)
LENGTH = 62


def make_film(ffmpeg: Callable[..., None], path: Path, *filters: str) -> Path:
    """Four shots of 32x24, of which the third is black; 25 frames a second unless filters change that."""
    size = "s=32x24:r=25"
    shots = (
        f"testsrc2={size},trim=end_frame=20[a];mandelbrot=s=32x24:rate=25,trim=end_frame=11[b];"
        f"color=black:{size},trim=end_frame=9[c];rgbtestsrc={size},scroll=h=0.03,trim=end_frame=22[d];"
        f"[a][b][c][d]concat=n=4,{','.join((*filters, 'format=yuv420p'))}"
    )
    ffmpeg("-filter_complex", shots, "-fps_mode", "passthrough", "-enc_time_base", "1:1000",
           "-c:v", "libx264", "-g", "12", "-x264-params", "scenecut=0:threads=1", path)  # fmt: skip
    return path


def pictures(path: Path) -> Tensor:
    """All frames of a video: (T, 3, H, W), float32."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return torch.stack([rgb_from_frame(frame, describe_colour(frame)[0]) for frame in frames])
