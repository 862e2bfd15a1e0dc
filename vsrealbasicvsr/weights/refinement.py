"""The dynamic refinement that weights were trained for: the defaults of `refine` and `max_passes`.

A safetensors file may have them as texts in its metadata: `refinement_threshold` (mean absolute residue,
0-255) and `max_passes`. Files of other formats do not have them.
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
"""Names in the metadata, by the names of the settings."""
_SETTINGS = {item.name: item for item in fields(Settings) if item.name in _KEYS}


@dataclass(frozen=True, slots=True)
class RefinementDefaults:
    """The refinement defaults of weights; None where the weights do not state a number.

    Attributes:
        refine: see `Settings.refine`.
        max_passes: see `Settings.max_passes`.

    Raises:
        SettingsError: a number is out of its range.
    """

    refine: float | None = None
    max_passes: int | None = None

    def __post_init__(self) -> None:
        Settings(**asdict(self))  # checks the ranges

    def __str__(self) -> str:
        """Return a text such as "refine 2.5, max_passes 4"; empty if no number is stated."""
        return ", ".join(f"{name} {shown(value)}" for name, value in self.said.items())

    def completed(self, settings: Settings) -> Settings:
        """Return settings with both numbers: the user's, otherwise the weights', otherwise 5 and 3."""
        fallback = {name: item.metadata["fallback"] for name, item in _SETTINGS.items()}
        defaults = {**fallback, **self.said}
        missing = [name for name in _KEYS if getattr(settings, name) is None]
        return replace(settings, **{name: defaults[name] for name in missing})

    def above(self, other: Self) -> Self:
        """Return these numbers, and for a None in them the number of `other`."""
        return replace(other, **self.said)

    def metadata(self) -> dict[str, str]:
        """Return the stated numbers as metadata for a file."""
        return {_KEYS[name]: shown(value) for name, value in self.said.items()}

    @property
    def said(self) -> Mapping[str, Any]:
        """The stated numbers, by the names of the settings."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_refinement(path: Path, *, without: Collection[str] = ()) -> RefinementDefaults:
    """Read the refinement defaults of a weights file; only its header is read, and torch is not loaded.

    Args:
        path: a weights file of any format.
        without: names of settings to leave out.

    Raises:
        WeightsError: the file cannot be read, or its metadata are not numbers in range.
    """
    metadata = read_metadata(path)
    texts = {name: metadata[key] for name, key in _KEYS.items() if key in metadata and name not in without}
    numbers: dict[str, Any] = {name: _number(path, name, text) for name, text in texts.items()}
    return RefinementDefaults(**numbers)


def completed(settings: Settings) -> Settings:
    """Return settings with numbers for `refine` and `max_passes`: the user's, otherwise those of the weights.

    Reads only the header of the weights file. If it has no numbers either, they are 5 and 3.

    Raises:
        WeightsError: there are no such weights, they cannot be read, or a number in them is not valid.
    """
    return read_refinement(resolve(settings.model)).completed(settings)


def _number(path: Path, name: str, text: str) -> int | float:
    """Convert a text of the metadata to a number in range."""
    item = _SETTINGS[name]
    try:
        value: int | float = kind_of(item)(text)  # type: ignore[assignment] # no text settings here
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
