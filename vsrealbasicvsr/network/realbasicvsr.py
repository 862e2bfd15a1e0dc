"""RealBasicVSR: image cleaning, then BasicVSR (CVPR 2022; SPEC 1)."""

from __future__ import annotations

from torch import Tensor, nn

from vsrealbasicvsr.network.basicvsr import BasicVSR
from vsrealbasicvsr.network.cleaning import Cleaning, Refinement
from vsrealbasicvsr.network.layers import MID_CHANNELS
from vsrealbasicvsr.weights.refinement import RefinementDefaults


class RealBasicVSR(nn.Module):
    """The paper's network in plain PyTorch: the reference that everything faster is compared with.

    State-dict names and shapes are those of the authors' checkpoints (SPEC 1.2).

    Args:
        mid_channels: width of the trunks.
        num_propagation_blocks: residual blocks in each direction.
        num_cleaning_blocks: residual blocks of the cleaning network; 0 leaves it out, and frames
            pass uncleaned (plain BasicVSR).

    Attributes:
        refinement_defaults: the dynamic refinement that its weights were trained for, as far as their file
            says it; `Restorer` reads it, `forward` and `clean` do not.
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
        """The image-cleaning network, None where frames pass uncleaned."""
        return getattr(self, "image_cleaning", None)

    def clean(
        self,
        frames: Tensor,
        *,
        refinement_threshold: float = 255.0,
        max_passes: int = 3,
        refine: Refinement = "frame",
    ) -> Tensor:
        """Clean frames with dynamic refinement (paper Eq. 5, SPEC 4).

        Args:
            frames: (N, T, 3, H, W), float, RGB, 0-1.
            refinement_threshold: mean absolute residue, 0-255 scale, below which cleaning stops;
                255 gives exactly one pass, as in training.
            max_passes: passes at most.
            refine: decide per `frame` (Eq. 5) or once per `sequence`, as the released code does.

        Returns:
            (N, T, 3, H, W), not clamped.
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
        """Restore whole shots at once: `clean`, then propagation and reconstruction.

        Args:
            frames: (N, T, 3, H, W), float, RGB, 0-1; any N, T, H, W from 1.
            refinement_threshold: as in `clean`.
            max_passes: as in `clean`.
            refine: as in `clean`.

        Returns:
            (N, T, 3, 4H, 4W), not clamped.
        """
        cleaned = self.clean(
            frames, refinement_threshold=refinement_threshold, max_passes=max_passes, refine=refine
        )
        restored: Tensor = self.basicvsr(cleaned)
        return restored
