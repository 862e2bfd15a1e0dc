from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from vsrealbasicvsr.channel import Room, read_ahead, write_behind

ONE_AT_A_TIME: Room[int] = Room(0)


def counting(limit: int, counter: list[int]) -> Iterator[int]:
    for n in range(limit):
        counter[0] = n + 1
        yield n


def test_items_arrive_in_order() -> None:
    written: list[int] = []
    with read_ahead(range(1000), Room(3)) as items, write_behind(written.append, Room(2)) as put:
        for item in items:
            put(item)
    assert written == list(range(1000))


def test_reading_runs_ahead_by_no_more_than_the_depth() -> None:
    counter = [0]
    with read_ahead(counting(1000, counter), Room(4)) as items:
        next(items)
        time.sleep(0.1)
        assert counter[0] <= 1 + 4 + 1  # taken, waiting, and one in the producer's hand


def test_leaving_early_stops_the_reader_thread() -> None:
    counter = [0]
    with read_ahead(counting(10**9, counter), Room(2)) as items:
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
    with pytest.raises(OSError, match="gone"), read_ahead(failing(), Room(2)) as items:
        for item in items:
            seen.append(item)
    assert seen == [1]


def test_a_failing_sink_ends_the_block_with_its_error() -> None:
    def consume(item: int) -> None:
        if item == 3:
            raise OSError("disk full")

    put_count = 0
    with pytest.raises(OSError, match="disk full"), write_behind(consume, Room(1)) as put:
        for n in range(10**6):
            put(n)
            put_count += 1
    assert put_count < 10


def test_a_sink_that_fails_on_the_last_item_is_noticed() -> None:
    def consume(item: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), write_behind(consume, Room(5)) as put:
        put(1)


def test_an_error_in_the_block_drops_what_waits() -> None:
    release = threading.Event()
    written: list[int] = []

    def consume(item: int) -> None:
        release.wait(5)
        written.append(item)

    with pytest.raises(KeyboardInterrupt), write_behind(consume, Room(10)) as put:
        for n in range(10):
            put(n)
        threading.Timer(0.05, release.set).start()
        raise KeyboardInterrupt
    assert len(written) <= 1


def test_what_waits_is_bounded_by_its_size_too() -> None:
    put_so_far: list[int] = []

    def sizes() -> Iterator[int]:
        for size in (300, 40, 40, 40):
            put_so_far.append(size)
            yield size

    with read_ahead(sizes(), Room(4, lambda size: size, 100)) as items:
        time.sleep(0.1)
        assert put_so_far == [300, 40]  # the large one waits alone, the next in the producer's hand
        next(items)
        time.sleep(0.1)
        assert put_so_far == [300, 40, 40, 40]  # two of them wait


def test_what_was_read_is_not_kept_while_the_next_is_awaited() -> None:
    class Picture:
        pass

    first = Picture()
    kept = weakref.ref(first)
    given, go_on = [first], threading.Event()
    del first

    def pictures() -> Iterator[Picture]:
        yield given.pop()
        go_on.wait(5)

    with read_ahead(pictures(), Room(1)) as items:
        next(items)
        threading.Timer(0.1, go_on.set).start()
        assert next(items, None) is None
    assert kept() is None


def test_without_room_whoever_puts_waits_until_it_was_consumed() -> None:
    consumed: list[int] = []

    def consume(item: int) -> None:
        time.sleep(0.02)
        consumed.append(item)

    with write_behind(consume, ONE_AT_A_TIME) as put:
        for n in range(5):
            put(n)
            assert consumed == list(range(n + 1))


def test_without_room_a_failure_of_the_consumer_ends_the_wait() -> None:
    def fail(_: int) -> None:
        raise ValueError("full")

    with pytest.raises(ValueError, match="full"), write_behind(fail, ONE_AT_A_TIME) as put:
        put(1)
        pytest.fail("it went on")
