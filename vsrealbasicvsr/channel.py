"""A bounded queue between two threads that also carries the end and the failure of either side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class ChannelClosedError(Exception):
    """The reader has gone: nothing that is put would be read."""


class Channel[T]:
    """Items from one thread to another, in order, at most `depth` of them waiting.

    Args:
        depth: items held at most; with the size of an item this is the memory bound.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._finished = False
        self._abandoned = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        """Wait for room and add an item.

        Raises:
            ChannelClosedError: the reader has gone.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._depth or self._abandoned)
            if self._abandoned:
                raise ChannelClosedError
            self._items.append(item)
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


@contextmanager
def read_ahead[T](items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """Iterate `items` in a thread, at most `depth` ahead of the reader; leaving the block stops it.

    An error of the iteration is raised at the reader, after the items before it.
    """
    channel = Channel[T](depth)

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
def write_behind[T](consume: Callable[[T], None], depth: int) -> Iterator[Callable[[T], None]]:
    """Call `consume` in a thread for all that is put; leaving the block waits for the last of it.

    An error of `consume` ends the block: `put` stops it, and the error itself is raised from it. When
    the block fails by itself, what still waits is dropped.
    """
    channel = Channel[T](depth)
    failure: list[BaseException] = []

    def run() -> None:
        try:
            for item in channel:
                consume(item)
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
