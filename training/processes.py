"""The processes of a run: one alone, or those that torchrun started (torch's own DDP)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from training.errors import TrainingError

_PATIENCE = timedelta(minutes=30)  # validation and a slow disk may keep one process that long


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among its peers.

    Attributes:
        rank: its number, from 0.
        count: how many there are.
        device: where its network runs.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def wrapped(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over the processes; itself where there is one."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        with warnings.catch_warnings():
            # The name that takes its place is younger than the PyTorch we begin with.
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
            # Buffers are SPyNet's constants and the discriminator's u, v and scale, which follow from equal
            # weights and from sums over all processes.
            return DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def summed(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def means(self, sums: Mapping[str, Tensor], parts: int) -> dict[str, float]:
        """The means of scalars over all processes, each of which summed them over its parts of a batch."""
        total = self.summed(torch.stack(list(sums.values())))
        return dict(zip(sums, (total / (parts * self.count)).tolist(), strict=True))

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in one of them."""
        if self.count == 1:
            return flag
        return bool(self.summed(torch.tensor([float(flag)], device=self.device)).item())

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.barrier(device_ids=[self.device.index] if self.device.type == "cuda" else None)


def apart(module: nn.Module, apart: bool) -> AbstractContextManager[None]:
    """Whether the processes' gradients stay apart for now; they meet in the last backward pass."""
    if apart and isinstance(module, DistributedDataParallel):
        context: AbstractContextManager[None] = module.no_sync()
        return context
    return nullcontext()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started, or be the only one.

    Args:
        device: auto, cpu, cuda or cuda:N. Under torchrun each process takes the GPU of its local number.

    Raises:
        TrainingError: there is no such device, fewer GPUs than processes on this machine, or a peer was lost.
    """
    count, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    chosen = _device(device, local, grouped=count > 1)
    if count == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Processes(dist.get_rank(), count, chosen)
    except RuntimeError as error:
        if not is_lost_peer(error):
            raise
        raise TrainingError(f"Another process of this run was lost ({first_line(error)}).") from error
    finally:
        dist.destroy_process_group()


def is_lost_peer(error: Exception) -> bool:
    """Whether a collective operation failed because another process went away.

    NCCL has a class of errors for it; gloo's are plain, and name their file in its source.
    """
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def first_line(error: BaseException) -> str:
    """The beginning of an error's message, whose rest may be a stack of C++."""
    return str(error).partition("\n")[0][:120]


def _device(name: str, local: int, *, grouped: bool) -> torch.device:
    available = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if available else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"There is no device {name!r}; there are cpu, cuda and cuda:N.") from error
    if device.type == "cpu":
        return device
    if device.type != "cuda":
        raise TrainingError(f"Training runs on cpu or cuda, not on {name}.")
    index = local if grouped else device.index or 0
    if index >= available:
        raise TrainingError(
            f"There is no GPU number {index} here, PyTorch finds {available}; use --device cpu or start "
            "fewer processes."
        )
    return torch.device("cuda", index)
