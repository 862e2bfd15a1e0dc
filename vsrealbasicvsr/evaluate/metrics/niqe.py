"""NIQE, natural image quality evaluator (Mittal et al., 2013), as the authors of RealBasicVSR used it."""

from __future__ import annotations

import io

import numpy as np
import torch
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.filters import reduced
from vsrealbasicvsr.evaluate.metrics.luma import luma
from vsrealbasicvsr.evaluate.metrics.natural_scene import Fit, normalised, products
from vsrealbasicvsr.evaluate.parameters import NIQE, locate

_BLOCK = 96
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Niqe:
    """Distance of a frame's statistics from those of pristine photographs; lower is better.

    Raises:
        UnavailableError: the parameters are not installed.
    """

    def __init__(self) -> None:
        with np.load(io.BytesIO(locate(NIQE).read_bytes()), allow_pickle=False) as table:
            self._mean = table["mu_pris_param"].ravel()
            self._covariance = table["cov_pris_param"]
            self._window = torch.from_numpy(table["gaussian_window"])
        self._fit = Fit()

    def __call__(self, frame: Tensor) -> float:
        """Return the NIQE of a frame, (3, H, W), uint8, RGB; luma is rounded, and borders are not cropped.

        Raises:
            UnavailableError: the frame has fewer than two blocks of 96x96 with any texture.
        """
        picture = luma(frame)[0].round()
        rows, columns = (side // _BLOCK for side in picture.shape)
        if rows * columns < 2:
            raise UnavailableError(f"frames hold fewer than two blocks of {_BLOCK}x{_BLOCK}")
        picture = picture[: rows * _BLOCK, : columns * _BLOCK]
        half = torch.from_numpy(reduced(picture.numpy()[..., None], 2)[..., 0])
        features = np.concatenate([self._features(picture, _BLOCK), self._features(half, _BLOCK // 2)], 1)
        whole = features[~np.isnan(features).any(1)]
        if len(whole) < 2:
            raise UnavailableError("frames have fewer than two blocks with any texture")
        distance = self._mean - np.nanmean(features, 0)
        spread = np.linalg.pinv((self._covariance + np.cov(whole, rowvar=False)) / 2)
        return float(np.sqrt(distance @ spread @ distance))

    def _features(self, picture: Tensor, block: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        values = normalised(picture, self._window, "replicate")
        blocks = values.unfold(0, block, block).unfold(1, block, block).flatten(0, 1)
        return np.array([self._of_block(block_values) for block_values in blocks])

    def _of_block(self, values: Tensor) -> list[float]:
        alone = self._fit(values)
        features = [alone.shape, (alone.left + alone.right) / 2]
        for pairs in map(self._fit, products(values, _SHIFTS)):
            features += [pairs.shape, pairs.mean, pairs.left, pairs.right]
        return features
