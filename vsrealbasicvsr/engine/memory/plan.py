"""How a window's work is laid out in a device's memory: strips, and where backward features stay.

The estimates count tensors, as PyTorch's allocator does; libraries' own workspace comes on top. They are
held to what the allocator reports by a test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.network.layers import MID_CHANNELS
from vsrealbasicvsr.network.spynet import MULTIPLE
from vsrealbasicvsr.settings import Settings

_LEAST_ROWS = 16
_STRIP_BYTES = 256 * 2**20
"""Of the largest tensor of reconstruction, fp32, where no budget asks for less."""
_BATCHED = 4 * 320 * 180
"""Pixels that fill a GPU. On a CPU batches gain nothing."""
_LARGEST_BATCH = 8
_AUTO_SHARE = 0.9
_UNITS = {"MB": 1e6, "GB": 1e9}
_PICTURE = 12
"""Bytes a pixel of an RGB picture in fp32."""
_MOTION = 16
"""Bytes a pixel of the flow between two frames in both directions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do at once.

    Attributes:
        rows: of a strip in cleaning and propagation; where there are strips, flow is computed in one
            direction after the other.
        detail_rows: of a strip in reconstruction, in source pixels.
        features_on_host: backward features wait in host memory.
        height: of the pictures, in source pixels: as many rows are no strip.
        batch: frames cleaned at once, and pairs whose flow is measured at once.
    """

    rows: int
    detail_rows: int
    features_on_host: bool
    height: int
    batch: int = 1

    @property
    def in_strips(self) -> bool:
        """Whether cleaning and propagation are."""
        return self.rows < self.height

    def __str__(self) -> str:
        strips = f"strips of {self.rows} rows" if self.in_strips else "whole pictures"
        last = f"of {self.detail_rows} in reconstruction"
        return (
            f"{strips}, {last}, backward features in {'host' if self.features_on_host else 'device'} memory"
        )

    def smaller(self) -> Self | None:
        """The next plan that needs less memory: no batches, lower strips, then features to the host."""
        if self.batch > 1:
            return replace(self, batch=1)
        if (halved := self.halved()) is not None:
            return halved
        return None if self.features_on_host else replace(self, features_on_host=True)

    def halved(self) -> Self | None:
        """The plan with strips of half the height, None where they are as low as they get."""
        if max(self.rows, self.detail_rows) <= _LEAST_ROWS:
            return None
        rows, detail_rows = (_halved(min(rows, self.height)) for rows in (self.rows, self.detail_rows))
        return replace(self, rows=rows, detail_rows=detail_rows)


def _halved(rows: int) -> int:
    return max(rows // 2, min(rows, _LEAST_ROWS))


def detail_rows(width: int) -> int:
    """Rows of a strip of reconstruction where no budget asks for less.

    Four times the width and height in 64 channels would be 8.5 GB for a frame of 1920x1080.
    """
    return max(1, _STRIP_BYTES // (SCALE * SCALE * width * MID_CHANNELS * 4))


@dataclass(frozen=True, slots=True)
class Need:
    """What a restoration takes on its device, by `Plan`.

    Attributes:
        network: the network; its widths and depths are read.
        settings: window and margin are read.
        dtype: arithmetic of cleaning, trunks and reconstruction.
        width: source pixels.
        height: source pixels.
        on_host: the device's memory is the host's, so that features cannot be put away.
        windows: windows whose cleaned frames lie on the device, where several are in the making.
    """

    network: RealBasicVSR
    settings: Settings
    dtype: torch.dtype
    width: int
    height: int
    on_host: bool
    windows: int = 1

    @property
    def _pixels(self) -> int:
        return self.width * self.height

    @property
    def _features(self) -> int:
        """Bytes of one frame's features."""
        return self.network.basicvsr.mid_channels * self.dtype.itemsize * self._pixels

    def kept(self, plan: Plan) -> int:
        """Bytes that stay: weights, cleaned frames and flows of a window, backward features of its core."""
        flow = sum(p.numel() for p in self.network.basicvsr.spynet.parameters())
        every = sum(p.numel() for p in self.network.parameters())
        weights = 4 * flow + self.dtype.itemsize * (every - flow)
        frames = self.windows * self.settings.window + 2 * self.settings.margin
        return weights + frames * (_PICTURE + _MOTION) * self._pixels + self._stored(plan)

    def _stored(self, plan: Plan) -> int:
        away = plan.features_on_host and not self.on_host
        return 0 if away else self.settings.window * self._features

    def peak(self, plan: Plan) -> int:
        """Bytes of the hungriest moment: within 15 % of what the allocator counts.

        Windows are whole, and whoever reads the restored pictures holds one of them. Windows of whole shots
        are of unknown length: 28 bytes a pixel of each frame of the shot come on top.
        """
        held = _PICTURE * SCALE * SCALE * self._pixels
        apart = max(self._cleaning(plan), self._flow(plan))  # while no features are stored
        together = max(self._propagation(plan), self._reconstruction(plan))
        return self.kept(plan) + self._graphs(plan) + held + max(apart - self._stored(plan), together)

    def _graphs(self, plan: Plan) -> int:
        """What CUDA graphs keep to themselves: the intermediate results of each, for each shape of strips.

        Both passes have one for frames that start a shot and one for all others.
        """
        if self.settings.acceleration not in ("graphs", "fused"):
            return 0
        shapes = min(3, -(-self.height // plan.rows))  # the first, those between, the last
        last = min(3, -(-self.height // plan.detail_rows))
        rows = self._cleaning(plan) + 4 * self._propagation(plan)
        return shapes * rows + self._flow(plan) + last * self._reconstruction(plan)

    def _trunk(self, rows: int) -> int:
        """A strip in a trunk: what entered the row of blocks, and three pictures of a block's width."""
        strip = self._strip(rows, self.network.basicvsr.forward_resblocks.reach)
        return 4 * self._features * strip // self.height

    def _strip(self, rows: int, halo: int) -> int:
        return min(rows + 2 * halo, self.height)

    def _cleaning(self, plan: Plan) -> int:
        return plan.batch * (self._trunk(plan.rows) + 3 * _PICTURE * self._pixels)

    def _flow(self, plan: Plan) -> int:
        """Pairs of pictures in SPyNet: at its finest level 64 channels before and after their ReLU."""
        padded = -(-self.width // MULTIPLE) * -(-self.height // MULTIPLE) * MULTIPLE**2
        return plan.batch * (1 if plan.in_strips else 2) * 764 * padded

    def _propagation(self, plan: Plan) -> int:
        """The neighbour's features, a strip of them aligned and in the trunk, and the picture it goes into.

        They are sampled in fp32: whole pictures before the trunk, strips from a copy that stays.
        """
        exact = 4 * self.network.basicvsr.mid_channels * self._pixels
        strip = self._strip(plan.rows, self.network.basicvsr.forward_resblocks.reach)
        inside = self._features * strip // self.height + self._trunk(plan.rows)  # what enters, too
        if plan.in_strips:
            copy = 0 if self.dtype == torch.float32 else exact
            return 2 * self._features + copy + inside
        return self._features + max(3 * exact, inside)

    def _reconstruction(self, plan: Plan) -> int:
        """The forward pass's features, a strip, and the picture it goes into.

        A strip is at its largest in `conv_hr`: two pictures of 64 channels in the full size, and where
        activations are not in place a third.
        """
        pictures = 3 if self.settings.acceleration in ("off", "compile") else 2
        large = SCALE * SCALE * self._pixels
        strip = (
            pictures
            * MID_CHANNELS
            * self.dtype.itemsize
            * large
            * self._strip(plan.detail_rows, 2)
            // self.height
        )
        leaving = _PICTURE * large if plan.detail_rows < self.height else 0
        returned = self._features if plan.features_on_host and not self.on_host else 0
        return self._features + returned + strip + leaving


def make_plan(need: Need, budget: int | None) -> Plan:
    """The plan with the fewest strips that keeps to a budget; the smallest there is where none does.

    Features go to the host before strips get lower: a copy costs less than rows computed twice.

    Args:
        need: what is to be done. Windows of whole shots are of unknown length, so that their features always
            go to the host.
        budget: bytes; None is no limit.
    """
    on_host = need.on_host or need.settings.window == 0
    batch = 1 if need.on_host else max(1, min(_BATCHED // (need.width * need.height), _LARGEST_BATCH))
    plan = Plan(need.height, detail_rows(need.width), on_host, need.height, batch)
    if budget is None or need.peak(plan) <= budget:
        return plan
    plan = replace(plan, batch=1)
    while True:
        away = replace(plan, features_on_host=True)
        fitting = next((one for one in (plan, away) if need.peak(one) <= budget), None)
        if fitting is not None:
            return fitting
        halved = plan.halved()
        if halved is None:
            return away
        plan = halved


def read_budget(memory: str, device: torch.device) -> int | None:
    """The setting `memory` in bytes; None is no limit.

    Raises:
        SettingsError: a share of memory is asked for on a device that does not tell how much it has.
    """
    if memory[-2:] in _UNITS:
        return round(float(memory[:-2]) * _UNITS[memory[-2:]])
    if device.type != "cuda":
        if memory == "auto":
            return None
        raise SettingsError(f"memory must be an amount on {device}, such as 4GB, not {memory!r}.")
    share = _AUTO_SHARE if memory == "auto" else float(memory[:-1]) / 100
    # What PyTorch keeps for itself is free for us.
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return round(share * (torch.cuda.mem_get_info(device)[0] + kept))
