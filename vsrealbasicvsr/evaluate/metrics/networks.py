"""Networks trained on ImageNet, whose features are compared by metrics and by the losses of training.

They are the convolutional parts of three classifiers, with torchvision's layer numbers.

Architectures: Simonyan and Zisserman, "Very Deep Convolutional Networks" (configurations D and E);
Krizhevsky, "One weird trick for parallelizing convolutional neural networks".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from torch import Tensor, nn

from vsrealbasicvsr.errors import UnavailableError

BackboneName = Literal["vgg19", "vgg16", "alexnet"]

_VGG_WIDTHS = (64, 128, 256, 512, 512)


class Backbone(nn.Module):
    """Frozen layers, some of which are tapped. State-dict names are torchvision's, `features.N.weight`.

    Args:
        features: the layers, up to the last tapped layer.
        taps: indices of the layers whose outputs are returned, rising.
        smallest: minimum height and width in pixels that the layers can process.
    """

    def __init__(self, features: nn.Sequential, taps: tuple[int, ...], smallest: int) -> None:
        super().__init__()
        self.features = features
        self._taps = taps
        self._smallest = smallest
        self.requires_grad_(False)

    def with_layers(self, layers: Iterable[nn.Module]) -> Backbone:
        """Return a backbone of the same number of other layers, with the same taps."""
        return Backbone(nn.Sequential(*layers), self._taps, self._smallest)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return the outputs of the tapped layers, (B, C, H', W') each.

        Args:
            pictures: (B, 3, H, W), normalised as in the training of the weights.

        Raises:
            UnavailableError: H or W is too small.
        """
        height, width = pictures.shape[-2:]
        if min(height, width) < self._smallest:
            raise UnavailableError(
                f"Frames of {width}x{height} are too small to compare features: both sides must have "
                f"{self._smallest} pixels or more."
            )
        tapped = []
        for index, layer in enumerate(self.features):
            pictures = layer(pictures)
            if index in self._taps:
                tapped.append(pictures)
        return tapped


def backbone(name: BackboneName) -> Backbone:
    """Return a backbone with untrained weights; its taps are convolutions, before their ReLU.

    The taps are conv1_2, 2_2, 3_4, 4_4, 5_4 of VGG-19 (indices 2, 7, 16, 25, 34), conv1_2, 2_2, 3_3, 4_3,
    5_3 of VGG-16 (2, 7, 14, 21, 28), and all five of AlexNet (0, 3, 6, 8, 10).
    """
    match name:
        case "vgg19":
            return Backbone(_vgg((2, 2, 4, 4, 4)), (2, 7, 16, 25, 34), 16)
        case "vgg16":
            return Backbone(_vgg((2, 2, 3, 3, 3)), (2, 7, 14, 21, 28), 16)
        case "alexnet":
            return Backbone(_alexnet(), (0, 3, 6, 8, 10), 31)


def _vgg(depths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for width, depth in zip(_VGG_WIDTHS, depths, strict=True):
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[:-2])


def _alexnet() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, stride=2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
        nn.Conv2d(256, 256, 3, padding=1),
    )
