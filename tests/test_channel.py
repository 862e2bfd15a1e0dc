from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from vsrealbasicvsr.channel import read_ahead, write_behind


def counting(limit: int, counter: list[int]) -> Iterator[int]:
    for n in range(limit):
        counter[0] = n + 1
        yield n


def test_items_arrive_in_order() -> None:
    written: list[int] = []
    with read_ahead(range(1000), 3) as items, write_behind(written.append, 2) as put:
        for item in items:
            put(item)
    assert written == list(range(1000))


def test_reading_runs_ahead_by_no_more_than_the_depth() -> None:
    counter = [0]
    with read_ahead(counting(1000, counter), 4) as items:
        next(items)
        time.sleep(0.1)
        assert counter[0] <= 1 + 4 + 1  # taken, waiting, and one in the producer's hand


def test_leaving_early_stops_the_reader_thread() -> None:
    counter = [0]
    with read_ahead(counting(10**9, counter), 2) as items:
        next(items)
    stopped = counter[0]
    time.sleep(0.05)
    assert counter[0] == stopped
    assert not any(thread.name == "read ahead" for thread in threading.enumerate())


def test_a_failing_source_is_raised_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    seen = []
    with pytest.raises(OSError, match="gone"), read_ahead(failing(), 2) as items:
        for item in items:
            seen.append(item)
    assert seen == [1]


def test_a_failing_sink_ends_the_block_with_its_error() -> None:
    def consume(item: int) -> None:
        if item == 3:
            raise OSError("disk full")

    put_count = 0
    with pytest.raises(OSError, match="disk full"), write_behind(consume, 1) as put:
        for n in range(10**6):
            put(n)
            put_count += 1
    assert put_count < 10


def test_a_sink_that_fails_on_the_last_item_is_noticed() -> None:
    def consume(item: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(consume, 5) as put:
        put(1)


def test_an_error_in_the_block_drops_what_waits() -> None:
    release = threading.Event()
    written: list[int] = []

    def consume(item: int) -> None:
        release.wait(5)
        written.append(item)

    with pytest.raises(KeyboardInterrupt), write_behind(consume, 10) as put:
        for n in range(10):
            put(n)
        threading.Timer(0.05, release.set).start()
        raise KeyboardInterrupt
    assert len(written) <= 1
