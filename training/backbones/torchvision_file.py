"""Reading of backbone weights with torchvision's names from PyTorch or safetensors files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from training.errors import TrainingError
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.untrusted_torch import read_torch

_LAYER = re.compile(r"(?:(?:.*\.)?features\.)?(\d+\.(?:weight|bias))")


def read_features(path: Path) -> dict[str, Tensor]:
    """Read the tensors of the convolutions, named `features.N.weight` and `features.N.bias`.

    Args:
        path: a file whose tensors are called `N.weight`, `features.N.weight` or
            `anything.features.N.weight`. Other tensors, such as the classifier's, are omitted.

    Raises:
        TrainingError: the file cannot be read, or is damaged.
    """
    if not path.is_file():
        raise TrainingError(f"There is no file {path} to take the backbone's weights from.")
    try:
        saved = load_file(path) if path.suffix == ".safetensors" else read_torch(path)
    except (SafetensorError, WeightsError, OSError) as error:
        raise TrainingError(
            f"{path} is damaged or no file of PyTorch or safetensors: download it again."
        ) from error
    named = saved.items() if isinstance(saved, Mapping) else ()
    layers = ((_LAYER.fullmatch(str(name)), tensor) for name, tensor in named)
    return {
        f"features.{match[1]}": tensor for match, tensor in layers if match and isinstance(tensor, Tensor)
    }
