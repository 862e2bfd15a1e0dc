"""What the tests of the page share: sources whose every frame is known, and pages read back."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image


def painted(number: int, width: int = 32, height: int = 24) -> np.ndarray:
    """A picture that no other number has: (height, width, 3), uint8."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return coarse.repeat(4, 0).repeat(4, 1)


def folder(path: Path, pictures) -> Path:
    """Images that are those pictures."""
    path.mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(path / f"{number:04d}.png")
    return path


def clip(ffmpeg, path: Path, images: Path, *filters: str) -> Path:
    """A lossless RGB video of a folder of images at 25 frames a second."""
    chosen = ("-vf", ",".join(filters)) if filters else ()
    ffmpeg("-framerate", "25", "-i", images / "%04d.png", *chosen, "-fps_mode", "passthrough", "-c:v", "ffv1",
           "-pix_fmt", "gbrp", path)  # fmt: skip
    return path


def data_of(page: str) -> dict:
    """What the page's script reads, each picture with what is told of it."""
    found = re.search(r'<script type="application/json" id="comparison">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    element = r'<script type="text/plain" id="picture-(\d+)-(\d+)">(.*?)</script>'
    for moment, source, picture in re.findall(element, page):
        data["moments"][int(moment)]["shown"][int(source)]["picture"] = picture
    return data


def picture_of(body: str) -> np.ndarray:
    """A picture in base64 decoded by Pillow, not by FFmpeg: (height, width, 3), uint8."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body, validate=True))).convert("RGB"))
