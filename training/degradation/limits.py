"""Limits that several options share; what lies beyond is refused by the option's name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from training.degradation.ranges import Range
from training.options import require


def probability(name: str, value: float) -> None:
    """From 0 to 1."""
    require(0 <= value <= 1, f"degradation.{name} is a probability from 0 to 1, not {value}.")


def sizes(name: str, values: Sequence[int]) -> None:
    """Sides of kernels: odd, 1 to 101, at least one of them."""
    some(name, values)
    require(
        all(size % 2 and 1 <= size <= 101 for size in values),
        f"degradation.{name} must be odd numbers from 1 to 101, not {list(values)}.",
    )


def weights(name: str, values: Iterable[float]) -> None:
    """0 or more, not all 0."""
    listed = list(values)
    require(
        min(listed, default=0) >= 0 and sum(listed) > 0,
        f"degradation.{name} must be weights of 0 or more, not all 0.",
    )


def within(name: str, bounds: Range, low: float, high: float) -> None:
    """Bounds of a walk that lie between two numbers."""
    require(
        low <= bounds.low and bounds.high <= high,
        f"degradation.{name} must lie between {low} and {high}, not go from {bounds.low} to {bounds.high}.",
    )


def ordered(name: str, bounds: tuple[float, float], low: float, high: float) -> None:
    """Lowest and highest of what is drawn once, between two numbers."""
    require(
        low <= bounds[0] <= bounds[1] <= high,
        f"degradation.{name} must go from {low} or more to a higher one, {high} at most, not from "
        f"{bounds[0]} to {bounds[1]}.",
    )


def positive(name: str, bounds: Range) -> None:
    """Above 0."""
    require(bounds.low > 0, f"degradation.{name} must lie above 0, not begin at {bounds.low}.")


def some(name: str, choices: Sequence[object]) -> None:
    """At least one."""
    require(bool(choices), f"degradation.{name} must name at least one.")
