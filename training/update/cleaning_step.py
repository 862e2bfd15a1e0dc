"""One iteration of a cleaning stage: every pass of the cleaning network is trained on its own result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from training.losses.feature_discriminator import FeatureDiscriminator
from training.losses.frames import Evidence, LossTerms
from training.pool.samples import CleaningBatch
from training.processes import Processes, apart
from training.stage import CleaningOptions, Stage, Target
from training.state import State
from training.update.adversary import Adversary
from training.update.average import follow
from training.update.cleaning_objective import CleaningObjective
from training.update.gradients import add, are_finite, autocast, clipped_norm
from training.update.rates import set_rates
from training.update.step import Outcome


class CleaningFrames(NamedTuple):
    """Single frames on the training device.

    Attributes:
        low: (N, 3, S, S), float32, 0-1.
        targets: targets by name, with the same shape.
    """

    low: Tensor
    targets: dict[Target, Tensor]


class _Part(NamedTuple):
    """The results of a part of the batch: sums of its losses, the first pass's evidence, frames to view."""

    losses: dict[str, Tensor]
    evidence: Evidence | None
    preview: tuple[Tensor, ...]


def frames_of(batch: CleaningBatch, device: torch.device) -> CleaningFrames:
    """Convert a batch of 8 bits to frames on the training device."""
    return CleaningFrames(
        _on(batch.low, device), {name: _on(target, device) for name, target in batch.targets.items()}
    )


class CleaningStep:
    """The optimisers' steps on a state in which only the cleaning network is trained.

    Args:
        stage: `cleaning`, and the options of losses and optimiser, are read.
        state: its network, average and discriminator are changed in place.
        objective: the losses of a pass.
        processes: gradients and losses are averaged over all processes.
    """

    def __init__(
        self, stage: Stage, state: State, objective: CleaningObjective, processes: Processes
    ) -> None:
        cleaning = state.network.cleaning
        if stage.cleaning is None or cleaning is None:
            raise AssertionError("a cleaning stage has options and a cleaning network")
        state.network.requires_grad_(False)
        cleaning.train().requires_grad_(True)
        self._options: CleaningOptions = stage.cleaning
        self._stage, self._state, self._processes = stage, state, processes
        self._objective = objective
        self._cleaning = processes.wrapped(cleaning)
        options = stage.losses.adversarial
        self._adversary = (
            Adversary(options, stage.optimizer, state, processes) if options and options.active else None
        )

    def __call__(self, parts: Sequence[CleaningFrames]) -> Outcome:
        """Do one iteration on this process's share of the batch, in parts whose gradients are accumulated."""
        state, options = self._state, self._stage.optimizer
        set_rates(self._stage, state)
        if self._adversary is not None:
            self._adversary.begin(lambda: self._real(parts))
        state.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        results = []
        for index, frames in enumerate(parts):
            results.append(self._learn(frames, len(parts), is_last=index + 1 == len(parts)))
            add(sums, results[-1].losses)
        losses = self._processes.means(sums, len(parts))
        norm = clipped_norm(self._cleaning, options.clip_norm)
        finite = are_finite(norm, *losses.values())
        if finite:
            state.optimizer.step()
            follow(state.average, state.network, options.average)
        if self._adversary is not None:
            losses["adversarial_weight"] = self._adversary.weight
            if finite:
                evidence = [result.evidence for result in results if result.evidence is not None]
                more, finite = self._adversary.learn(evidence)
                losses |= more
        return Outcome(losses, norm, not finite, results[-1].preview)

    def _real(self, parts: Sequence[CleaningFrames]) -> Iterator[tuple[Tensor, ...]]:
        for frames in parts:
            with autocast(self._stage.optimizer, self._processes.device):
                yield self._objective.real_features(frames.targets, len(frames.low))

    def _learn(self, frames: CleaningFrames, parts: int, *, is_last: bool) -> _Part:
        """Add one part's gradients, pass by pass."""
        low, evidence, preview = frames.low, None, [frames.low[0]]
        sums: dict[str, Tensor] = {}
        for number in range(self._options.passes):
            final = number + 1 == self._options.passes
            share = self._options.again**number  # so that each frame of each pass has the same weight
            with apart(self._cleaning, not (is_last and final)):
                picture, terms = self._pass(low, frames.targets)
                torch.autograd.backward(self._total(picture, terms) * share / parts)
            add(sums, {name: share * loss for name, loss in terms.losses.items()})
            if self._adversary is not None and terms.adversarial is not None:
                add(sums, {"adversarial": share * self._adversary.weight * terms.adversarial})
            if number == 0:
                sums["first_pass"], evidence = terms.losses["cleaning"].detach(), terms.evidence
            if final:
                sums["last_pass"] = terms.losses["cleaning"].detach()
            cleaned = picture[0].detach()
            preview.append(cleaned[0])
            low = cleaned[: math.ceil(len(cleaned) * self._options.again)]
        preview.extend(target[0] for target in frames.targets.values())
        return _Part(sums, evidence, tuple(preview))

    def _pass(self, low: Tensor, targets: dict[Target, Tensor]) -> tuple[Tensor, LossTerms]:
        """Do a pass; return the frames as one clip, (1, B, 3, S, S), and their losses."""
        judge = self._adversary.judge if self._adversary else None
        with autocast(self._stage.optimizer, self._processes.device):
            residue: Tensor = self._cleaning(low)
            picture = (low + residue.float())[None]
            terms = self._objective(
                picture[0], targets, judge if isinstance(judge, FeatureDiscriminator) else None
            )
        return picture, terms

    def _total(self, picture: Tensor, terms: LossTerms) -> Tensor:
        total = torch.stack(list(terms.losses.values())).sum()
        if self._adversary is None or terms.adversarial is None:
            return total
        seen = torch.arange(self._objective.looked_at(picture.shape[1]))[None]
        return self._adversary.pull(total, terms.adversarial, picture, seen)


def _on(frames: Tensor, device: torch.device) -> Tensor:
    moved = frames.to(device, non_blocking=True).float() / 255.0
    return moved.contiguous(memory_format=torch.channels_last)
