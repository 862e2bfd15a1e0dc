"""The perceptual loss: distance between features of a VGG network (specification, section 6.1)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from training.losses.pixel import l1

_LAYER_WEIGHTS = (0.1, 0.1, 1.0, 1.0, 1.0)


def perceptual_distance(features: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Return the mean absolute difference of five layers' features, weighted .1, .1, 1, 1, 1 and summed.

    Args:
        features: features of restored frames, from `training.losses.features`.
        wanted: features of the target frames.

    Returns:
        A scalar, float32.
    """
    layers = zip(_LAYER_WEIGHTS, features, wanted, strict=True)
    return torch.stack([weight * l1(layer, target) for weight, layer, target in layers]).sum()
