"""The pictures and figures of tests/golden/manifest.json, part "losses"."""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import Tensor

from tests.conftest import GOLDEN
from tests.golden.recipe import unit_tensor


def picture(name: str) -> Tensor:
    """The picture `sr`, `gt` (1, 2, 3, 64, 64) or `lq` (1, 2, 3, 16, 16)."""
    side = 16 if name == "lq" else 64
    values = 0.5 + 0.2 * unit_tensor(f"loss:{name}", (1, 2, 3, side, side))
    return torch.from_numpy(values.astype(np.float32))


def expected(name: str) -> float:
    """A figure of the reference."""
    return float(figures()[name])


def layers() -> dict[str, float]:
    """The perceptual loss's layers, unweighted, by torchvision's index."""
    return figures()["perceptual_layers_unweighted_l1"]


def figures() -> dict:
    return json.loads((GOLDEN / "manifest.json").read_text())["files"]["losses"]
