"""The network's parts as steps on single frames of a fixed shape, on one device in one arithmetic.

A step's result is a function of one frame or one pair, so it does not depend on what else is computed, and
neighbouring windows can share it without changing a bit on the CPU (docs/decisions.md, "Frames and windows").
Batches, on a GPU, have one shape.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import batched
from typing import Self

import torch
from torch import Tensor

from vsrealbasicvsr.engine.acceleration.parts import Direction, make_parts
from vsrealbasicvsr.engine.device import true_fp32
from vsrealbasicvsr.engine.memory.out_of_memory import is_out_of_memory
from vsrealbasicvsr.engine.memory.plan import Need, Plan, make_plan
from vsrealbasicvsr.engine.memory.strips import in_strips
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import SCALE, enlarge
from vsrealbasicvsr.settings import Settings

log = logging.getLogger("vsrealbasicvsr")

_DETAIL_HALO = 2
"""Rows of features that reconstruction's four 3x3 convolutions reach beyond a row: 1 + 1/2 + 1/4 + 1/4."""

BeforeStep = Callable[[], None]


@dataclass(frozen=True, slots=True)
class CleanedFrame:
    """A frame after its cleaning passes."""

    picture: Tensor
    """(1, 3, H, W), float32, on the device."""
    passes: int
    """Cleaning passes made; 0 where the weights have no cleaning network."""
    residue: float
    """Mean absolute residue of the last pass, on the 0-255 scale."""

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        return replace(self, picture=self.picture.to(device))


