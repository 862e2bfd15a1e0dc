"""Networks trained on ImageNet that losses and metrics look through: VGG-19, VGG-16, AlexNet."""

from training.backbones.load import load
from training.backbones.networks import Backbone, BackboneName

__all__ = ["Backbone", "BackboneName", "load"]
