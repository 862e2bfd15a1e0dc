"""The same degradations as `training.degradation.apply`, on the training device."""

from training.degradation.device.batch import degrade_batch
from training.degradation.device.sharpen import sharpen_frames

__all__ = ["degrade_batch", "sharpen_frames"]
