"""A small pool, written without the maker."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from training.pool.shards import Pool

NAMES = ("low", "truth_area", "truth_bicubic", "teacher_area", "teacher_bicubic")


def shard(number: int, samples: int = 3, side: int = 8) -> dict[str, Tensor]:
    """Random tensors that differ between shards and names."""
    generator = torch.Generator().manual_seed(number)
    shape = (samples, 3, side, side)
    return {name: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for name in NAMES}


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Two shards of three samples of 8x8."""
    written = Pool(tmp_path / "pool")
    written.begin({"seed": 0})
    for number in range(2):
        written.write(number, shard(number))
    return written.folder
