"""Our own engine as a peer, with any weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from vsrealbasicvsr import weights
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.evaluate.peers.installed import learned
from vsrealbasicvsr.grid import Variant, shown
from vsrealbasicvsr.network import load as load_network
from vsrealbasicvsr.settings import Settings


def peer_name(variant: Variant) -> str:
    """Return the name of a variant of our network in tables."""
    model = variant.settings.model
    words = [f"{name} {shown(value)}" for name, value in variant.varied.items() if name != "model"]
    return ", ".join([f"ours: {Path(model).stem if Path(model).suffix else model}", *words])


class Ours:
    """`Restorer.stream` as an upscaler; the clip is one shot.

    Args:
        settings: all settings, including the weights.
        device: the device that runs it.

    Raises:
        WeightsError: the weights cannot be found or read.
    """

    def __init__(self, settings: Settings, device: str) -> None:
        network = load_network(weights.resolve(settings.model))
        self._parameters = learned(network)
        self._restorer = Restorer(network, settings, device)

    @property
    def parameters(self) -> int:
        """Number of learned parameters."""
        return self._parameters

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        """Restore a clip; see `Upscaler`."""
        yield from self._restorer.stream(frames)


def load(device: str, settings: Settings) -> Ours:
    """Load our engine, for the list of peers."""
    return Ours(settings, device)
