"""The filter's keywords made into settings, one for each device, and what else the graph needs."""

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
_MOST_PREFETCH = 16


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the graph needs to know."""

    settings: tuple[Settings, ...]
    """For each device; they differ in `device` alone."""
    cuts: Literal["props", "detect"] | frozenset[int]
    """Where cuts come from, or their frame numbers."""
    prefetch: int
    """Windows made ahead for each device."""


def read_arguments(
    *, device: Device, model: str | Path, half: bool, cuts: Cuts, prefetch: int, **settings: Any
) -> Arguments:
    """Check the filter's keywords.

    Args:
        device: one or several, in a list or with commas; None is "auto".
        model: a known name or a file; looked for, but not opened.
        half: whether the clip's samples are half precision, which `precision="auto"` follows.
        cuts: see `realbasicvsr`.
        prefetch: windows.
        settings: the other fields of `Settings`.

    Raises:
        SettingsError: a value is of the wrong kind or out of range.
        WeightsError: there is no such model, or it is yet to be fetched.
        VideoError: a file of cuts cannot be read.
    """
    if type(settings["window"]) is int and settings["window"] == 0:
        raise SettingsError(
            "window=0 (the whole shot) needs a known number of frames; give a length such as window=24, "
            "or use `vsrealbasicvsr restore --window 0`."
        )
    if settings["precision"] == "auto" and not half:
        settings["precision"] = "fp32"
    if isinstance(prefetch, bool) or not isinstance(prefetch, int) or not 0 <= prefetch <= _MOST_PREFETCH:
        raise SettingsError(f"prefetch must be a whole number from 0 to {_MOST_PREFETCH}, not {prefetch!r}.")
    values = {**settings, "model": str(model) if isinstance(model, Path) else model}
    made = tuple(Settings.from_mapping({**values, "device": name}) for name in _devices(device))
    weights.resolve(model)
    return Arguments(made, _cuts(cuts), prefetch)


def _devices(device: Device) -> list[str]:
    if isinstance(device, str):
        several: Sequence[object] = device.split(",")
    else:
        several = device if isinstance(device, Sequence) and not isinstance(device, bytes) else [device]
    if not several:
        raise SettingsError("device is an empty list; name at least one, or leave it out.")
    return [_device(one) for one in several]


def _device(device: object) -> str:
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
        found = frozenset(operator.index(cast(SupportsIndex, n)) for n in numbers if not isinstance(n, bool))
    except TypeError:  # an array of one dimension too many, too
        found = frozenset([-1])
    if any(isinstance(n, bool) for n in numbers) or min(found, default=0) < 0:
        raise SettingsError(f"cuts must hold frame numbers, whole and from 0, not {repr(cuts)[:60]}.")
    return found


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long a name, or a NUL in it
        return False
