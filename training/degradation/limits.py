"""Checks that several options share. The error message has the option's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from training.degradation.ranges import Range
from training.options import require


def probability(name: str, value: float) -> None:
    """Check that a probability is 0 to 1."""
    require(0 <= value <= 1, f"degradation.{name} is a probability from 0 to 1, not {value}.")


def sizes(name: str, values: Sequence[int]) -> None:
    """Check the sides of kernels: odd, 1 to 101, at least one."""
    some(name, values)
    require(
        all(size % 2 and 1 <= size <= 101 for size in values),
        f"degradation.{name} must be odd numbers from 1 to 101, not {list(values)}.",
    )


def weights(name: str, values: Iterable[float]) -> None:
    """Check that weights are 0 or more, and not all 0."""
    listed = list(values)
    require(
        min(listed, default=0) >= 0 and sum(listed) > 0,
        f"degradation.{name} must be weights of 0 or more, not all 0.",
    )


def within(name: str, bounds: Range, low: float, high: float) -> None:
    """Check that the bounds of a walk lie between two numbers."""
    require(
        low <= bounds.low and bounds.high <= high,
        f"degradation.{name} must lie between {low} and {high}, not go from {bounds.low} to {bounds.high}.",
    )


def ordered(name: str, bounds: tuple[float, float], low: float, high: float) -> None:
    """Check the lowest and highest value of a parameter that is drawn once: ordered, within two numbers."""
    require(
        low <= bounds[0] <= bounds[1] <= high,
        f"degradation.{name} must go from {low} or more to a higher one, {high} at most, not from "
        f"{bounds[0]} to {bounds[1]}.",
    )


def positive(name: str, bounds: Range) -> None:
    """Check that bounds are above 0."""
    require(bounds.low > 0, f"degradation.{name} must lie above 0, not begin at {bounds.low}.")


def some(name: str, choices: Sequence[object]) -> None:
    """Check that there is at least one choice."""
    require(bool(choices), f"degradation.{name} must name at least one.")
