from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import torch
from torch.utils.data import Dataset

from tests.training.data.fakes import Damaged, Noise
from training.data.clips import Clip
from training.data.loader import make_loader
from training.data.options import DataOptions
from training.data.positions import Positions
from training.data.samples import Batch, Sample, TrainingClips, collate
from training.degradation.options import DegradationOptions
from training.errors import TrainingError

POSITIONS = Positions(first_iteration=2, iterations=4, batch=2)


def batches(workers: int) -> list[Batch]:
    clips: list[Clip] = [Damaged("broken"), *(Noise(f"{number:03}") for number in range(4))]
    data = DataOptions(low_size=16, frames=4)
    dataset = TrainingClips(clips, data, DegradationOptions(), seed=1)
    return list(make_loader(dataset, POSITIONS, collate, workers=workers, pin_memory=False))


class Told(Dataset[Sample]):
    """Samples that tell of the process that made them, and then an error."""

    def __init__(self, inner: TrainingClips) -> None:
        self._inner = inner

    def __getitem__(self, position: int) -> Sample:
        if position == 9:
            raise TrainingError("The disk is gone; bring it back.")
        told = (
            str(torch.get_num_threads()),
            str(cv2.getNumThreads()),
            str(signal.getsignal(signal.SIGINT) is signal.SIG_IGN),
            str(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            str(signal.getsignal(signal.SIGTERM) is signal.SIG_IGN),
        )
        return self._inner[position]._replace(damaged=told)


# First in this file: the first start of a process is the one that lets SIGINT through.
def test_workers_have_one_thread_and_leave_interruption_to_the_parent() -> None:
    data = DataOptions(low_size=16, frames=4, degrade="device")
    told = Told(TrainingClips([Noise("a")], data, DegradationOptions(), seed=0))
    found: Iterator[Batch] = iter(make_loader(told, POSITIONS, collate, workers=1, pin_memory=False))
    assert next(found).damaged[:5] == ("1", "1", "True", "True", "True")
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    next(found)
    with pytest.raises(TrainingError, match=r"^The disk is gone; bring it back\.$"):
        next(found)
    assert multiprocessing.active_children() == []


def test_workers_start_where_the_script_is_no_file() -> None:
    """From standard input `__main__` claims to be the file <stdin>."""
    script = """
import sys
from tests.training.data.test_loader import batches

if __name__ == "__main__":
    print(sys.modules["__main__"].__file__, len(batches(1)), sys.modules["__main__"].__file__)
"""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-"], input=script, capture_output=True, text=True, cwd=root, check=False
    )
    assert done.stdout.split() == ["<stdin>", "4", "<stdin>"], done.stderr


@pytest.fixture(scope="module")
def in_process() -> list[Batch]:
    return batches(0)


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_do_not_depend_on_the_number_of_workers(in_process: list[Batch], workers: int) -> None:
    made = batches(workers)
    assert len(made) == len(in_process) == 4
    for one, other in zip(made, in_process, strict=True):
        for a, b in zip(one[:3], other[:3], strict=True):
            torch.testing.assert_close(a, b, atol=0, rtol=0)
        assert one[3:] == other[3:]
