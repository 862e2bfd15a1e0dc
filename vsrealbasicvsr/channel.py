"""A bounded queue between two threads; it also passes on the end and the errors of both sides."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class ChannelClosedError(Exception):
    """The reader has stopped; further items would not be read."""


@dataclass(frozen=True, slots=True)
class Room[T]:
    """The capacity of a channel; one item always has room.

    Attributes:
        items: Maximum number of waiting items. With 0, `Channel.put` waits until its item is consumed.
        size: Returns the bytes of an item; None if the limit on their number is enough.
        size_in_all: Maximum of all waiting items' bytes.
    """

    items: int
    size: Callable[[T], int] | None = None
    size_in_all: int = 0

    def has(self, waiting: Iterable[T], item: T) -> bool:
        """Return whether an item fits beside the waiting ones."""
        queued = list(waiting)
        if not queued or not self.size:
            return len(queued) < max(self.items, 1)
        return len(queued) < self.items and sum(map(self.size, queued)) + self.size(item) <= self.size_in_all


class Channel[T]:
    """A queue of items from one thread to another, in order; a `Room` limits how many wait."""

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
            ChannelClosedError: the reader has stopped.
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
        """Say that the reader has finished with an item."""
        with self._changed:
            self._unconsumed -= 1
            self._changed.notify_all()

    def finish(self, error: BaseException | None = None) -> None:
        """Say that no item follows; an error is raised in the reader after the last item."""
        with self._changed:
            self._finished, self._error = True, error
            self._changed.notify_all()

    def abandon(self) -> None:
        """Say that no item will be read any more, and drop the waiting ones."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Yield items until the writer has finished, then raise its error, if any."""
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
            del item  # free its memory before the wait for the next item


@contextmanager
def read_ahead[T](items: Iterable[T], room: Room[T]) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread, as far ahead of the reader as `room` allows.

    Leaving the block stops the thread. An error of the iteration is raised in the reader, after the items
    before it.
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
    """Call `consume` in a thread for every item that is put; leaving the block waits for the last call.

    After an error of `consume`, the next `put` ends the block, and the block raises that error. If the block
    itself fails, the waiting items are dropped.
    """
    channel = Channel(room)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            for item in channel:
                consume(item)
                del item  # free its memory before the wait for the next item
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
