"""Files of a pool: writing of shards, reading of single samples."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from training.data.writing import write_whole
from training.errors import TrainingError
from training.options import require
from training.stage import Target

LOW = "low"
_FACTS = "pool.json"
_SHARD = re.compile(r"\d{8}\.safetensors")


class Pool:
    """A folder of shards. Shards are read when they are needed, and stay in the page cache.

    A shard holds `low` and any of `Target`, each (n, 3, S, S) uint8, RGB. All shards of a pool hold the same
    tensors of the same size.

    Args:
        folder: the folder; it is created when the first shard is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shards(self) -> list[Path]:
        """Return the paths of the existing shards in the order of their numbers."""
        return sorted(path for path in self.folder.glob("*.safetensors") if _SHARD.fullmatch(path.name))

    def missing(self, count: int) -> list[range]:
        """Return the numbers of the missing shards among the first `count`, as contiguous ranges."""
        present = {int(path.stem) for path in self.shards()}
        ends = [-1, *sorted(number for number in present if number < count), count]
        return [range(before + 1, after) for before, after in pairwise(ends) if after - before > 1]

    def begin(self, facts: Mapping[str, Any]) -> None:
        """Record what the pool is made from, or check that an earlier record is the same.

        Raises:
            TrainingError: the folder holds a pool made from something else, or cannot be written.
        """
        path, text = self.folder / _FACTS, json.dumps(facts, indent=1, sort_keys=True) + "\n"
        if not path.is_file():
            require(not self.shards(), f"{self.folder} holds shards without {_FACTS}; choose another folder.")
            write_whole(path, text.encode())
            return
        before = path.read_text(encoding="utf-8", errors="replace")
        if before != text:
            names = ", ".join(_changed(before, facts)) or "something"
            raise TrainingError(
                f"{self.folder} was begun with other options ({names}); give the same ones, or choose "
                "another folder."
            )

    def write(self, number: int, tensors: Mapping[str, Tensor]) -> None:
        """Write a shard.

        Args:
            number: number of the shard, from 0.
            tensors: `low` and targets, (n, 3, S, S) uint8.

        Raises:
            TrainingError: the shard cannot be written.
        """
        write_whole(self.folder / f"{number:08}.safetensors", save(dict(tensors)))


class PoolReader:
    """Samples of pools by number.

    Args:
        folders: folders of the pools; their samples follow one another.
        targets: names of the targets to read, at least one.

    Raises:
        TrainingError: a pool is missing, empty or damaged, has no such target, or has another size.
    """

    def __init__(self, folders: tuple[Path, ...], targets: tuple[Target, ...]) -> None:
        self._targets = targets
        self._places: list[tuple[Path, int]] = []
        self.side = 0
        for folder in folders:
            shards = Pool(folder).shards()
            require(bool(shards), f"{folder} holds no pool; `python -m training pool` makes one.")
            for path in shards:
                count, side = self._measure(path)
                require(
                    self.side in (0, side),
                    f"{path} holds samples of {side} pixels, the shards before it of {self.side}; pools "
                    "that are used together must have one size.",
                )
                self.side = side
                self._places += [(path, place) for place in range(count)]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self._places)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Read `low` and the targets of a sample, each (3, S, S) uint8.

        Raises:
            TrainingError: the shard can no longer be read.
        """
        path, place = self._places[number]
        try:
            with safe_open(path, "pt") as shard:
                return {name: shard.get_slice(name)[place] for name in (LOW, *self._targets)}
        except (OSError, SafetensorError) as error:
            raise TrainingError(f"{path} cannot be read: {error}.") from error

    def _measure(self, path: Path) -> tuple[int, int]:
        """Return the number of samples in a shard, and their side."""
        names = (LOW, *self._targets)
        try:
            with safe_open(path, "pt") as shard:
                missing = set(names) - set(shard.keys())
                lacking = min(missing, default="")
                require(LOW not in missing, f"{path} is no shard of a pool: it holds no frames to clean.")
                require(
                    not missing,
                    f"{path} has no {lacking}: set cleaning.{lacking} to 0 and cleaning.features to another "
                    "target, or make a pool with a teacher.",
                )
                slices = [shard.get_slice(name) for name in names]
                shapes = {tuple(part.get_shape()) for part in slices}
                kinds = {part.get_dtype() for part in slices}
        except (OSError, SafetensorError) as error:
            raise TrainingError(f"{path} cannot be read: {error}; delete it and make it again.") from error
        shape = shapes.pop()
        require(
            not shapes
            and kinds == {"U8"}
            and len(shape) == 4
            and shape[1] == 3
            and shape[2] == shape[3]
            and min(shape) > 0,
            f"{path} is no shard of a pool: its tensors must be (n, 3, S, S) of 8 bits, n and S above 0.",
        )
        return shape[0], shape[2]


def eight_bit(frames: Tensor) -> Tensor:
    """Convert frames of 0-1 to the pool's format: rounded, saturated, uint8."""
    return (frames * 255).round_().clamp_(0, 255).to(torch.uint8)


def _changed(before: str, facts: Mapping[str, Any]) -> list[str]:
    try:
        table = json.loads(before)
    except ValueError:
        return []
    now = json.loads(json.dumps(facts))
    return [name for name in now if not isinstance(table, dict) or table.get(name) != now[name]]
