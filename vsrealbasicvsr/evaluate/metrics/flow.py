"""Motion between frames for metrics: OpenCV's DIS optical flow, independent of the evaluated networks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError

Flow = Callable[[Tensor, Tensor], Tensor]
"""A function of two frames, (3, H, W), uint8, RGB; returns (2, H, W), the (x, y) offset in pixels from each
pixel of the first frame to its place in the second."""

_SMALLEST = 16


def load_flow() -> Flow:
    """Load DIS optical flow with the preset "medium".

    Raises:
        UnavailableError: OpenCV is not installed.
    """
    try:
        cv2: Any = importlib.import_module("cv2")
    except ImportError as error:
        raise UnavailableError("OpenCV is not installed; run `pip install opencv-python-headless`") from error

    def flow(first: Tensor, second: Tensor) -> Tensor:
        if min(first.shape[-2:]) < _SMALLEST:
            raise UnavailableError(f"frames are smaller than {_SMALLEST}x{_SMALLEST}")
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        pictures = (frame.permute(1, 2, 0).contiguous().numpy() for frame in (first, second))
        grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]
        return torch.from_numpy(dis.calc(*grey, None)).permute(2, 0, 1)

    return flow


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """Warp a picture, (C, H, W), float, to the frame at which the flow, (2, H, W), starts."""
    height, width = picture.shape[-2:]
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width).view(1, -1)
    x = 2 * (columns + flow[0]) / (width - 1) - 1
    y = 2 * (rows + flow[1]) / (height - 1) - 1
    grid = torch.stack((x, y), -1)[None]
    return F.grid_sample(picture[None], grid, align_corners=True, padding_mode="border")[0]
