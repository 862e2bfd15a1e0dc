"""Conversion of the loader's batches to clips on the training device: mirrored, sharpened, degraded."""

from __future__ import annotations

import torch
from torch import Tensor

from training.data.samples import Batch, mirrored
from training.degradation.device import degrade_batch, sharpen_frames
from training.stage import Stage
from training.update.objective import Clips


def clips_of(batch: Batch, stage: Stage, device: torch.device) -> Clips:
    """Complete a batch on the training device.

    The loader sends only distinct frames; the mirrored half (specification 7.2) is made here. If the device
    degrades the clips, this is also done here, with the parameters that the loader drew.

    Args:
        batch: a batch of the loader.
        stage: `data` and `degradation` are read.
        device: the training device.
    """
    truth = batch.truth.to(device, non_blocking=True).float() / 255.0
    if batch.sharpened is not None and batch.low is not None:
        sharpened = batch.sharpened.to(device, non_blocking=True)
        low = batch.low.to(device, non_blocking=True)
    else:
        sharpened = _sharpened(truth) if stage.degradation.sharpen else truth
        low = degrade_batch(_whole(sharpened, stage), batch.parameters)
    return Clips(low.float() / 255.0, _whole(sharpened, stage), _whole(truth, stage))


def _sharpened(truth: Tensor) -> Tensor:
    return sharpen_frames(truth.flatten(0, 1)).view_as(truth)


def _whole(frames: Tensor, stage: Stage) -> Tensor:
    return mirrored(frames, dim=1) if stage.data.mirror else frames
