"""Steadiness on clips whose motion is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.evaluate.conftest import ready
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.metrics.flow import load_flow, warped
from vsrealbasicvsr.evaluate.metrics.temporal import load_t_of, load_warping_error


@pytest.fixture(scope="module")
def pan(truth: Tensor) -> Tensor:
    """A picture that moves right by two pixels a frame."""
    picture = truth[0]
    return torch.stack([picture[:, 8:104, 20 - 2 * n : 148 - 2 * n] for n in range(3)]).contiguous()


def test_flow_is_where_pixels_go(pan: Tensor) -> None:
    pytest.importorskip("cv2")
    flow = load_flow()(pan[0], pan[1])
    assert flow.shape == (2, *pan.shape[-2:])
    assert float(flow[0].median()) == pytest.approx(2, abs=0.2)
    assert float(flow[1].median()) == pytest.approx(0, abs=0.2)


def test_warping_takes_pixels_from_where_the_flow_ends() -> None:
    picture = torch.arange(24.0).view(1, 4, 6)
    flow = torch.tensor([1.0, 2.0]).view(2, 1, 1).expand(2, 4, 6)
    assert torch.allclose(warped(picture, flow)[:, :2, :5], picture[:, 2:, 1:], atol=1e-4)


def test_a_steady_clip_has_less_warping_error_than_a_flickering_one(pan: Tensor) -> None:
    pytest.importorskip("cv2")
    error = load_warping_error()
    light = torch.tensor([0, 6, 0]).view(3, 1, 1, 1)
    flickering = (pan + light).clamp(0, 255).byte()
    assert error(pan, None) == pytest.approx(error(pan, pan))
    assert error(flickering, pan) > error(pan, pan) + 0.3
    # 6 of 255 everywhere, but where the value was cut off
    assert error(flickering, pan) - error(pan, pan) == pytest.approx(1000 * (6 / 255) ** 2, rel=0.5)


def test_equal_clips_move_alike(pan: Tensor) -> None:
    pytest.importorskip("cv2")
    assert load_t_of()(pan, pan) == 0
    still = pan[:1].expand_as(pan)
    assert load_t_of()(still, pan) > 0.5


def test_equal_clips_change_alike(pan: Tensor) -> None:
    t_lp = ready("tlp")
    assert t_lp(pan, pan) == 0
    assert t_lp(pan[:1].expand_as(pan), pan) > 0


def test_one_frame_has_no_motion(pan: Tensor) -> None:
    pytest.importorskip("cv2")
    for load in (load_warping_error, load_t_of):
        with pytest.raises(UnavailableError, match="no motion"):
            load()(pan[:1], pan[:1])


def test_without_opencv_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(UnavailableError, match="pip install opencv-python-headless"):
        load_warping_error()
