"""The dynamic refinement that weights were trained for: the defaults of `refine` and `max_passes`.

A safetensors file may say them in its metadata, as texts: `refinement_threshold` (mean absolute residue,
0-255) and `max_passes`. Files of another form do not say them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from vsrealbasicvsr.errors import SettingsError, WeightsError
from vsrealbasicvsr.grid import shown
from vsrealbasicvsr.settings import Settings, kind_of
from vsrealbasicvsr.weights.known import resolve
from vsrealbasicvsr.weights.safetensors_header import read_metadata

_KEYS = {"refine": "refinement_threshold", "max_passes": "max_passes"}
"""Names in the metadata by the settings' names."""
_SETTINGS = {item.name: item for item in fields(Settings) if item.name in _KEYS}


@dataclass(frozen=True, slots=True)
class RefinementDefaults:
    """What weights say of their refinement; None where they say nothing.

    Attributes:
        refine: as `Settings` has it.
        max_passes: likewise.

    Raises:
        SettingsError: a number is out of its range.
    """

    refine: float | None = None
    max_passes: int | None = None

    def __post_init__(self) -> None:
        Settings(**asdict(self))

    def __str__(self) -> str:
        """Such as "refine 2.5, max_passes 4"; empty where nothing is said."""
        return ", ".join(f"{name} {shown(value)}" for name, value in self.said.items())

    def completed(self, settings: Settings) -> Settings:
        """Settings with a number for both: the user's, otherwise the weights', otherwise 5 and 3."""
        fallback = {name: item.metadata["fallback"] for name, item in _SETTINGS.items()}
        defaults = {**fallback, **self.said}
        missing = [name for name in _KEYS if getattr(settings, name) is None]
        return replace(settings, **{name: defaults[name] for name in missing})

    def above(self, other: Self) -> Self:
        """These numbers, and those of another where these say nothing."""
        return replace(other, **self.said)

    def metadata(self) -> dict[str, str]:
        """What a file's metadata are to say."""
        return {_KEYS[name]: shown(value) for name, value in self.said.items()}

    @property
    def said(self) -> Mapping[str, Any]:
        """Numbers by the settings' names, without those that are not said."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_refinement(path: Path, *, without: Collection[str] = ()) -> RefinementDefaults:
    """What a weights file says of its refinement; only the file's header is read, and torch is not loaded.

    Args:
        path: a file of any form.
        without: names of settings whose numbers are not asked for.

    Raises:
        WeightsError: the file cannot be read, or what it says is no such number.
    """
    metadata = read_metadata(path)
    asked = {name: metadata[key] for name, key in _KEYS.items() if key in metadata and name not in without}
    numbers: dict[str, Any] = {name: _number(path, name, text) for name, text in asked.items()}
    return RefinementDefaults(**numbers)


def completed(settings: Settings) -> Settings:
    """Settings with numbers for `refine` and `max_passes`: the user's, otherwise those of their weights.

    Reads the header of the weights file only.

    Raises:
        WeightsError: there are no such weights, they cannot be read, or what they say is no such number.
    """
    return read_refinement(resolve(settings.model)).completed(settings)


def _number(path: Path, name: str, text: str) -> int | float:
    """The number that a text of the file means."""
    item = _SETTINGS[name]
    try:
        value: int | float = kind_of(item)(text)  # type: ignore[assignment] # of these settings no text
        Settings.from_mapping({name: value})
    except (ValueError, SettingsError):
        kind = "a whole number" if kind_of(item) is int else "a number"
        low, high, fallback = (item.metadata[bound] for bound in ("low", "high", "fallback"))
        flag = f"--{name.replace('_', '-')} {fallback:g}"
        raise WeightsError(
            f"{path} says {_KEYS[name]} {text[:40]!r}, which must be {kind} from {low:g} to {high:g}: "
            f"`vsrealbasicvsr weights convert IN OUT {flag}` writes it again."
        ) from None
    return value
