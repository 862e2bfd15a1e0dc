"""The discriminator in an iteration: its weight in the generator's losses, and its own step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.optim import Adam

from training.losses.adversarial import game
from training.losses.feature_discriminator import FeatureDiscriminator, Judge, channel_sums
from training.losses.frames import Evidence
from training.losses.options import AdversarialOptions
from training.losses.picks import picked
from training.losses.share import adversarial_weight, is_measured, smoothed_ratio
from training.processes import Processes, apart
from training.stage import OptimizerOptions
from training.state import State
from training.update.gradients import add, are_finite, autocast, clipped_norm


class Adversary:
    """The discriminator's work in each iteration: `begin`, `pull` for each part of a batch, then `learn`.

    Args:
        options: options of the adversarial loss.
        optimizer: its precision is read.
        state: it holds the discriminator, which is trained in place, its optimiser and the measured ratio.
        processes: gradients and measurements are combined over all processes.
    """

    def __init__(
        self, options: AdversarialOptions, optimizer: OptimizerOptions, state: State, processes: Processes
    ) -> None:
        assert state.discriminator is not None
        assert state.discriminator_optimizer is not None
        self.judge: Judge = state.discriminator
        self._adam: Adam = state.discriminator_optimizer
        self._wrapped = processes.wrapped(self.judge)
        self._options, self._optimizer, self._state, self._processes = options, optimizer, state, processes
        self._squares = torch.zeros(2, dtype=torch.float64, device=processes.device)

    @property
    def weight(self) -> float:
        """Weight of the generator's adversarial term in this iteration."""
        return adversarial_weight(self._options, self._state.iteration, self._state.gradient_ratio)

    def begin(self, real: Callable[[], Iterable[Sequence[Tensor]]]) -> None:
        """Freeze the discriminator for the generator's step. The first time, fit it to real features.

        Args:
            real: yields the ground truth's features to judge, for each part of the batch; called only if they
                are needed.
        """
        self._squares.zero_()
        self.judge.requires_grad_(False)
        if isinstance(self.judge, FeatureDiscriminator):
            self.judge.eval()  # its spectral norms change only in its own step
            if not self.judge.fitted:
                sums = [channel_sums(features) for features in real()]
                totals = [torch.stack(layer).sum(0) for layer in zip(*sums, strict=True)]
                self.judge.fit([self._processes.summed(total) for total in totals])

    def pull(self, others: Tensor, adversarial: Tensor, picture: Tensor, picks: Tensor | None) -> Tensor:
        """Return a scalar whose gradient at the picture is that of all losses together.

        Args:
            others: the sum of all other losses on the picture.
            adversarial: the adversarial term, without its weight.
            picture: restored frames, (N, T, 3, H, W).
            picks: the frames that losses on single frames use. The gradients are compared on the frames that
                the discriminator gets.
        """
        state, weight = self._state, self.weight
        if not is_measured(self._options, state.iteration, state.gradient_ratio):
            return others + weight * adversarial
        ours, theirs = (
            torch.autograd.grad(loss, picture, retain_graph=True)[0] for loss in (others, adversarial)
        )
        seen = [picked(gradient, picks if self._sees_picks else None) for gradient in (ours, theirs)]
        self._squares += torch.stack([gradient.double().square().sum() for gradient in seen])
        # Both gradients are known here, so the backward pass to the picture need not compute them again.
        return (picture * (ours + weight * theirs)).sum()

    def learn(self, evidence: Sequence[Evidence]) -> tuple[dict[str, float], bool]:
        """Do the discriminator's step, after the generator's, on the frames from before that.

        Specification, section 6.3.

        Args:
            evidence: the evidence of each part of the batch.

        Returns:
            The discriminator's losses as means over the batch and all processes; and whether the step was
            done. It is omitted if a loss or a gradient is not finite.
        """
        self._take_measure()
        losses = self._gradients(evidence)
        finite = are_finite(clipped_norm(self._wrapped, 0.0), *losses.values())
        if finite:
            self._adam.step()
        return losses, finite

    @property
    def _sees_picks(self) -> bool:
        return isinstance(self.judge, FeatureDiscriminator)

    def _take_measure(self) -> None:
        state = self._state
        if is_measured(self._options, state.iteration, state.gradient_ratio):
            ours, theirs = self._processes.summed(self._squares).sqrt().tolist()
            state.gradient_ratio = smoothed_ratio(state.gradient_ratio, ours, theirs)

    def _gradients(self, evidence: Sequence[Evidence]) -> dict[str, float]:
        self.judge.train().requires_grad_(True)
        self._wrapped.zero_grad(set_to_none=True)
        losses = game(self._options.kind)
        work = [
            half
            for part in evidence
            for half in (("real", losses.real, part.real), ("fake", losses.fake, part.fake))
        ]
        sums: dict[str, Tensor] = {}
        for index, (name, loss, inputs) in enumerate(work):
            with apart(self._wrapped, index + 1 < len(work)):
                with autocast(self._optimizer, self._processes.device):
                    value = loss(self._wrapped(inputs))
                torch.autograd.backward(value / len(evidence))
            add(sums, {name: value})
        return self._processes.means(sums, len(evidence))
