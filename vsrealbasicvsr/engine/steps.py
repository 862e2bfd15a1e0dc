"""The network's parts as steps on single frames of a fixed shape, on one device in one arithmetic.

Every step computes one frame or one pair, so its result does not depend on what else is computed, and
neighbouring windows can share it without changing a bit on the CPU (DESIGN 4.2).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import SCALE, enlarge
from vsrealbasicvsr.network.layers import MID_CHANNELS
from vsrealbasicvsr.settings import Settings

_STRIP_BYTES = 256 * 2**20
"""Of the largest tensor of reconstruction, fp32."""
_HALO = 2
"""Rows of features that reconstruction's four 3x3 convolutions reach beyond a row: 1 + 1/2 + 1/4 + 1/4."""

BeforeStep = Callable[[], None]
Direction = Literal["backward", "forward"]


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """A frame after its cleaning passes."""

    picture: Tensor
    """(1, 3, H, W), float32, on the device."""
    passes: int
    """Cleaning passes made; 0 where the weights have no cleaning network."""
    residue: float
    """Mean absolute residue of the last pass, on the 0-255 scale."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Flow between a frame and the next one, each (1, 2, H, W), float32."""

    to_earlier: Tensor
    """Aligns the later frame with the earlier one: backward propagation."""
    to_later: Tensor
    """Aligns the earlier frame with the later one: forward propagation."""


