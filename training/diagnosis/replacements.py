"""The rows of the diagnosis: what cleans the frames, and what enlarges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from training.model.teacher import SCALE
from training.options import require
from training.reduction import reduced_bicubically, reduced_by_area
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

BASICVSR = "BasicVSR"
TEACHER = "teacher"
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Material:
    """A clip and the teacher's result; all float32, RGB, 0-1, on the CPU.

    Attributes:
        low: (T, 3, H, W), the low-quality frames.
        truth: (T, 3, 4H, 4W), the ground truth.
        answer: (T, 3, 4H, 4W), the teacher's answer to the low-quality frames, clamped.
    """

    low: Tensor
    truth: Tensor
    answer: Tensor

    def __post_init__(self) -> None:
        length, channels, height, width = self.low.shape
        large = (length, channels, SCALE * height, SCALE * width)
        require(
            self.truth.shape == self.answer.shape == large,
            f"Frames of {width}x{height} want {length} of {large[3]}x{large[2]} to compare with.",
        )


Restore = Callable[[Material], tuple[Tensor | None, Tensor]]
"""Function from a clip to its cleaned frames, (T, 3, H, W), or None if there are none, and its restored
frames, (T, 3, 4H, 4W); neither is clamped."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A row of the diagnosis.

    Attributes:
        cleaned_by: what made the frames at low size.
        enlarged_by: what enlarged them.
        restore: function that does both.
        of_truth: whether the row uses only the truth, and so is the same for every degradation.
    """

    cleaned_by: str
    enlarged_by: str
    restore: Restore
    of_truth: bool = False


def replacements(
    start: RealBasicVSR | None, networks: Mapping[str, RealBasicVSR], settings: Settings
) -> tuple[Replacement, ...]:
    """Return the rows, in the order of the table.

    Args:
        start: BasicVSR before any training here; None omits its rows.
        networks: the networks to diagnose, by their names.
        settings: `refine` and `max_passes` for the networks' cleaning; where they are None, each network's
            weights decide. Nothing else is read.

    Raises:
        TrainingError: a network has the name of a part that it is compared with.
    """
    taken = next((name for name in networks if name in (BASICVSR, TEACHER)), None)
    require(taken is None, f"No weights can be called {taken}: that name has a row of its own.")
    rows = [Replacement(_NOBODY, f"{TEACHER} alone", lambda clip: (None, clip.answer))]
    if start is not None:
        rows += _of_start(start)
    for name, network in networks.items():
        rows += _of_network(name, network, start, settings)
    return tuple(rows)


def _of_start(start: RealBasicVSR) -> list[Replacement]:
    return [
        _enlarged("truth reduced by area", _truth_by_area, BASICVSR, start, of_truth=True),
        _enlarged("truth reduced bicubically", _truth_bicubically, BASICVSR, start, of_truth=True),
        _enlarged("nothing", lambda clip: clip.low, BASICVSR, start),
        _enlarged(f"{TEACHER} reduced by area", _answer_by_area, BASICVSR, start),
        _enlarged(f"{TEACHER} reduced bicubically", _answer_bicubically, BASICVSR, start),
    ]


def _of_network(
    name: str, network: RealBasicVSR, start: RealBasicVSR | None, settings: Settings
) -> list[Replacement]:
    def cleaned(clip: Material) -> Tensor:
        return _clean(network, clip.low, settings)

    rows = [
        _enlarged(name, cleaned, name, network),
        _enlarged("truth reduced by area", _truth_by_area, name, network, of_truth=True),
        _enlarged(f"{TEACHER} reduced by area", _answer_by_area, name, network),
    ]
    if start is not None:
        # Clamped, because BasicVSR was trained on clamped frames.
        rows.insert(2, _enlarged(name, lambda clip: cleaned(clip).clamp(0, 1), BASICVSR, start))
    return rows


def _enlarged(
    cleaned_by: str,
    clean: Callable[[Material], Tensor],
    enlarged_by: str,
    network: RealBasicVSR,
    *,
    of_truth: bool = False,
) -> Replacement:
    @torch.no_grad()
    def restore(clip: Material) -> tuple[Tensor, Tensor]:
        frames = clean(clip)
        return frames, network.basicvsr(frames[None])[0]

    return Replacement(cleaned_by, enlarged_by, restore, of_truth)


@torch.no_grad()
def _clean(network: RealBasicVSR, low: Tensor, settings: Settings) -> Tensor:
    chosen = network.refinement_defaults.completed(settings)
    assert chosen.refine is not None
    assert chosen.max_passes is not None
    return network.clean(low[None], refinement_threshold=chosen.refine, max_passes=chosen.max_passes)[0]


def _truth_by_area(clip: Material) -> Tensor:
    return reduced_by_area(clip.truth)


def _truth_bicubically(clip: Material) -> Tensor:
    return reduced_bicubically(clip.truth)


def _answer_by_area(clip: Material) -> Tensor:
    return reduced_by_area(clip.answer)


def _answer_bicubically(clip: Material) -> Tensor:
    return reduced_bicubically(clip.answer)
