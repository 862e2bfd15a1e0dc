"""The generator in training: it returns restored and cleaned frames of whole clips (specification 6.2)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from training.stage import NetworkOptions
from vsrealbasicvsr.network import RealBasicVSR


class Restoration(NamedTuple):
    """The result of one forward pass.

    Attributes:
        restored: (N, T, 3, 4H, 4W), not clamped.
        cleaned: (N, T, 3, H, W), not clamped; its gradients reach the cleaning network.
        entrance: input of the propagation: `cleaned`, or a leaf with the same values if cleaning is detached.
    """

    restored: Tensor
    cleaned: Tensor
    entrance: Tensor


class Generator(nn.Module):
    """RealBasicVSR with its training options, which decide which parameters are trained.

    Args:
        network: the network; it is trained in place.
        options: `cleaning`, `train_flow`, `refinement_threshold` and `max_passes` are read.
    """

    def __init__(self, network: RealBasicVSR, options: NetworkOptions) -> None:
        super().__init__()
        self.network = network.train()
        self._options = options
        network.requires_grad_(True)
        network.basicvsr.spynet.requires_grad_(options.train_flow)
        if options.cleaning == "fixed":
            for name, parameter in network.named_parameters():
                if "cleaning" in name:
                    parameter.requires_grad_(False)

    def forward(self, low: Tensor) -> Restoration:
        """Restore whole clips.

        Args:
            low: (N, T, 3, H, W), float32, RGB, 0-1.
        """
        options = self._options
        cleaned = self.network.clean(
            low, refinement_threshold=options.refinement_threshold, max_passes=options.max_passes
        )
        detached = options.cleaning == "detached"
        entrance = cleaned.detach().requires_grad_() if detached else cleaned
        return Restoration(self.network.basicvsr(entrance), cleaned, entrance)
