"""A bounded queue between two threads that also carries the end and the failure of either side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class ChannelClosedError(Exception):
    """The reader has gone: nothing that is put would be read."""


@dataclass(frozen=True, slots=True)
class Room[T]:
    """What a channel holds at most; one item always has room.

    Attributes:
        items: their number; 0: whoever puts one waits until it was consumed.
        size: bytes of an item; None where their number bounds them well enough.
        size_in_all: bytes of all items.
    """

    items: int
    size: Callable[[T], int] | None = None
    size_in_all: int = 0

    def has(self, waiting: Iterable[T], item: T) -> bool:
        """Whether the item fits beside those that wait."""
        held = list(waiting)
        if not held or not self.size:
            return len(held) < max(self.items, 1)
        return len(held) < self.items and sum(map(self.size, held)) + self.size(item) <= self.size_in_all


class Channel[T]:
    """Items from one thread to another, in order, as many of them waiting as there is room for."""

    def __init__(self, room: Room[T]) -> None:
        self._room = room
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._abandoned = False
        self._unconsumed = 0
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Wait for room and add an item.

        Raises:
            ChannelClosedError: the reader has gone.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._abandoned or self._room.has(self._items, item))
            if self._abandoned:
                raise ChannelClosedError
            self._items.append(item)
            self._unconsumed += 1
            self._changed.notify_all()
            if not self._room.items:
                self._changed.wait_for(lambda: self._abandoned or not self._unconsumed)
                if self._abandoned:
                    raise ChannelClosedError

    def consumed(self) -> None:
        """Say that the reader is through with an item."""
        with self._changed:
            self._unconsumed -= 1
            self._changed.notify_all()

    def finish(self, error: BaseException | None = None) -> None:
        """Say that nothing follows; with an error, the reader raises it after the last item."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that nothing will be read any more, and drop what waits."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Items until the writer has finished; then its error, if any."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._finished or self._abandoned)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
            del item


@contextmanager
def read_ahead[T](items: Iterable[T], room: Room[T]) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread, as far ahead of the reader as there is room; leaving the block stops it.

    An error of the iteration is raised at the reader, after the items before it.
    """
    channel = Channel(room)

    def run() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                channel.put(item)
        except ChannelClosedError:
            pass
        except BaseException as caught:  # raised again by the reader
            error = caught
        channel.finish(error)

    thread = threading.Thread(target=run, name="read ahead", daemon=True)
    thread.start()
    try:
        yield iter(channel)
    finally:
        channel.abandon()
        thread.join()


@contextmanager
def write_behind[T](consume: Callable[[T], None], room: Room[T]) -> Iterator[Callable[[T], None]]:
    """Call `consume` in a thread for all that is put; leaving the block waits for the last of it.

    An error of `consume` ends the block: `put` stops it, and the error itself is raised from it. When
    the block fails by itself, what still waits is dropped.
    """
    channel = Channel(room)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            for item in channel:
                consume(item)
                del item  # before the wait for the next
                channel.consumed()
        except BaseException as caught:  # raised again at the end of the block
            failure.append(caught)
            channel.abandon()

    thread = threading.Thread(target=run, name="write behind", daemon=True)
    thread.start()
    try:
        yield channel.put
    except ChannelClosedError:
        thread.join()
    except BaseException:
        channel.abandon()
        thread.join()
        raise
    else:
        channel.finish()
        thread.join()
    if failure:
        raise failure[0]