class Steps:
    """Cleaning, flow, propagation and reconstruction of single frames.

    Args:
        network: copied, not changed.
        settings: `refine`, `max_passes` and `strength` are read here.
        device: where everything runs and cleaned frames stay.
        dtype: arithmetic of cleaning, trunks and reconstruction. Sums of pictures, flow and sampling
            grids are float32 always.
        features_on_host: keep the backward features in host memory, for windows of any length.
    """

    def __init__(
        self,
        network: RealBasicVSR,
        settings: Settings,
        device: torch.device,
        dtype: torch.dtype,
        *,
        features_on_host: bool,
    ) -> None:
        own = copy.deepcopy(network).eval().requires_grad_(False)
        own.to(device, dtype).to(memory_format=torch.channels_last)  # on CPUs 1.3 to 1.7 times NCHW's speed
        own.basicvsr.spynet = copy.deepcopy(network.basicvsr.spynet).eval().requires_grad_(False)
        own.basicvsr.spynet.to(device, torch.float32).to(memory_format=torch.channels_last)
        self.dtype = dtype
        self._cleaning = own.cleaning
        self._basicvsr = own.basicvsr
        self._settings = settings
        self._device = device
        self._store = torch.device("cpu") if features_on_host else device

    @torch.inference_mode()
    def clean(self, frame: Tensor) -> CleanedFrame:
        """Clean one frame, again while a pass changes it by `refine` or more (paper Eq. 5).

        Args:
            frame: (3, H, W), any float dtype and device; values outside 0-1 are clamped, for
                overshoot of the colour conversion would be amplified.
        """
        picture = frame[None].to(self._device, torch.float32).clamp(0.0, 1.0)
        passes, residue = 0, 0.0
        if self._cleaning is not None:
            while passes < self._settings.max_passes:
                with self._true_fp32():
                    difference = self._cleaning(self._cast(picture)).float()
                picture = picture + difference
                passes += 1
                residue = 255.0 * difference.abs().mean().item()
                if not residue >= self._settings.refine:  # so that NaN ends the loop, too
                    break
        return CleanedFrame(picture, passes, residue)

    @torch.inference_mode()
    def motion(self, earlier: CleanedFrame, later: CleanedFrame) -> Motion:
        """Flow between two neighbours in both directions, one batch of two pairs."""
        first = torch.cat((earlier.picture, later.picture))
        second = torch.cat((later.picture, earlier.picture))
        with self._true_fp32():
            to_earlier, to_later = self._basicvsr.spynet(first, second).split(1)
        return Motion(to_earlier, to_later)

    @torch.inference_mode()
    def restore(
        self,
        cleaned: Sequence[CleanedFrame],
        motions: Sequence[Motion | None],
        core: slice,
        before_step: BeforeStep | None = None,
    ) -> Iterator[Tensor]:
        """Propagate through a window and reconstruct its core, frame by frame.

        The backward pass runs from the window's end down to the core's first frame, the forward pass
        from the window's start up to the core's last (DESIGN 4.2).

        Args:
            cleaned: the window's frames.
            motions: entry i lies between frames i - 1 and i; None where frame i starts a shot (and for
                entry 0), so that nothing crosses.
            core: which frames to return.
            before_step: called before each frame's propagation; what it raises ends the work.

        Yields:
            (3, 4H, 4W), float32, on the device, not clamped.
        """
        stored: list[Tensor] = []
        features: Tensor | None = None
        for i in range(len(cleaned) - 1, core.start - 1, -1):
            if before_step:
                before_step()
            motion = motions[i + 1] if i + 1 < len(cleaned) else None
            flow = motion.to_earlier if motion else None
            features = self.propagate("backward", cleaned[i], features, flow)
            if i < core.stop:
                stored.append(features.to(self._store))
        features = None
        for i in range(core.stop):
            if before_step:
                before_step()
            motion = motions[i] if i else None
            flow = motion.to_later if motion else None
            features = self.propagate("forward", cleaned[i], features, flow)
            if i >= core.start:
                yield self.reconstruct(cleaned[i], stored.pop().to(self._device), features)

    @torch.inference_mode()
    def reconstruct(self, frame: CleanedFrame, backward: Tensor, forward: Tensor) -> Tensor:
        """The restored picture of a frame, (3, 4H, 4W), float32, not clamped.

        Args:
            frame: the cleaned frame.
            backward: its features of the backward pass, (1, C, H, W).
            forward: its features of the forward pass, (1, C, H, W).
        """
        return (enlarge(frame.picture) + self._settings.strength * self._detail(backward, forward))[0]

    def _detail(self, backward: Tensor, forward: Tensor) -> Tensor:
        """The learned detail, float32, in strips of a height that depends on the width alone.

        Four times the width and height in 64 channels would be 8.5 GB for a frame of 1920x1080.
        """
        height, width = backward.shape[-2:]
        rows = max(1, _STRIP_BYTES // (SCALE * SCALE * width * MID_CHANNELS * 4))
        strips = []
        with self._true_fp32():
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                start, stop = max(top - _HALO, 0), min(bottom + _HALO, height)
                strip = self._basicvsr.detail(backward[:, :, start:stop], forward[:, :, start:stop]).float()
                strips.append(strip[:, :, SCALE * (top - start) : SCALE * (bottom - start)])
        return torch.cat(strips, dim=2) if len(strips) > 1 else strips[0]

    @torch.inference_mode()
    def propagate(
        self, direction: Direction, frame: CleanedFrame, features: Tensor | None, flow: Tensor | None
    ) -> Tensor:
        """The features of a frame, (1, C, H, W), from those of its neighbour.

        Args:
            direction: which pass it belongs to.
            frame: the frame arrived at.
            features: (1, C, H, W) of the neighbour, None where a shot starts.
            flow: (1, 2, H, W), float32, aligning them with the frame; None where a shot starts.
        """
        trunks = self._basicvsr
        trunk = trunks.backward_resblocks if direction == "backward" else trunks.forward_resblocks
        with self._true_fp32():
            return self._basicvsr.propagate(trunk, self._cast(frame.picture), features, flow)

    def _true_fp32(self) -> AbstractContextManager[None]:
        """Keeps cuDNN from computing fp32 convolutions in TF32, whose ten bits move the flow visibly."""
        if self._device.type != "cuda":
            return nullcontext()
        flags: AbstractContextManager[None] = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        return flags

    def _cast(self, picture: Tensor) -> Tensor:
        return picture.to(self.dtype).contiguous(memory_format=torch.channels_last)
