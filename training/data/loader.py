"""Batches made ahead by worker processes."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker
from pathlib import Path

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from training.data.positions import Positions
from training.errors import TrainingError


def make_loader[S, B](
    dataset: Dataset[S], positions: Positions, collate: Callable[[Sequence[S]], B], *, workers: int,
    pin_memory: bool,
) -> Iterable[B]:  # fmt: skip
    """Batches of the samples at some positions, in order, whatever the number of workers.

    Args:
        dataset: pickles, since workers are started afresh: safe beside CUDA and threads.
        positions: a list of them for each batch.
        collate: makes a batch of samples; pickles, as the dataset does.
        workers: processes that each make up to two batches ahead; 0 makes them as they are asked for.
        pin_memory: put batches where a GPU copies from without waiting.

    Raises:
        TrainingError: while iterating, what the dataset raised, with its own message.
        RuntimeError: while iterating, a worker was lost ("DataLoader worker" in the message).
    """
    with _any_number_of_workers():
        loader: DataLoader[S | TrainingError] = DataLoader(
            _Attempts(dataset),
            batch_sampler=positions,
            num_workers=workers,
            collate_fn=partial(_collate, collate),
            pin_memory=pin_memory,
            worker_init_fn=_start_worker if workers else None,
            multiprocessing_context="spawn" if workers else None,
            prefetch_factor=2 if workers else None,
        )
    return _Batches[S, B](loader)


def is_lost_worker(error: BaseException) -> bool:
    """Whether iterating failed because a worker went away, as for want of memory."""
    return isinstance(error, EOFError | ConnectionError) or "DataLoader worker" in str(error)


class _Attempts[S](Dataset["S | TrainingError"]):
    """Errors as results: PyTorch would wrap those of workers into tracebacks of many lines."""

    def __init__(self, dataset: Dataset[S]) -> None:
        self._dataset = dataset

    def __getitem__(self, position: int) -> S | TrainingError:
        try:
            return self._dataset[position]
        except TrainingError as error:
            return error


def _collate[S, B](
    collate: Callable[[Sequence[S]], B], results: Sequence[S | TrainingError]
) -> B | TrainingError:
    errors = [result for result in results if isinstance(result, TrainingError)]
    return errors[0] if errors else collate([one for one in results if not isinstance(one, TrainingError)])


class _Batches[S, B](Iterable[B]):
    def __init__(self, loader: DataLoader[S | TrainingError]) -> None:
        self._loader = loader

    def __iter__(self) -> Iterator[B]:
        with _interrupts_held(), _any_number_of_workers(), _only_real_scripts():
            results: Iterator[B | TrainingError] = iter(self._loader)  # as _collate makes them
            _notice_deaths_between_batches()
        try:
            for result in results:
                if isinstance(result, TrainingError):
                    raise result
                yield result
        finally:
            del results  # ends the workers; left to the garbage collector they would be waited for, 5 s


def _notice_deaths_between_batches() -> None:
    """Take back PyTorch's handler for a worker that dies: it raises wherever the training happens to be.

    Without it the death is noticed where the next batch is waited for, when the training state is whole.
    """
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started meanwhile see neither Ctrl-C nor SIGTERM, not even while they import.

    Both may go to all processes of a terminal or of a scheduler's job, but the parent decides what they
    mean; it sees them later.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # the first start of a process brings it up, which lets SIGINT through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _any_number_of_workers() -> Iterator[None]:
    """How many are right for a machine is the user's choice; PyTorch warns of more than it has cores."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        yield


@contextmanager
def _only_real_scripts() -> Iterator[None]:
    """A process that is started runs its parent's script first, which it may need the classes of.

    A script from standard input, or in a program that embeds Python, has the name of a file that is not
    there (`<stdin>`, `<string>`): no process could start. Ours need nothing of it.
    """
    main = sys.modules["__main__"]
    name = getattr(main, "__file__", None)
    if name is None or Path(name).is_file():
        yield
        return
    del main.__file__
    try:
        yield
    finally:
        main.__file__ = name


def _start_worker(_: int) -> None:
    """One thread a worker; the parent decides what signals mean."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
