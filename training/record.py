"""Records of a run for people: losses as CSV and for TensorBoard, and sample pictures."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.errors import TrainingError
from vsrealbasicvsr.files import replaced

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger("training")

LOSSES = (
    "iteration", "pixel", "temporal", "cleaning", "perceptual", "lpips_loss", "dists_loss",
    "teacher_pixel", "teacher_perceptual", "teacher_lpips",
    "adversarial", "adversarial_weight", "real", "fake", "first_pass", "last_pass",
    "gradient_norm", "learning_rate", "seconds", "waiting", "skipped", "damaged",
)  # fmt: skip
VALIDATION = ("iteration", "psnr", "ssim", "lpips", "psnr_low", "clips")


class Record:
    """Files in a run's folder: losses.csv, validation.csv, pictures/, tensorboard/.

    On a full disk, lines are lost with a warning, and the run continues.

    Args:
        folder: the run's folder.
        iteration: the iteration that the run starts from. Lines beyond it are removed: an earlier run wrote
            them after its last checkpoint.
        tensorboard: also write event files.
        validated: whether the run will write lines to validation.csv.

    Raises:
        TrainingError: tensorboard is not installed, or the folder cannot be written.
    """

    def __init__(self, folder: Path, iteration: int, *, tensorboard: bool, validated: bool) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _begin(folder / "losses.csv", LOSSES, iteration)
            if validated:
                _begin(folder / "validation.csv", VALIDATION, iteration)
        except OSError as error:
            raise TrainingError(f"{folder} cannot be written: {error.strerror}.") from error
        self._events = _events(folder / "tensorboard", iteration) if tensorboard else None

    def losses(self, values: Mapping[str, float]) -> None:
        """Write a line with the columns `LOSSES`; missing values stay empty."""
        self._line("losses.csv", LOSSES, values, "training")

    def validation(self, values: Mapping[str, float]) -> None:
        """Write a line with the columns `VALIDATION`."""
        self._line("validation.csv", VALIDATION, values, "validation")

    def picture(self, iteration: int, frames: Sequence[Tensor]) -> None:
        """Write frames (3, h, w), 0-1, side by side as a PNG, each enlarged to the size of the last."""
        size = tuple(frames[-1].shape[-2:])
        row = [F.interpolate(frame[None].float(), size=size, mode="nearest")[0] for frame in frames]
        path = self._folder / "pictures" / f"{iteration:08}.png"
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_png(torch.cat(row, dim=2)))
        except OSError as error:
            log.warning("%s was not written: %s", path, error.strerror)

    def close(self) -> None:
        """Write the events that TensorBoard still buffers."""
        if self._events is not None:
            self._events.close()

    def _line(self, name: str, columns: tuple[str, ...], values: Mapping[str, float], group: str) -> None:
        try:
            with (self._folder / name).open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, columns).writerow(values)
            if self._events is not None:
                for key, value in values.items():
                    if key != "iteration":
                        self._events.add_scalar(f"{group}/{key}", value, int(values["iteration"]))
        except OSError as error:
            log.warning("A line of %s was not written: %s", self._folder / name, error.strerror)


def _begin(path: Path, columns: tuple[str, ...], iteration: int) -> None:
    """Write an empty table, or the existing table without its lines beyond the iteration."""
    rows = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if _belongs(row, columns, iteration)]
    with replaced(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def _belongs(row: Mapping[str, str], columns: tuple[str, ...], iteration: int) -> bool:
    number = row.get("iteration") or ""
    # Lines of a run that began with an older version may lack newer columns.
    return set(row) <= set(columns) and number.isdecimal() and int(number) <= iteration


def _events(folder: Path, iteration: int) -> SummaryWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError(
            "TensorBoard is not installed: pip install tensorboard, or --set record.tensorboard=false "
            "(losses.csv is written in any case)."
        ) from error
    return SummaryWriter(str(folder), purge_step=iteration + 1)


def _png(picture: Tensor) -> bytes:
    pixels = picture.clamp(0.0, 1.0).mul(255.0).round().byte().permute(1, 2, 0).cpu().numpy()
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]))
    return encoded.tobytes()