@dataclass(frozen=True, slots=True)
class Motion:
    """Flow between a frame and the next one, each (1, 2, H, W), float32."""

    to_earlier: Tensor
    """Aligns the later frame with the earlier one: backward propagation."""
    to_later: Tensor
    """Aligns the earlier frame with the later one: forward propagation."""

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        return replace(self, to_earlier=self.to_earlier.to(device), to_later=self.to_later.to(device))


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A restored picture, which may still be in the making on a GPU."""

    picture: Tensor
    """(3, 4H, 4W), float32, 0-1, on the device."""
    extremes: Tensor
    """(2,), least and greatest value before they were clamped: not finite where any value was not. That
    takes no second picture, as `isfinite` does."""

    def is_finite(self) -> bool:
        """Whether all of it is; waits for the device."""
        return bool(self.extremes.isfinite().all())


class Steps:
    """Cleaning, flow, propagation and reconstruction of single frames.

    Where the device runs out of memory, a step is done again without batches, with strips of half the height,
    then with the backward features in host memory, down to the smallest plan; what comes out stays the same,
    up to the order of a convolution's sums.

    Args:
        network: copied, not changed.
        settings: all are read but `model`, `device`, `precision` and `cuts`; `refine` and `max_passes` are
            numbers.
        device: where everything runs and cleaned frames stay.
        dtype: arithmetic of cleaning, trunks and reconstruction. Sums of pictures, flow and sampling
            grids are float32 always.
        budget: bytes of device memory to keep to; None is no limit.
        windows: windows whose cleaned frames lie on the device, for the plan.
    """

    def __init__(
        self,
        network: RealBasicVSR,
        settings: Settings,
        device: torch.device,
        dtype: torch.dtype,
        budget: int | None = None,
        windows: int = 1,
    ) -> None:
        self.dtype = dtype
        self._parts = make_parts(network, device, dtype, settings.acceleration)
        assert settings.refine is not None  # `Restorer` has asked the network
        assert settings.max_passes is not None
        self._refine, self._max_passes = settings.refine, settings.max_passes
        self._settings = settings
        self._device = device
        self._budget, self._windows = budget, windows
        self._plans: dict[tuple[int, int], Plan] = {}

    def plan(self, size: Sequence[int]) -> Plan:
        """How frames of this height and width are done; decided at the first, said where it is not usual."""
        height, width = size
        if (height, width) not in self._plans:
            on_host = self._device.type == "cpu"
            need = Need(
                self._parts.network, self._settings, self.dtype, width, height, on_host, self._windows
            )
            plan = make_plan(need, self._budget)
            if plan != make_plan(need, None):
                log.warning("memory %s: %dx%d is done in %s.", self._settings.memory, width, height, plan)
            if self._budget is not None and need.peak(plan) > self._budget:
                log.warning(
                    "it may not fit: %.1f GB are needed; lower window or margin, or set precision to %s.",
                    need.peak(plan) / 1e9,
                    "bf16" if on_host else "fp16",
                )
            self._plans[height, width] = plan
        return self._plans[height, width]

    def _attempt[T](
        self, size: Sequence[int], work: Callable[[Plan], T], stored: list[Tensor] | None = None
    ) -> T:
        """Do it, with ever smaller plans while memory does not suffice; `stored` may go to host memory."""
        while True:
            try:
                return work(self.plan(size))
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                smaller = self.plan(size).smaller()
                if smaller is None:
                    raise
            # Not in the handler: the error's traceback holds the step's tensors.
            log.warning("%s is out of memory; going on with %s.", self._device, smaller)
            height, width = size
            self._plans[height, width] = smaller
            if self._device.type == "cuda":
                if stored and smaller.features_on_host:
                    stored[:] = [_put_away(features) for features in stored]
                torch.cuda.empty_cache()

    @torch.inference_mode()
    def clean(self, frames: Sequence[Tensor]) -> list[CleanedFrame]:
        """Clean frames, each again while a pass changes it by `refine` or more (paper Eq. 5).

        Args:
            frames: (3, H, W) of one size, any float dtype and device; values outside 0-1 are clamped, for
                overshoot of the colour conversion would be amplified.
        """
        return self._attempt(frames[0].shape[-2:], lambda plan: self._cleaned(frames, plan))

    def _cleaned(self, frames: Sequence[Tensor], plan: Plan) -> list[CleanedFrame]:
        cleaned = [CleanedFrame(self._taken(frame), 0, 0.0) for frame in frames]
        active = list(range(len(frames))) if self._parts.cleaning else []
        for _ in range(self._max_passes):
            changes = []
            for group in batched(active, plan.batch):
                # Batches of one shape: the same algorithms, whoever else is in it.
                filled = group + group[-1:] * (plan.batch - len(group))
                differences = self._difference(_joined([cleaned[n].picture for n in filled]), plan)
                for i, n in enumerate(group):
                    difference = differences[i : i + 1]
                    cleaned[n] = replace(cleaned[n], picture=cleaned[n].picture + difference)
                    changes.append(difference.abs().mean())
            if not active:
                break
            residues = (255.0 * torch.stack(changes)).tolist()  # waits for the device once a pass
            for n, residue in zip(active, residues, strict=True):
                cleaned[n] = replace(cleaned[n], passes=cleaned[n].passes + 1, residue=residue)
            # So that NaN ends the loop, too.
            active = [n for n in active if cleaned[n].residue >= self._refine]
        return cleaned

    def _difference(self, pictures: Tensor, plan: Plan) -> Tensor:
        assert self._parts.cleaning is not None  # asked before
        with self._true_fp32():
            return in_strips(
                self._parts.cleaning,
                self._cast(pictures),
                rows=plan.rows,
                halo=self._parts.cleaning_reach,
            ).float()

    def _taken(self, frame: Tensor) -> Tensor:
        """The frame on the device; the host goes on while it is copied to a GPU."""
        if self._device.type == "cuda" and frame.device.type == "cpu":
            frame = frame.pin_memory()
        return frame[None].to(self._device, torch.float32, non_blocking=True).clamp(0.0, 1.0)

    @torch.inference_mode()
    def motions(self, pairs: Sequence[tuple[CleanedFrame, CleanedFrame]]) -> list[Motion]:
        """Flow between neighbours, (earlier, later), in both directions."""
        return self._attempt(pairs[0][0].picture.shape[-2:], lambda plan: self._motions(pairs, plan))

    def _motions(self, pairs: Sequence[tuple[CleanedFrame, CleanedFrame]], plan: Plan) -> list[Motion]:
        """Both directions in one batch; with strips one after the other."""
        motions = []
        with self._true_fp32():
            for group in batched(pairs, plan.batch):
                filled = group + group[-1:] * (plan.batch - len(group))
                earlier = _joined([one.picture for one, _ in filled])
                later = _joined([one.picture for _, one in filled])
                if plan.in_strips:
                    to_earlier, to_later = self._parts.flow(earlier, later), self._parts.flow(later, earlier)
                else:
                    both = self._parts.flow(torch.cat((earlier, later)), torch.cat((later, earlier)))
                    to_earlier, to_later = both.chunk(2)
                motions += [Motion(to_earlier[i : i + 1], to_later[i : i + 1]) for i in range(len(group))]
        return motions

    @torch.inference_mode()
    def restore(
        self,
        cleaned: Sequence[CleanedFrame],
        motions: Sequence[Motion | None],
        core: slice,
        before_step: BeforeStep | None = None,
        *,
        strengths: Sequence[float] = (),
    ) -> Iterator[Reconstruction]:
        """Propagate through a window and reconstruct its core, frame by frame.

        The backward pass runs from the window's end down to the core's first frame, the forward pass
        from the window's start up to the core's last (ARCHITECTURE.md, "Windows").

        Args:
            cleaned: the window's frames.
            motions: entry i lies between frames i - 1 and i; None where frame i starts a shot (and for
                entry 0), so that nothing crosses.
            core: which frames to return.
            before_step: called before each frame's propagation; what it raises ends the work.
            strengths: each frame is reconstructed once for each of these; none is the settings' own.

        Yields:
            What `reconstruct` gives for each.
        """
        stored: list[Tensor] = []
        features: Tensor | None = None
        for i in range(len(cleaned) - 1, core.start - 1, -1):
            if before_step:
                before_step()
            motion = motions[i + 1] if i + 1 < len(cleaned) else None
            flow = motion.to_earlier if motion else None
            features = self.propagate("backward", cleaned[i], features, flow, stored)
            if i < core.stop:
                away = self.plan(features.shape[-2:]).features_on_host
                stored.append(_put_away(features) if away else features)
        features = None
        for i in range(core.stop):
            if before_step:
                before_step()
            motion = motions[i] if i else None
            flow = motion.to_later if motion else None
            features = self.propagate("forward", cleaned[i], features, flow, stored)
            if i >= core.start:
                backward = stored.pop()
                for strength in strengths or (self._settings.strength,):
                    yield self.reconstruct(cleaned[i], backward, features, stored, strength=strength)

    @torch.inference_mode()
    def reconstruct(
        self,
        frame: CleanedFrame,
        backward: Tensor,
        forward: Tensor,
        stored: list[Tensor] | None = None,
        *,
        strength: float | None = None,
    ) -> Reconstruction:
        """The restored picture of a frame.

        Args:
            frame: the cleaned frame.
            backward: its features of the backward pass, (1, C, H, W).
            forward: its features of the forward pass, (1, C, H, W).
            stored: features that may move to host memory where room is short.
            strength: share of the learned detail; None is the settings' own.
        """
        share = self._settings.strength if strength is None else strength

        def work(plan: Plan) -> Reconstruction:
            back = backward.to(self._device, non_blocking=True)
            return self._reconstructed(frame, back, forward, plan, share)

        return self._attempt(frame.picture.shape[-2:], work, stored)

    def _reconstructed(
        self, frame: CleanedFrame, backward: Tensor, forward: Tensor, plan: Plan, strength: float
    ) -> Reconstruction:
        def restored(base: Tensor, *features: Tensor) -> Tensor:
            learned = self._parts.detail(*features).float().mul_(strength)
            return enlarge(base).add_(learned)

        with self._true_fp32():
            picture = in_strips(
                restored,
                frame.picture,
                backward,
                forward,
                rows=plan.detail_rows,
                halo=_DETAIL_HALO,
                scale=SCALE,
            )[0]
        extremes = torch.stack(picture.aminmax())
        return Reconstruction(picture.clamp_(0.0, 1.0), extremes)

    @torch.inference_mode()
    def propagate(
        self,
        direction: Direction,
        frame: CleanedFrame,
        features: Tensor | None,
        flow: Tensor | None,
        stored: list[Tensor] | None = None,
    ) -> Tensor:
        """The features of a frame, (1, C, H, W), from those of its neighbour.

        Args:
            direction: which pass it belongs to.
            frame: the frame arrived at.
            features: (1, C, H, W) of the neighbour, None where a shot starts.
            flow: (1, 2, H, W), float32, aligning them with the frame; None where a shot starts.
            stored: features that may move to host memory where room is short.
        """
        advance = self._parts.advance[direction]

        def work(plan: Plan) -> Tensor:
            # Sampled in float32: once for all strips, and as late as can be for whole pictures.
            source = features.float() if features is not None and plan.in_strips else features

            def advanced(picture: Tensor, rows: Tensor, *flow: Tensor) -> Tensor:
                if source is None or not flow:
                    return advance(picture)
                return advance(picture, rows.flatten(), source, *flow)

            height = frame.picture.shape[-2]
            rows = torch.arange(height, dtype=torch.float32, device=self._device).view(1, 1, height, 1)
            inputs = (self._cast(frame.picture), rows, *(() if flow is None else (flow,)))
            with self._true_fp32():
                return in_strips(advanced, *inputs, rows=plan.rows, halo=self._parts.trunk_reach)

        return self._attempt(frame.picture.shape[-2:], work, stored)

    def _true_fp32(self) -> AbstractContextManager[None]:
        """Keeps cuDNN from computing fp32 convolutions in TF32, whose ten bits move the flow visibly."""
        return true_fp32() if self._device.type == "cuda" else nullcontext()

    def _cast(self, picture: Tensor) -> Tensor:
        return picture.to(self.dtype).contiguous(memory_format=torch.channels_last)


def _joined(pictures: Sequence[Tensor]) -> Tensor:
    """One batch; a single picture is not copied."""
    return torch.cat(list(pictures)) if len(pictures) > 1 else pictures[0]


def _put_away(features: Tensor) -> Tensor:
    """Features in host memory; a GPU goes on while it copies them, there and back, as its queue is one."""
    if features.device.type == "cpu":
        return features
    return torch.empty_like(features, device="cpu", pin_memory=True).copy_(features, non_blocking=True)
