"""Worker processes on this machine."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.connection import Connection, wait

from vsrealbasicvsr.job.segments.scan import Assignment
from vsrealbasicvsr.job.spec import Order
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.job.workers.worker import OpenRestorer, Worker


class Processes:
    """A `Crew` with one process for each listed device. The processes exit if this process ends in any way.

    Args:
        order: The order of the job.
        devices: Names of devices, as in the setting `device`; a name may be repeated.
        opener: Creates the restorer.
    """

    def __init__(self, order: Order, devices: Sequence[str], opener: OpenRestorer) -> None:
        self.names = [f"{n} ({device})" for n, device in enumerate(devices)]
        self._orders = [replace(order, settings=replace(order.settings, device=name)) for name in devices]
        self._threads = max(1, (os.cpu_count() or 1) // len(devices))
        self._opener = opener
        self._pools = [_Pool() for _ in devices]

    def give(self, worker: int, assignment: Assignment) -> Future[Done]:
        """See `Crew.give`."""
        task = (self._orders[worker], self._threads, self._opener, assignment)
        try:
            return self._pools[worker].executor.submit(_make, *task)
        except BrokenProcessPool:
            self._pools[worker].close()
            self._pools[worker] = _Pool()
            return self._pools[worker].executor.submit(_make, *task)

    def close(self) -> None:
        """See `Crew.close`."""
        for pool in self._pools:
            pool.close()


class _Pool:
    """One worker process, and the pipe that makes it exit when it is closed."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._worker_end, self._our_end = context.Pipe(duplex=False)
        self.executor = ProcessPoolExecutor(
            1, mp_context=context, initializer=_exit_with_parent, initargs=(self._worker_end,)
        )

    def close(self) -> None:
        self._our_end.close()
        self.executor.shutdown(wait=True, cancel_futures=True)
        self._worker_end.close()


def _exit_with_parent(pipe: Connection) -> None:
    """Ignore Ctrl-C, and exit when the parent ends or closes the pipe.

    Without this, a pool's process would wait for work forever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel, pipe])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _make(order: Order, threads: int, opener: OpenRestorer, assignment: Assignment) -> Done:
    return _worker(order, threads, opener).make(assignment)


@functools.cache
def _worker(order: Order, threads: int, opener: OpenRestorer) -> Worker:
    """Return the worker of this process; the first segment creates it."""
    return Worker(order, threads, opener)
