"""Tiny teachers in ncnn's two files, written as its converter does, and run as ncnn would."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

HALF_TAG = 0x01306B47


class Writer:
    """Lines of a `.param` file; every use of a blob but the last takes a copy that a Split makes."""

    def __init__(self) -> None:
        self.layers: list[tuple[str, list[str], str, str]] = [("Input", [], "data", "")]
        self.shapes: list[tuple[int, int]] = []

    def add(self, kind: str, inputs: list[str], options: str = "") -> str:
        name = f"blob{len(self.layers)}"
        self.layers.append((kind, inputs, name, options))
        return name

    def convolution(self, source: str, inputs: int, outputs: int, *, leaky: bool) -> str:
        self.shapes.append((outputs, inputs))
        end = " 9=2 -23310=1,2.000000e-01" if leaky else ""
        return self.add("Convolution", [source], f"0={outputs} 1=3 4=1 5=1 6={9 * inputs * outputs}{end}")

    def text(self) -> str:
        uses = {
            name: sum(inputs.count(name) for _, inputs, _, _ in self.layers) for _, _, name, _ in self.layers
        }
        lines = []
        for number, (kind, inputs, name, options) in enumerate(self.layers):
            taken = []
            for source in inputs:
                uses[source] -= 1
                copied = f"{source}_copy0" in "\n".join(lines)
                taken.append(f"{source}_copy{uses[source]}" if copied else source)
            parts = (kind, f"layer{number}", str(len(inputs)), "1", *taken, name, options)
            lines.append(" ".join(filter(None, parts)))
            if uses[name] > 1:
                copies = " ".join(f"{name}_copy{use}" for use in range(uses[name]))
                lines.append(f"Split split{number} 1 {uses[name]} {name} {copies}")
        return "\n".join(["7767517", f"{len(lines)} {2 * len(lines)}", *lines, ""])


def write_teacher(
    folder: Path, name: str = "realesrgan-x4plus", *, width: int = 5, growth: int = 3, blocks: int = 2,
    half: bool = True, seed: int = 0,
) -> Path:  # fmt: skip
    """Write `NAME.param` and `NAME.bin` with random numbers; return the folder."""
    writer = Writer()
    first = writer.convolution("data", 3, width, leaky=False)
    x = first
    for _ in range(blocks):
        start = x
        for _ in range(3):
            seen, entry = [x], x
            for place in range(5):
                source = seen[0] if place == 0 else writer.add("Concat", list(seen))
                outputs = growth if place < 4 else width
                seen.append(writer.convolution(source, width + place * growth, outputs, leaky=place < 4))
            x = writer.add("Eltwise", [seen[-1], entry], "0=1 -23301=2,2.000000e-01,1.000000e+00")
        x = writer.add("Eltwise", [x, start], "0=1 -23301=2,2.000000e-01,1.000000e+00")
    x = writer.add("BinaryOp", [first, writer.convolution(x, width, width, leaky=False)])
    for _ in range(2):
        x = writer.add("Interp", [x], "0=1 1=2.000000e+00 2=2.000000e+00")
        x = writer.convolution(x, width, width, leaky=True)
    writer.convolution(writer.convolution(x, width, width, leaky=True), width, 3, leaky=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.param").write_text(writer.text())
    (folder / f"{name}.bin").write_bytes(b"".join(_numbers(writer.shapes, half, seed)))
    return folder


def _numbers(shapes: list[tuple[int, int]], half: bool, seed: int) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    for outputs, inputs in shapes:
        values = rng.normal(0, (2 / (9 * inputs)) ** 0.5, 9 * inputs * outputs)
        content = values.astype("<f2" if half else "<f4").tobytes()
        yield struct.pack("<I", HALF_TAG if half else 0) + content + bytes(-len(content) % 4)
        yield rng.normal(0, 0.1, outputs).astype("<f4").tobytes()


@torch.no_grad()
def run_teacher(folder: Path, frames: Tensor, name: str = "realesrgan-x4plus") -> Tensor:
    """What ncnn would make of frames: the text file's lines one after the other, in float64."""
    content, blobs = (folder / f"{name}.bin").read_bytes(), {"data": frames.double()}
    for line in (folder / f"{name}.param").read_text().splitlines()[3:]:
        kind, _, inputs, outputs, *rest = line.split()
        sources = [blobs[blob] for blob in rest[: int(inputs)]]
        names = rest[int(inputs) : int(inputs) + int(outputs)]
        options = dict(word.split("=") for word in rest[int(inputs) + int(outputs) :])
        match kind:
            case "Split":
                result = sources[0]
            case "Concat":
                result = torch.cat(sources, 1)
            case "Eltwise":
                _, *shares = map(float, options["-23301"].split(","))
                result = sum(
                    (share * blob for share, blob in zip(shares, sources, strict=True)), torch.zeros(())
                )
            case "BinaryOp":
                result = sources[0] + sources[1]
            case "Interp":
                result = sources[0].repeat_interleave(2, -1).repeat_interleave(2, -2)
            case "Convolution":
                count, channels = int(options["6"]), int(options["0"])
                (tag,) = struct.unpack("<I", content[:4])
                size = 4 if tag == 0 else 2
                weight = np.frombuffer(content[4 : 4 + size * count], "<f4" if tag == 0 else "<f2").astype(
                    float
                )
                content = content[4 + size * count + -size * count % 4 :]
                bias = np.frombuffer(content[: 4 * channels], "<f4").astype(float)
                content = content[4 * channels :]
                kernel = torch.from_numpy(weight.reshape(channels, -1, 3, 3))
                result = F.conv2d(sources[0], kernel, torch.from_numpy(bias), padding=1)
                if "9" in options:
                    result = torch.where(result > 0, result, float(options["-23310"].split(",")[1]) * result)
        blobs |= dict.fromkeys(names, result)
    return result
