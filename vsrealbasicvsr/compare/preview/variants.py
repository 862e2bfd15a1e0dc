"""The settings that a preview lays side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from vsrealbasicvsr.axes import Axis, Value, combinations, shown
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.settings import UNSEEN, Settings

MOST = 31
"""The page has room for 32 sources; one of them is the film as it is."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to restore.

    Attributes:
        label: Its name on the page.
        settings: All of them.
        varied: Those that a grid varies.
    """

    label: str
    settings: Settings
    varied: Mapping[str, Value]

    def words(self) -> dict[str, str]:
        """Settings in words, without those that do not change the pictures, unless a grid varies them."""
        told = asdict(self.settings).items()
        return {name: shown(value) for name, value in told if name not in UNSEEN or name in self.varied}


def variants(settings: Settings, axes: Sequence[Axis]) -> tuple[Variant, ...]:
    """One for each combination of the axes' values, the first axis changing slowest; without axes one.

    Raises:
        SettingsError: a value is out of its range, a setting stands in two axes, or they are too many.
    """
    made = tuple(Variant(_label(varied), one, varied) for one, varied in combinations(settings, axes))
    if len(made) > MOST:
        raise SettingsError(f"the grid has {len(made)} combinations: give at most {MOST}.")
    return made


def _label(varied: Mapping[str, Value]) -> str:
    return " ".join(f"{name}={shown(value)}" for name, value in varied.items()) or "restored"
