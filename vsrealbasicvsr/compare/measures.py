"""What the choice of frames looks at: four numbers for each frame, taken from its small copy."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Measures:
    """Of the frames of a film in order; each (frames,), float32.

    Attributes:
        contrast: Standard deviation of brightness, in percent of the range.
        sharpness: Mean step between neighbouring pixels, likewise.
        change: Mean difference from the frame before, likewise; 0 for the first.
    """

    contrast: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    change: NDArray[np.float32]


class Measuring:
    """Takes small copies one after the other; twelve bytes a frame are kept, and the last copy."""

    def __init__(self) -> None:
        self._contrast, self._sharpness, self._change = array("f"), array("f"), array("f")
        self._last: NDArray[np.float32] | None = None

    def add(self, small: NDArray[np.float32]) -> None:
        """Measure the next frame.

        Args:
            small: (h, w), brightness in percent, as `vsrealbasicvsr.video.read.cuts.Shrinker` gives it.
        """
        steps = [np.abs(np.diff(small, axis=axis)) for axis in (0, 1)]
        self._contrast.append(float(small.std()))
        self._sharpness.append(float(sum(step.mean() for step in steps if step.size)))
        self._change.append(0.0 if self._last is None else float(np.abs(small - self._last).mean()))
        self._last = small

    def measures(self) -> Measures:
        """Of all frames so far."""
        return Measures(*(np.array(v, np.float32) for v in (self._contrast, self._sharpness, self._change)))
