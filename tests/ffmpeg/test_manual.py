"""The graphs of FFmpeg's own manual, where it is installed."""

from __future__ import annotations

import pytest

from tests.ffmpeg import manual
from tests.ffmpeg.graph.fuzz_grammar import check_round_trip
from tests.ffmpeg.programs import FFMPEGS
from vsrealbasicvsr.ffmpeg.graph.grammar import arguments_of, parse

pytestmark = pytest.mark.skipif(
    not manual.MANUAL.exists(), reason=f"the manual of FFmpeg's filters is not installed: {manual.MANUAL}"
)


@pytest.fixture(scope="module")
def examples() -> list[str]:
    return manual.examples()


def test_the_manual_holds_many_examples(examples: list[str]) -> None:
    assert len(examples) > 500


def test_every_example_is_read_and_written_as_itself(examples: list[str]) -> None:
    for text in examples:
        graph = parse(text)
        check_round_trip(graph)
        for item in graph:
            assert item.text in text
            list(arguments_of(item))


def test_examples_make_the_same_pictures_both_ways(examples: list[str]) -> None:
    same = [manual.same_both_ways(text, FFMPEGS["packaged"]) for text in examples[::10]]
    differing = [text for text, each in zip(examples[::10], same, strict=True) if each is False]
    assert not differing
    assert same.count(True) >= 10
