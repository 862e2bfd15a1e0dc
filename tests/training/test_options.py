"""Tables become frozen options, or one sentence says why not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Literal

import pytest

from training.errors import TrainingError
from training.options import build, require


@dataclass(frozen=True, kw_only=True, slots=True)
class Inner:
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        require(self.low <= self.high, "low must not lie above high.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outer:
    count: int = 1
    name: str = "a"
    on: bool = False
    kind: Literal["x", "y"] = "x"
    walk: Literal["independent"] | bool = True
    pair: tuple[int, int] = (1, 2)
    many: tuple[int, ...] = ()
    table: dict[str, float] | None = None
    inner: Inner = Inner(low=0.25)
    other: Inner | None = None


def parse(text: str) -> Outer:
    return build(Outer, tomllib.loads(text))


def test_every_kind_of_value_is_read() -> None:
    read = parse(
        'count = 3\nname = "b"\non = true\nkind = "y"\nwalk = "independent"\npair = [3, 4]\n'
        "many = [1, 2]\ntable = {a = 1}\ninner.high = 2\nother = {low = 1, high = 2}"
    )
    assert read == Outer(
        count=3, name="b", on=True, kind="y", walk="independent", pair=(3, 4), many=(1, 2), table={"a": 1.0},
        inner=Inner(low=0.25, high=2.0), other=Inner(low=1.0, high=2.0),
    )  # fmt: skip


def test_what_is_missing_keeps_the_default_of_its_own_place() -> None:
    assert parse("inner = {high = 0.5}").inner == Inner(low=0.25, high=0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuont = 1", "There is no option 'cuont' in the configuration; there are count, name"),
        ("inner.hihg = 1", "There is no option 'hihg' in [inner]; there are low, high."),
        ("count = 1.5", "count must be a whole number, not 1.5."),
        ("count = true", "count must be a whole number, not true."),
        ("on = 1", "on must be true or false, not 1."),
        ("name = 1", "name must be a text, not 1."),
        ('kind = "z"', "kind must be one of 'x', 'y', not 'z'."),
        ('walk = "sometimes"', "walk must be one of 'independent' or true or false, not 'sometimes'."),
        ("pair = [1]", "pair must list 2 values, not 1."),
        ("many = 1", "many must be a list, not 1."),
        ('many = ["a"]', "many must be a whole number, not 'a'."),
        ("table.a = 'b'", "table"),
        ("inner = 1", "inner must be a table, not 1."),
        ("inner.low = nan", "inner.low must be a finite number, not nan."),
        ("inner.high = inf", "inner.high must be a finite number, not inf."),
        ("inner = {low = 3}", "inner: low must not lie above high."),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        parse(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
