"""Checks of the filter's keywords; they become settings for each device, scene cuts and the prefetch."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, SupportsIndex, cast

from vsrealbasicvsr import weights
from vsrealbasicvsr.cuts import read_cuts
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import DEVICE, Settings

type Device = str | int | Sequence[str | int] | None
type Cuts = Literal["props", "detect"] | str | Path | Sequence[int] | None

_DEVICE = re.compile(DEVICE, re.ASCII)
_MAX_PREFETCH = 16


@dataclass(frozen=True, slots=True)
class Arguments:
    """The checked keywords, as the graph needs them."""

    settings: tuple[Settings, ...]
    """One for each device; they differ only in `device`."""
    cuts: Literal["props", "detect"] | frozenset[int]
    """Where to find cuts, or the numbers of the frames that start a shot."""
    prefetch: int
    """Number of windows to restore ahead on each device."""


def read_arguments(
    *, device: Device, model: str | Path, half: bool, cuts: Cuts, prefetch: int, **settings: Any
) -> Arguments:
    """Check the filter's keywords and return what the graph needs.

    Args:
        device: one device, or several in a list or separated by commas; None means "auto".
        model: a known name or a file; it must exist, but it is not opened.
        half: True if the samples of the clip are half precision; `precision="auto"` follows it.
        cuts: see `realbasicvsr`.
        prefetch: windows to restore ahead on each device.
        settings: the other fields of `Settings`.

    Raises:
        SettingsError: a value has the wrong type or is out of range.
        WeightsError: the model does not exist, or it has not been downloaded yet.
        VideoError: a file of cuts cannot be read.
    """
    if type(settings["window"]) is int and settings["window"] == 0:
        raise SettingsError(
            "window=0 (the whole shot) needs a known number of frames; give a length such as window=24, "
            "or use `vsrealbasicvsr restore --window 0`."
        )
    if settings["precision"] == "auto" and not half:
        settings["precision"] = "fp32"
    if isinstance(prefetch, bool) or not isinstance(prefetch, int) or not 0 <= prefetch <= _MAX_PREFETCH:
        raise SettingsError(f"prefetch must be a whole number from 0 to {_MAX_PREFETCH}, not {prefetch!r}.")
    values = {**settings, "model": str(model) if isinstance(model, Path) else model}
    settings_of_devices = tuple(
        Settings.from_mapping({**values, "device": name}) for name in _device_names(device)
    )
    weights.resolve(model)
    return Arguments(settings_of_devices, _cuts(cuts), prefetch)


def _device_names(device: Device) -> list[str]:
    if isinstance(device, str):
        names: Sequence[object] = device.split(",")
    else:
        names = device if isinstance(device, Sequence) and not isinstance(device, bytes) else [device]
    if not names:
        raise SettingsError("device is an empty list; name at least one, or leave it out.")
    return [_checked_device(name) for name in names]


def _checked_device(device: object) -> str:
    if device is None:
        return "auto"
    if isinstance(device, str | int) and not isinstance(device, bool) and _DEVICE.fullmatch(str(device)):
        return str(device)
    raise SettingsError(
        f'device must be "auto", "cpu", "cuda:0", an index or a list of them, not {device!r}.'
    )


def _cuts(cuts: Cuts) -> Literal["props", "detect"] | frozenset[int]:
    if cuts is None:
        return frozenset()
    if isinstance(cuts, str):
        if cuts == "props" or cuts == "detect":
            return "props" if cuts == "props" else "detect"
        if cuts == "none":
            return frozenset()
        if not _is_file(cuts):
            known = '"props", "detect", frame numbers, a file of them or None'
            raise SettingsError(f"cuts must be {known}; there is no file {cuts[:200]!r}.")
    if isinstance(cuts, str | Path):
        return read_cuts(cuts)
    numbers = list(cuts) if isinstance(cuts, Iterable) and not isinstance(cuts, bytes | Mapping) else [-1]
    try:
        frame_numbers = frozenset(
            operator.index(cast(SupportsIndex, n)) for n in numbers if not isinstance(n, bool)
        )
    except TypeError:  # also for an array with more than one dimension
        frame_numbers = frozenset([-1])  # refused below
    if any(isinstance(n, bool) for n in numbers) or min(frame_numbers, default=0) < 0:
        raise SettingsError(f"cuts must hold frame numbers, whole and from 0, not {repr(cuts)[:60]}.")
    return frame_numbers


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # the name is too long, or it holds a NUL character
        return False
