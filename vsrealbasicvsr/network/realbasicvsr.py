"""RealBasicVSR: image cleaning, then BasicVSR (CVPR 2022; specification, section 1)."""

from __future__ import annotations

from torch import Tensor, nn

from vsrealbasicvsr.network.basicvsr import BasicVSR
from vsrealbasicvsr.network.cleaning import Cleaning, Refinement
from vsrealbasicvsr.network.layers import MID_CHANNELS
from vsrealbasicvsr.weights.refinement import RefinementDefaults


class RealBasicVSR(nn.Module):
    """The paper's network in plain PyTorch; it is the reference for all faster implementations.

    State-dict names and shapes are those of the authors' checkpoints (specification, section 1.2).

    Args:
        mid_channels: number of channels of the trunks.
        num_propagation_blocks: number of residual blocks in each direction.
        num_cleaning_blocks: number of residual blocks of the cleaning network; 0 leaves cleaning out (plain
            BasicVSR).

    Attributes:
        refinement_defaults: the dynamic refinement that the weights were trained for, if their file states
            it. `Restorer` uses it; `forward` and `clean` do not.
    """

    refinement_defaults = RefinementDefaults()

    def __init__(
        self,
        mid_channels: int = MID_CHANNELS,
        num_propagation_blocks: int = 20,
        num_cleaning_blocks: int = 20,
    ) -> None:
        super().__init__()
        if num_cleaning_blocks:
            self.image_cleaning = Cleaning(mid_channels, num_cleaning_blocks)
        self.basicvsr = BasicVSR(mid_channels, num_propagation_blocks)

    @property
    def cleaning(self) -> Cleaning | None:
        """The image-cleaning network; None if the network has no cleaning."""
        return getattr(self, "image_cleaning", None)

    def clean(
        self,
        frames: Tensor,
        *,
        refinement_threshold: float = 255.0,
        max_passes: int = 3,
        refine: Refinement = "frame",
    ) -> Tensor:
        """Clean frames with dynamic refinement (paper Eq. 5, specification, section 4).

        Args:
            frames: (N, T, 3, H, W), float, RGB, 0-1.
            refinement_threshold: mean absolute residue, on the 0-255 scale, below which cleaning stops;
                255 gives exactly one pass, as in training.
            max_passes: maximum number of passes.
            refine: `frame` decides for each frame (Eq. 5); `sequence` decides once, like the released code.

        Returns:
            (N, T, 3, H, W), not clamped; `frames` itself if the network has no cleaning.
        """
        if self.cleaning is None:
            return frames
        return self.cleaning.refine(frames, refinement_threshold, max_passes, refine)

    def forward(
        self,
        frames: Tensor,
        *,
        refinement_threshold: float = 255.0,
        max_passes: int = 3,
        refine: Refinement = "frame",
    ) -> Tensor:
        """Restore each clip as one shot: `clean`, then propagation and reconstruction.

        Args:
            frames: (N, T, 3, H, W), float, RGB, 0-1; N, T, H and W can be any numbers from 1.
            refinement_threshold: see `clean`.
            max_passes: see `clean`.
            refine: see `clean`.

        Returns:
            (N, T, 3, 4H, 4W), not clamped.
        """
        cleaned = self.clean(
            frames, refinement_threshold=refinement_threshold, max_passes=max_passes, refine=refine
        )
        restored: Tensor = self.basicvsr(cleaned)
        return restored
