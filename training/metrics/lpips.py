"""The LPIPS metric for clips."""

from __future__ import annotations

from torch import Tensor

from training.errors import TrainingError
from training.metrics.eight_bit import eight_bit
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import reason_of
from vsrealbasicvsr.evaluate.metrics import fidelity, lpips
from vsrealbasicvsr.evaluate.metrics.metric import over_pairs
from vsrealbasicvsr.evaluate.metrics.packaged import PackagedName
from vsrealbasicvsr.evaluate.parameters import ALEXNET, locate


def available() -> bool:
    """Return whether the package with the weights is installed."""
    try:
        locate(ALEXNET)
    except UnavailableError:
        return False
    return True


class Lpips:
    """Perceptual distance of clips: 0 for equal frames, about 0.7 for very different frames.

    Args:
        network: the backbone, AlexNet (what papers report) or VGG-16.

    Raises:
        TrainingError: the weights are not installed.
    """

    def __init__(self, network: PackagedName = "alexnet") -> None:
        try:
            distance = lpips.Lpips("cpu", network)
        except UnavailableError as error:
            raise TrainingError(f"LPIPS: {reason_of(error)}.") from error
        self._measure = over_pairs(fidelity.of_channels(distance, eight_bit))

    def __call__(self, restored: Tensor, truth: Tensor) -> float:
        """Return the mean over frames, which are compared one by one to limit memory.

        Args:
            restored: (T, 3, H, W), RGB, 0-1; clamped and rounded to 8 bits before they are compared.
            truth: the same shape; sides of 31 or more (VGG-16: 16).

        Raises:
            TrainingError: the frames are too small.
        """
        try:
            return self._measure(restored, truth)
        except UnavailableError as error:
            raise TrainingError(f"LPIPS: {reason_of(error)}.") from error
