"""A grid of settings: every combination once, in order, and mistakes named."""

from __future__ import annotations

import itertools

import pytest

from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.grid import Axis, read_axis, shown, variants
from vsrealbasicvsr.settings import Settings


def test_an_axis_is_read_as_the_flag_is_spelt() -> None:
    assert read_axis("max-passes=1, 2,2") == Axis("max_passes", (1, 2))
    assert read_axis("refine=0,1.5") == Axis("refine", (0.0, 1.5))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("speed=1,2", "'speed=1,2' varies no setting; write NAME=VALUE,VALUE, with "),
        ("window=1.5", "'window=1.5': window takes whole numbers"),
        ("refine=much", "'refine=much': refine takes numbers"),
    ],
)
def test_a_wrong_axis_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_axis(text)
    assert str(refused.value).startswith(reason)


def test_a_setting_that_is_left_out_cannot_be_varied() -> None:
    with pytest.raises(SettingsError, match="varies no setting"):
        read_axis("device=cpu,cuda", without=("device",))


def test_the_first_axis_changes_slowest() -> None:
    axes = [Axis("window", (5, 15)), Axis("margin", (0, 2, 4))]
    grid = variants(Settings(strength=0.5), axes)
    pairs = list(itertools.product((5, 15), (0, 2, 4)))
    assert [(one.settings.window, one.settings.margin) for one in grid] == pairs
    assert [dict(one.varied) for one in grid] == [{"window": w, "margin": m} for w, m in pairs]
    assert {one.settings.strength for one in grid} == {0.5}
    assert grid[0].label == "window=5 margin=0"


def test_without_axes_there_is_one_variant() -> None:
    (only,) = variants(Settings(), [])
    assert only.settings == Settings()
    assert only.label == "restored"


def test_words_leave_out_what_does_not_change_the_picture_unless_it_is_varied() -> None:
    (plain,) = variants(Settings(), [])
    assert "memory" not in plain.words()
    assert plain.words()["strength"] == "1"
    (varied,) = variants(Settings(), [Axis("memory", ("60%",))])
    assert varied.words()["memory"] == "60%"


def test_impossible_grids_are_refused() -> None:
    with pytest.raises(SettingsError, match="refine is varied twice"):
        variants(Settings(), [Axis("refine", (1.0,)), Axis("refine", (2.0,))])
    with pytest.raises(SettingsError, match="the grid has 6 combinations: give at most 5"):
        variants(Settings(), [Axis("window", (1, 2, 3)), Axis("margin", (0, 1))], limit=5)
    with pytest.raises(SettingsError):
        variants(Settings(), [Axis("window", (-1,))])


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (0.1, "0.1"), (3, "3"), ("auto", "auto")])
def test_values_are_shown_exactly(value: float | str, text: str) -> None:
    assert shown(value) == text
