"""Reading of ncnn's two files as untrusted input: layers from `.param`, numbers from `.bin`.

The formats are those of ncnn's wiki ("param and model file structure"). Nothing is executed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.errors import TrainingError
from training.options import require

_MAGIC = "7767517"
_LARGEST_TEXT = 4 << 20
_FLOAT16, _FLOAT32 = 0x01306B47, 0
_FIRST_ARRAY = -23300
"""The key of an array option in the file is this number minus the option's number."""

Options = dict[int, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a network.

    Attributes:
        kind: ncnn's name of the kind, such as `Convolution`.
        inputs: numbers of the layers whose outputs are its inputs.
        options: values by ncnn's numbers of the options; the options of `Input` are omitted.
    """

    kind: str
    inputs: tuple[int, ...] = ()
    options: Options = field(default_factory=dict)


def read_layers(path: Path) -> list[Layer]:
    """Read the layers of a `.param` file in their order.

    `Split` layers only copy pictures for ncnn; they are omitted. The other layers are numbered from 0.

    Raises:
        TrainingError: the file is missing or damaged, or is not a `.param` file.
    """
    lines = _content(path, 1, _LARGEST_TEXT).decode("ascii", "replace").splitlines()
    require(lines[:1] == [_MAGIC], f"{path} is not a text file of ncnn: it does not begin with {_MAGIC}.")
    layers: list[Layer] = []
    sources: dict[str, int] = {}
    words = [line.split() for line in lines[2:] if line.strip()]
    try:
        require(len(words) == int(lines[1].split()[0]), f"{path} is damaged: it lacks layers; get it again.")
        for kind, _, inputs_count, outputs_count, *rest in words:
            first, last = int(inputs_count), int(inputs_count) + int(outputs_count)
            inputs = tuple(sources[name] for name in rest[:first])
            outputs = rest[first:last]
            if kind == "Split":
                sources |= dict.fromkeys(outputs, inputs[0])
                continue
            sources |= dict.fromkeys(outputs, len(layers))
            layers.append(Layer(kind, inputs, {} if kind == "Input" else dict(map(_option, rest[last:]))))
    except (ValueError, LookupError) as error:
        raise TrainingError(f"{path} is damaged: its layers cannot be read; get it again.") from error
    return layers


def _option(word: str) -> tuple[int, tuple[float, ...]]:
    key, _, value = word.partition("=")
    values = tuple(map(float, value.split(",")))
    number = int(key)
    return (number, values) if number > _FIRST_ARRAY else (_FIRST_ARRAY - number, values[1:])


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a convolution of 3x3 pixels.

    Attributes:
        outputs: number of output channels.
        inputs: number of input channels.
    """

    outputs: int
    inputs: int

    @property
    def weights(self) -> int:
        """Number of weights, without the bias."""
        return self.outputs * self.inputs * 9

    def size(self, width: int) -> int:
        """Return the bytes in the file: a tag, weights of `width` bytes padded to 4, a float32 bias."""
        return 4 + (self.weights * width + 3) // 4 * 4 + 4 * self.outputs


def read_convolutions(path: Path, shapes: Sequence[Shape]) -> Iterator[tuple[Tensor, Tensor]]:
    """Read the numbers of a `.bin` file that holds only convolutions.

    Args:
        path: the file. Its numbers are float16 or float32, as the tag of each convolution says.
        shapes: shapes of the convolutions, in the file's order. If they do not fit the file's size, nothing
            is read.

    Yields:
        Weight (outputs, inputs, 3, 3) and bias (outputs,), float32.

    Raises:
        TrainingError: the file is missing or damaged, or is for another network.
    """
    least, most = (sum(shape.size(width) for shape in shapes) for width in (2, 4))
    data = _content(path, least, most)
    place = 0
    for shape in shapes:
        require(place + 4 <= len(data), _cut_off(path, len(data), place + 4))
        (tag,) = struct.unpack_from("<I", data, place)
        require(
            tag in (_FLOAT16, _FLOAT32),
            f"{path} has numbers with the unknown tag {tag:#010x}: only float16 and float32 can be read.",
        )
        kind = np.dtype("<f2" if tag == _FLOAT16 else "<f4")
        end = place + shape.size(kind.itemsize)
        require(end <= len(data), _cut_off(path, len(data), end))
        weight = np.frombuffer(data, kind, shape.weights, place + 4).astype(np.float32)
        bias = np.frombuffer(data, "<f4", shape.outputs, end - 4 * shape.outputs).astype(np.float32)
        finite = bool(np.isfinite(weight).all() and np.isfinite(bias).all())
        require(finite, f"{path} is damaged: some numbers are not finite; get it again.")
        yield torch.from_numpy(weight).view(shape.outputs, shape.inputs, 3, 3), torch.from_numpy(bias)
        place = end
    require(place == len(data), f"{path} is for another network: {len(data) - place} bytes are left over.")


def _cut_off(path: Path, size: int, needed: int) -> str:
    return f"{path} is cut off or for another network: it has {size} bytes of {needed} at least."


def _content(path: Path, least: int, most: int) -> bytes:
    """Return a file's content. It is only read if its size is within the limits, in bytes."""
    require(path.is_file(), f"There is no file {path}.")
    try:
        size = path.stat().st_size
        require(size <= most, f"{path} is for another network: it has {size} bytes of {most} at most.")
        require(least <= size, _cut_off(path, size, least))
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise TrainingError(f"{path} cannot be read: {error.strerror}.") from error
