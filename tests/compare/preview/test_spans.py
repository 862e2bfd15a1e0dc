"""Windows of chosen frames: the context that each frame has in the whole film, no more and no less."""

from __future__ import annotations

import random

import pytest

from vsrealbasicvsr.compare.preview.spans import may_start, pieces, reach
from vsrealbasicvsr.settings import Settings


def context_of(number: int, length: int, settings: Settings, cuts: set[int]) -> tuple[int, int]:
    """The first frame that reaches a frame, and the first behind it that does not: step by step."""
    core = range(0, length)
    if settings.window:
        first = number - number % settings.window
        core = range(first - settings.margin, first + settings.window + settings.margin)
    start = stop = number
    while start not in cuts and start - 1 in core and start > 0:
        start -= 1
    while stop + 1 not in cuts and stop + 1 in core and stop + 1 < length:
        stop += 1
    return start, stop + 1


@pytest.mark.parametrize(("window", "margin"), [(24, 8), (1, 0), (5, 9), (0, 8), (7, 0)])
def test_each_frame_has_its_context(window: int, margin: int) -> None:
    chance = random.Random(window)
    settings = Settings(window=window, margin=margin)
    for _ in range(40):
        length = chance.randrange(1, 120)
        cuts = {n for n in range(1, length) if chance.random() < 0.08}
        numbers = chance.sample(range(length), min(length, 12))
        found = pieces(numbers, length, settings, cuts)
        assert sorted(n for piece in found for n in piece.numbers) == sorted(numbers)
        for piece in found:
            part = piece.window
            assert (part.core_start, part.core_stop) == (piece.numbers[0], piece.numbers[-1] + 1)
            for number in piece.numbers:
                assert (part.start, part.stop) == context_of(number, length, settings, cuts)
            assert may_start(part.start, settings, cut=part.start in cuts)
            if window:
                assert part.stop <= reach(piece.numbers[-1], settings)


def test_frames_of_one_window_and_shot_are_one_piece() -> None:
    settings = Settings(window=24, margin=8)
    assert [piece.numbers for piece in pieces((3, 20, 23, 24), 100, settings, ())] == [(3, 20, 23), (24,)]
    assert [piece.numbers for piece in pieces((3, 20, 23), 100, settings, {20})] == [(3,), (20, 23)]
    assert reach(5, Settings(window=0)) is None
