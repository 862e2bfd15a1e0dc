"""One iteration of a cleaning stage: every pass of the cleaning network learns from its own result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from training.average import follow
from training.gradients import are_finite, clipped_norm
from training.losses.pixel import pixel_loss
from training.pool.samples import CleaningBatch
from training.processes import Processes, apart
from training.rates import rate_share
from training.stage import CleaningOptions, Stage, Target
from training.state import State
from training.step import Outcome


class CleaningFrames(NamedTuple):
    """Single frames on the training device.

    Attributes:
        low: (N, 3, S, S), float32, 0-1.
        targets: by name, of the same shape.
    """

    low: Tensor
    targets: dict[Target, Tensor]


def frames_of(batch: CleaningBatch, device: torch.device) -> CleaningFrames:
    """A batch of 8 bits as frames on the training device."""
    return CleaningFrames(
        _on(batch.low, device), {name: _on(target, device) for name, target in batch.targets.items()}
    )


class CleaningStep:
    """The optimiser's step on a state whose cleaning network alone learns.

    Args:
        stage: `cleaning`, `losses.cleaning` and the optimiser's options are read.
        state: its network and average are changed in place.
        processes: gradients and losses are averaged over them.
    """

    def __init__(self, stage: Stage, state: State, processes: Processes) -> None:
        cleaning = state.network.cleaning
        if stage.cleaning is None or cleaning is None:
            raise AssertionError("a cleaning stage has options and a cleaning network")
        state.network.requires_grad_(False)
        cleaning.train().requires_grad_(True)
        self._options: CleaningOptions = stage.cleaning
        self._stage, self._state, self._processes = stage, state, processes
        self._cleaning = processes.wrapped(cleaning)

    def __call__(self, parts: Sequence[CleaningFrames]) -> Outcome:
        """One iteration on this process's share of the batch, given in parts that are accumulated."""
        state, options = self._state, self._stage.optimizer
        share = rate_share(options, state.iteration, self._stage.iterations)
        for group in state.optimizer.param_groups:
            group["lr"] = options.learning_rate * share
        state.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(self._options.passes, device=self._processes.device)
        for index, part in enumerate(parts):
            losses, shown = self._learn(part, len(parts), is_last=index + 1 == len(parts))
            sums += losses
        norm = clipped_norm(self._cleaning, options.clip_norm)
        passes = (self._processes.summed(sums) / (len(parts) * self._processes.count)).tolist()
        finite = are_finite(norm, *passes)
        if finite:
            state.optimizer.step()
            follow(state.average, state.network, options.average)
        named = {"cleaning": _weighed(passes, self._options.again)}
        named |= {"first_pass": passes[0], "last_pass": passes[-1]}
        return Outcome(named, norm, not finite, shown)

    def _learn(
        self, frames: CleaningFrames, parts: int, *, is_last: bool
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Add one part's gradients; the loss of each pass, and the first frame before and after each."""
        low, losses, shown = frames.low, [], [frames.low[0]]
        for number in range(self._options.passes):
            final = number + 1 == self._options.passes
            with apart(self._cleaning, not (is_last and final)):
                with torch.autocast(low.device.type, torch.bfloat16, enabled=self._half):
                    residue: Tensor = self._cleaning(low)
                cleaned = low + residue.float()
                loss = self._distance(cleaned, frames.targets)
                # Each frame of each pass counts alike.
                torch.autograd.backward(loss * self._options.again**number / parts)
            losses.append(loss.detach())
            shown.append(cleaned[0].detach())
            low = cleaned[: math.ceil(len(cleaned) * self._options.again)].detach()
        shown.extend(target[0] for target in frames.targets.values())
        return torch.stack(losses), tuple(shown)

    def _distance(self, cleaned: Tensor, targets: dict[Target, Tensor]) -> Tensor:
        kind, weights = self._stage.losses.cleaning, self._options.weights
        distances = [
            weights[name] * pixel_loss(kind, cleaned, target[: len(cleaned)])
            for name, target in targets.items()
        ]
        return torch.stack(distances).sum()

    @property
    def _half(self) -> bool:
        return self._stage.optimizer.precision == "bf16"


def _weighed(passes: Sequence[float], again: float) -> float:
    return sum(loss * again**number for number, loss in enumerate(passes))


def _on(frames: Tensor, device: torch.device) -> Tensor:
    moved = frames.to(device, non_blocking=True).float() / 255.0
    return moved.contiguous(memory_format=torch.channels_last)
