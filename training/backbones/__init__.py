"""Backbones trained on ImageNet, for losses on features: VGG-19, VGG-16, AlexNet."""

from training.backbones.load import load
from vsrealbasicvsr.evaluate.metrics.networks import Backbone, BackboneName

__all__ = ["Backbone", "BackboneName", "load"]
