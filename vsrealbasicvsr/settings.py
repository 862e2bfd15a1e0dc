"""The settings of a restoration: name, default, unit and range of each, written once.

The command line's flags, the VapourSynth keywords, the bridge's filter options and the README's table
are derived from `Settings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, Self

from vsrealbasicvsr.errors import SettingsError

Precision = Literal["auto", "fp32", "fp16", "bf16"]
Acceleration = Literal["auto", "off", "compile", "graphs", "fused", "tensorrt"]

UNSEEN = ("device", "memory", "acceleration")
"""Settings that do not change the pictures, except for the last bits."""
DEVICE = r"auto|cpu(?::\d+)?|cuda|(?:cuda:)?\d+"
"""Pattern of one device's name, for `re.ASCII`. The engine checks whether the machine has the device."""


Kind = type[int] | type[float] | type[str]


def _setting(default: Any, help: str, *, unit: str = "", low: float = -math.inf, high: float = math.inf,
             choices: tuple[str, ...] = (), pattern: str = "", form: str = "",
             fallback: float | None = None) -> Any:  # fmt: skip
    metadata = {"help": help, "unit": unit, "low": low, "high": high, "choices": choices, "pattern": pattern,
                "form": form, "fallback": fallback}  # fmt: skip
    return field(default=default, metadata=metadata)


def kind_of(item: Field[Any]) -> Kind:
    """Return the type of a setting's values, from its field."""
    example: Any = item.metadata["fallback"] if item.default is None else item.default
    return type(example)


def default_of(item: Field[Any]) -> str:
    """Return a setting's default in words, from its field."""
    if item.default is None:
        return f"from the weights, {item.metadata['fallback']:g} where they do not say"
    return str(item.default)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of a restoration; frozen, and checked when created.

    If `refine` or `max_passes` is None, the weights state the value; see `vsrealbasicvsr.weights.completed`.

    Raises:
        SettingsError: a value is of the wrong kind or out of its range.
    """

    model: str = _setting("bundled", "weights: a name from `vsrealbasicvsr weights list`, or a file")
    device: str = _setting(
        "auto",
        "where the network runs: auto, cpu, cuda or cuda:N; several, as cuda:0,cuda:1, share the windows",
        pattern=rf"(?:{DEVICE})(?:\s*,\s*(?:{DEVICE}))*",
        form="auto, cpu, cuda, cuda:N or an index, or several with commas between them",
    )
    window: int = _setting(
        24, "frames computed together and kept; 0 takes the whole shot", unit="frames", low=0, high=10_000
    )
    margin: int = _setting(
        8, "frames of context computed on either side of a window", unit="frames", low=0, high=1_000
    )
    refine: float | None = _setting(
        None, "clean a frame again while a pass changes it by at least this much; 255 cleans once",
        unit="mean absolute residue, 0-255", low=0.0, high=255.0, fallback=5.0,
    )  # fmt: skip
    max_passes: int | None = _setting(
        None, "cleaning passes at most; 0 leaves frames uncleaned", unit="passes", low=0, high=100, fallback=3
    )
    strength: float = _setting(
        1.0, "share of the learned detail over plain bilinear enlargement", low=0.0, high=1.0
    )
    precision: Precision = _setting(
        "auto", "arithmetic of the network; auto is fp16 on a GPU and fp32 on the CPU",
        choices=("auto", "fp32", "fp16", "bf16"),
    )  # fmt: skip
    cuts: str = _setting("auto", "scene cuts: auto finds them, none, or a file with one frame number a line")
    memory: str = _setting(
        "auto", "device memory to keep to: a share of what is free, as 60%, or an amount, as 6GB; auto takes "
        "90% of a GPU's, and on the CPU what it takes; with window=0 a shot's frames come on top",
        pattern=r"auto|(?=.*[1-9])(?:(?:100|[1-9]?\d(?:\.\d+)?)%|\d+(?:\.\d+)?(?:MB|GB))",
        form="auto, a share such as 60%, or an amount such as 6GB or 800MB",
    )  # fmt: skip
    acceleration: Acceleration = _setting(
        "auto",
        "how the network's parts are run; auto was fastest on a CPU; "
        "graphs, fused, compile and tensorrt are experimental",
        choices=("auto", "off", "compile", "graphs", "fused", "tensorrt"),
    )  # fmt: skip

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item, getattr(self, item.name))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Return settings from the names and values that a host program gives.

        Raises:
            SettingsError: a name is unknown, or a value is refused.
        """
        known = [item.name for item in fields(cls)]
        unknown = next((name for name in values if name not in known), None)
        if unknown is not None:
            raise SettingsError(f"There is no setting {unknown!r}; there are {', '.join(known)}.")
        return cls(**values)


def _check(item: Field[Any], value: object) -> None:
    name, kind, rule = item.name, kind_of(item), item.metadata
    if value is None and item.default is None:
        return
    if kind is str:
        if not isinstance(value, str) or not value:
            raise SettingsError(f"{name} must be a text, not {value!r}.")
        if rule["choices"] and value not in rule["choices"]:
            raise SettingsError(f"{name} must be one of {', '.join(rule['choices'])}, not {value!r}.")
        if rule["pattern"] and not re.fullmatch(rule["pattern"], value, re.ASCII):
            raise SettingsError(f"{name} must be {rule['form']}, not {value!r}.")
        return
    kinds = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        words = "a whole number" if kind is int else "a number"
        raise SettingsError(f"{name} must be {words}, not {value!r}.")
    if not rule["low"] <= value <= rule["high"]:
        raise SettingsError(f"{name} must lie between {rule['low']:g} and {rule['high']:g}, not {value!r}.")
