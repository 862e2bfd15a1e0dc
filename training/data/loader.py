"""Batch loader: worker processes make batches ahead of time."""

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
    """Return the batches of samples at given positions. The order does not depend on the number of workers.

    Args:
        dataset: must be picklable, because workers are spawned, which is safe with CUDA and threads.
        positions: the lists of positions, one for each batch.
        collate: makes a batch of samples; must be picklable too.
        workers: number of processes, each of which makes up to two batches ahead. With 0, a batch is made
            when it is requested.
        pin_memory: put batches in page-locked memory, from which a GPU copies without waiting.

    Raises:
        TrainingError: while iterating; the error that the dataset raised, with its own message.
        RuntimeError: while iterating; a worker was lost ("DataLoader worker" in the message).
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
    """Return whether iterating failed because a worker ended, for example for lack of memory."""
    return isinstance(error, EOFError | ConnectionError) or "DataLoader worker" in str(error)


class _Attempts[S](Dataset["S | TrainingError"]):
    """A dataset that returns errors as results: PyTorch would turn workers' errors into long tracebacks."""

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
    return errors[0] if errors else collate([item for item in results if not isinstance(item, TrainingError)])


class _Batches[S, B](Iterable[B]):
    def __init__(self, loader: DataLoader[S | TrainingError]) -> None:
        self._loader = loader

    def __iter__(self) -> Iterator[B]:
        with _interrupts_held(), _any_number_of_workers(), _only_real_scripts():
            results: Iterator[B | TrainingError] = iter(self._loader)  # the types that _collate returns
            _notice_deaths_between_batches()
        try:
            for result in results:
                if isinstance(result, TrainingError):
                    raise result
                yield result
        finally:
            del results  # ends the workers now; the garbage collector would wait 5 s for them


def _notice_deaths_between_batches() -> None:
    """Remove PyTorch's handler for a worker that dies: it raises at any point of the training.

    Without it, the death is noticed while the next batch is awaited. The training state is consistent then.
    """
    if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD"):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Block Ctrl-C and SIGTERM; processes that are started here do not get them, even while they import.

    A terminal or a scheduler may send both signals to all processes, but the parent decides what to do. It
    gets the signals after the block.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Otherwise the first process that is started would also start the tracker, which unblocks SIGINT.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _any_number_of_workers() -> Iterator[None]:
    """Suppress PyTorch's warning about more workers than cores: the number is the user's choice."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        yield


@contextmanager
def _only_real_scripts() -> Iterator[None]:
    """Hide the name of the main script if it is not a file, so that processes can be started.

    A spawned process first runs its parent's script, because it may need classes from there. A script from
    standard input, or in a program that embeds Python, has a name that is not a file (`<stdin>`, `<string>`),
    and no process could start. Our workers need nothing from the script.
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
    """Use one thread per worker, and ignore signals, which the parent handles."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
