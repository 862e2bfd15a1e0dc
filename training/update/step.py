"""One iteration: the generator's step, then the discriminator's (specification, section 6.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.losses.frames import Evidence, LossTerms
from training.losses.picks import draw_picks
from training.model.generator import Generator, Restoration
from training.processes import Processes, apart
from training.stage import Stage
from training.state import State
from training.update.adversary import Adversary
from training.update.average import follow
from training.update.gradients import add, are_finite, autocast, clipped_norm
from training.update.objective import Clips, Objective
from training.update.rates import set_rates

_NOT_ON_PICTURE = "cleaning"  # the only loss that does not use the restored frames
_BETWEEN_PIXELS = ("pixel", "temporal")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one iteration.

    Attributes:
        losses: weighted losses by name, as means over the batch and all processes; with a discriminator also
            `adversarial_weight`.
        gradient_norm: length of the generator's gradient, before clipping.
        skipped: whether a step was omitted because a loss or a gradient was not finite.
        picture: frames of the last part's first clip to view side by side, each (3, h, w), 0-1.
    """

    losses: dict[str, float]
    gradient_norm: float
    skipped: bool
    picture: tuple[Tensor, ...]


class Step:
    """Both optimisers' steps on a state.

    Args:
        stage: the options of losses, optimiser and cleaning are read.
        state: its networks are trained in place.
        objective: the generator's losses.
        processes: gradients and losses are averaged over all processes.
    """

    def __init__(self, stage: Stage, state: State, objective: Objective, processes: Processes) -> None:
        self._stage = stage
        self._state = state
        self._objective = objective
        self._processes = processes
        self._generator = processes.wrapped(Generator(state.network, stage.network))
        options = stage.losses.adversarial
        self._adversary = (
            Adversary(options, stage.optimizer, state, processes) if options and options.active else None
        )

    def __call__(self, parts: Sequence[Clips]) -> Outcome:
        """Do one iteration on this process's share of the batch, in parts whose gradients are accumulated."""
        state, options = self._state, self._stage.optimizer
        set_rates(self._stage, state)
        if self._adversary is not None:
            self._adversary.begin(lambda: self._real(parts))
        losses, evidence, last = self._generator_gradients(parts)
        norm = clipped_norm(state.network, options.clip_norm)
        finite = are_finite(norm, *losses.values())
        if self._adversary is not None:
            losses["adversarial_weight"] = self._adversary.weight
        if finite:
            state.optimizer.step()
            follow(state.average, state.network, options.average)
        if finite and self._adversary is not None:
            more, finite = self._adversary.learn(evidence)
            losses |= more
        return Outcome(losses, norm, not finite, _picture(parts[-1], last))

    def _real(self, parts: Sequence[Clips]) -> Iterator[tuple[Tensor, ...]]:
        for index, clips in enumerate(parts):
            with autocast(self._stage.optimizer, self._processes.device):
                yield self._objective.real_features(clips, self._picks(index, clips))

    def _picks(self, part: int, clips: Clips) -> Tensor | None:
        """Draw the frames of a part of the batch for the losses that take much time."""
        stage, perceptual = self._stage, self._stage.losses.perceptual
        count, frames = clips.low.shape[:2]
        share = stage.batch // self._processes.count
        first = self._state.iteration * stage.batch + self._processes.rank * share + part * count
        limit = perceptual.frames if perceptual else 0
        return draw_picks(stage.seed, range(first, first + count), frames, limit)

    def _generator_gradients(
        self, parts: Sequence[Clips]
    ) -> tuple[dict[str, float], list[Evidence], Restoration]:
        self._state.optimizer.zero_grad(set_to_none=True)
        judge = self._adversary and self._adversary.judge
        sums: dict[str, Tensor] = {}
        evidence = []
        for index, clips in enumerate(parts):
            picks = self._picks(index, clips)
            with apart(self._generator, index + 1 < len(parts)):
                with autocast(self._stage.optimizer, self._processes.device):
                    result: Restoration = self._generator(clips.low)
                    terms = self._objective(result, clips, judge, picks)
                torch.autograd.backward(self._total(result, terms, picks) / len(parts))
            add(sums, terms.losses)
            if self._adversary is not None and terms.adversarial is not None:
                add(sums, {"adversarial": self._adversary.weight * terms.adversarial})
            if terms.evidence is not None:
                evidence.append(terms.evidence)
        last = Restoration(*(tensor.detach() for tensor in result))
        return self._processes.means(sums, len(parts)), evidence, last

    def _total(self, result: Restoration, terms: LossTerms, picks: Tensor | None) -> Tensor:
        """Return a scalar whose gradients are those of all losses together."""
        losses = dict(terms.losses)
        beside = losses.pop(_NOT_ON_PICTURE, None)
        total = torch.stack(list(losses.values())).sum()
        if self._adversary is not None and terms.adversarial is not None:
            total = self._adversary.pull(total, terms.adversarial, result.restored, picks)
        if beside is not None:
            total = total + beside
        if result.entrance is not result.cleaned:
            # Cleaning is detached from all losses that use networks (specification 6.6). From the gradient
            # at the input of the propagation, it gets only the part of the losses between pixels.
            between_pixels = torch.stack([losses[name] for name in _BETWEEN_PIXELS if name in losses]).sum()
            (gradient,) = torch.autograd.grad(between_pixels, result.entrance, retain_graph=True)
            total = total + (result.cleaned * gradient).sum()
        return total


def _picture(clips: Clips, result: Restoration) -> tuple[Tensor, ...]:
    """Return the middle frame of the first clip: low, cleaned, restored, target."""
    middle = clips.low.shape[1] // 2
    parts = (clips.low, result.cleaned, result.restored, clips.sharpened)
    return tuple(part[0, middle] for part in parts)
