"""The target of the cleaned frames (specification, section 6.1; paper section 3.2, Eq. 4)."""

from __future__ import annotations

from torch import Tensor

from training.reduction import reduced_by_area


def cleaning_target(sharpened: Tensor) -> Tensor:
    """Return the ground truth at the low size: the mean of each block of 4x4 pixels.

    Args:
        sharpened: (N, T, 3, 4H, 4W), the sharpened ground truth.

    Returns:
        (N, T, 3, H, W), float32.
    """
    reduced = reduced_by_area(sharpened.flatten(0, 1))
    return reduced.view(*sharpened.shape[:2], *reduced.shape[1:])
