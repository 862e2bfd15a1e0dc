"""One iteration: the generator's step, then the discriminator's (SPEC 6.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.average import follow
from training.generator import Generator, Restoration
from training.objective import Clips, Objective, fake_loss, real_loss
from training.processes import Processes, apart
from training.rates import rate_share
from training.stage import Stage
from training.state import State


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one iteration came to.

    Attributes:
        losses: each weighted loss by name, the mean over the batch and all processes.
        gradient_norm: of the generator, before clipping.
        skipped: a step was left out, because a loss or a gradient was not finite.
        picture: frames of the last part's first clip to look at side by side, each (3, h, w), 0-1.
    """

    losses: dict[str, float]
    gradient_norm: float
    skipped: bool
    picture: tuple[Tensor, ...]


class Step:
    """Both optimisers' steps on a state.

    Args:
        stage: losses, optimiser and cleaning options are read.
        state: its networks learn in place.
        objective: the generator's losses.
        processes: gradients and losses are averaged over them.
    """

    def __init__(self, stage: Stage, state: State, objective: Objective, processes: Processes) -> None:
        self._stage = stage
        self._state = state
        self._objective = objective
        self._processes = processes
        self._generator = processes.wrapped(Generator(state.network, stage.network))
        self._discriminator = state.discriminator and processes.wrapped(state.discriminator)

    def __call__(self, parts: Sequence[Clips]) -> Outcome:
        """One iteration on this process's share of the batch, given in parts that are accumulated."""
        state, options = self._state, self._stage.optimizer
        self._set_rates(state.iteration)
        losses, results = self._generator_gradients(parts)
        norm = clipped_norm(state.network, options.clip_norm)
        finite = are_finite(norm, *losses.values())
        if finite:
            state.optimizer.step()
            follow(state.average, state.network, options.average)
        if finite and self._discriminator is not None and state.discriminator_optimizer is not None:
            # After the generator's step, on the frames from before it (SPEC 6.3).
            more = self._discriminator_gradients(self._discriminator, parts, results)
            losses |= more
            finite = are_finite(clipped_norm(self._discriminator, 0.0), *more.values())
            if finite:
                state.discriminator_optimizer.step()
        return Outcome(losses, norm, not finite, _picture(parts[-1], results[-1]))

    def _set_rates(self, iteration: int) -> None:
        options, adversarial = self._stage.optimizer, self._stage.losses.adversarial
        share = rate_share(options, iteration, self._stage.iterations)
        for group in self._state.optimizer.param_groups:
            group["lr"] = options.learning_rate * share
        if self._state.discriminator_optimizer is not None and adversarial is not None:
            for group in self._state.discriminator_optimizer.param_groups:
                group["lr"] = adversarial.learning_rate * share

    def _generator_gradients(self, parts: Sequence[Clips]) -> tuple[dict[str, float], list[Restoration]]:
        self._state.optimizer.zero_grad(set_to_none=True)
        if self._state.discriminator is not None:
            self._state.discriminator.requires_grad_(False)
        sums: dict[str, Tensor] = {}
        results = []
        for index, clips in enumerate(parts):
            with apart(self._generator, index + 1 < len(parts)):
                with self._autocast():
                    result: Restoration = self._generator(clips.low)
                    losses = self._objective(result, clips, self._state.discriminator)
                torch.autograd.backward(self._total(result, losses) / len(parts))
            _add(sums, losses)
            results.append(Restoration(*(tensor.detach() for tensor in result)))
        return self._mean(sums, len(parts)), results

    @staticmethod
    def _total(result: Restoration, losses: dict[str, Tensor]) -> Tensor:
        total = torch.stack(list(losses.values())).sum()
        if result.entrance is not result.cleaned:
            # Cleaning is detached from the perceptual and adversarial losses (SPEC 6.6): of the gradient
            # that reaches the entrance of propagation it gets the pixel loss's part.
            (gradient,) = torch.autograd.grad(losses["pixel"], result.entrance, retain_graph=True)
            total = total + (result.cleaned * gradient).sum()
        return total

    def _discriminator_gradients(
        self, discriminator: nn.Module, parts: Sequence[Clips], results: Sequence[Restoration]
    ) -> dict[str, float]:
        discriminator.requires_grad_(True)
        discriminator.zero_grad(set_to_none=True)
        work = [
            half
            for clips, result in zip(parts, results, strict=True)
            for half in (("real", real_loss, clips.truth), ("fake", fake_loss, result.restored))
        ]
        sums: dict[str, Tensor] = {}
        for index, (name, loss, frames) in enumerate(work):
            with apart(discriminator, index + 1 < len(work)):
                with self._autocast():
                    value = loss(discriminator, frames)
                torch.autograd.backward(value / len(parts))
            _add(sums, {name: value})
        return self._mean(sums, len(parts))

    def _mean(self, sums: dict[str, Tensor], parts: int) -> dict[str, float]:
        total = self._processes.summed(torch.stack(list(sums.values())))
        values = (total / (parts * self._processes.count)).tolist()
        return dict(zip(sums, values, strict=True))

    def _autocast(self) -> AbstractContextManager[None]:
        half = self._stage.optimizer.precision == "bf16"
        context: AbstractContextManager[None] = torch.autocast(
            self._processes.device.type, torch.bfloat16, enabled=half
        )
        return context


def _picture(clips: Clips, result: Restoration) -> tuple[Tensor, ...]:
    """The middle frame of the first clip: low, cleaned, restored, target."""
    middle = clips.low.shape[1] // 2
    parts = (clips.low, result.cleaned, result.restored, clips.sharpened)
    return tuple(part[0, middle] for part in parts)


def _add(sums: dict[str, Tensor], losses: dict[str, Tensor]) -> None:
    for name, value in losses.items():
        sums[name] = sums.get(name, 0.0) + value.detach().float()


def clipped_norm(module: nn.Module, limit: float) -> float:
    """The gradient's length before it is shortened to the limit; 0 is no limit."""
    return float(nn.utils.clip_grad_norm_(module.parameters(), limit or math.inf))


def are_finite(*values: float) -> bool:
    """Whether none is infinite or no number."""
    return all(map(math.isfinite, values))
