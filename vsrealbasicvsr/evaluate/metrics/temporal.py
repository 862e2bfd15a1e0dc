"""Temporal stability of a clip: warping error, tOF and tLP.

A blurred clip is stable, too: read these figures together with LPIPS.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor

from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.flow import Flow, load_flow, warped
from vsrealbasicvsr.evaluate.metrics.lpips import Lpips
from vsrealbasicvsr.evaluate.metrics.metric import Measure


def load_warping_error() -> Measure:
    """Return a measure: E_warp times 1000 (Lai et al., 2018).

    E_warp is the mean square difference, on the 0-1 scale, between a frame and the next frame warped to it,
    where motion can be followed there and back. The motion is that of the ground truth, or of the clip itself
    if there is no ground truth. So the ground truth has a figure, too, and that of a restored clip should be
    near it.

    Raises:
        UnavailableError: OpenCV is not installed.
    """
    flow = load_flow()

    def warping_error(restored: Tensor, truth: Tensor | None) -> float:
        _require_motion(restored)
        moving = restored if truth is None else truth
        error = weight = 0.0
        for now in range(len(restored) - 1):
            motion, seen = _followed(moving[now], moving[now + 1], flow)
            frame, next_frame = restored[now].float() / 255, restored[now + 1].float() / 255
            error += float((seen * (frame - warped(next_frame, motion)).square()).mean(0).sum())
            weight += float(seen.sum())
        if not weight:
            raise UnavailableError("no motion could be followed")
        return 1000 * error / weight

    return warping_error


def load_t_of() -> Measure:
    """Return a measure: the tOF of Chu et al. (2020).

    It is the mean absolute difference of motion from that of the ground truth, in pixels.

    Raises:
        UnavailableError: OpenCV is not installed.
    """
    flow = load_flow()

    def t_of(restored: Tensor, truth: Tensor | None) -> float:
        assert truth is not None
        _require_motion(restored)
        pairs = zip(pairwise(restored), pairwise(truth), strict=True)
        return sum(float((flow(*ours) - flow(*theirs)).abs().mean()) for ours, theirs in pairs) / (
            len(truth) - 1
        )

    return t_of


def load_t_lp(device: str) -> Measure:
    """Return a measure: the tLP of Chu et al. (2020), times 100.

    It is the mean absolute difference of LPIPS between neighbouring frames from that of the ground truth.

    Raises:
        UnavailableError: the weights of LPIPS are not installed.
    """
    distance = Lpips(device)

    def t_lp(restored: Tensor, truth: Tensor | None) -> float:
        assert truth is not None
        _require_motion(restored)
        pairs = zip(pairwise(restored), pairwise(truth), strict=True)
        changes = [abs(distance(*ours) - distance(*theirs)) for ours, theirs in pairs]
        return 100 * sum(changes) / len(changes)

    return t_lp


def _require_motion(frames: Tensor) -> None:
    if len(frames) < 2:
        raise UnavailableError("one frame has no motion")


def _followed(frame: Tensor, next_frame: Tensor, flow: Flow) -> tuple[Tensor, Tensor]:
    """Return the motion from one frame to the next, (2, H, W), and where it leads back, (H, W), 0 or 1."""
    there, back = flow(frame, next_frame), flow(next_frame, frame)
    returned = warped(back, there)
    lengths = there.square().sum(0) + returned.square().sum(0)
    seen = (there + returned).square().sum(0) < 0.01 * lengths + 0.5
    return there, seen.float()
