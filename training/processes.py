"""The processes of a run: a single process, or those that torchrun started (PyTorch's own DDP)."""

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

_TIMEOUT = timedelta(minutes=30)  # validation or a slow disk may delay one process for that long


@dataclass(frozen=True, slots=True)
class Processes:
    """This process and its peers.

    Attributes:
        rank: number of this process, from 0.
        count: number of processes.
        device: device that this process's network runs on.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and messages."""
        return self.rank == 0

    def wrapped(self, module: nn.Module) -> nn.Module:
        """Return the module with gradients averaged over the processes; unchanged if there is one process."""
        if self.count == 1:
            return module
        devices = [self.device] if self.device.type == "cuda" else None
        with warnings.catch_warnings():
            # Its replacement is newer than the oldest PyTorch that we support.
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
            # The buffers are equal in all processes without a broadcast. SPyNet's are constants. The
            # discriminator's u, v and scale follow from equal weights and from sums over all processes.
            return DistributedDataParallel(module, device_ids=devices, broadcast_buffers=False)

    def summed(self, values: Tensor) -> Tensor:
        """Sum the values over all processes, in place, and return them."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def means(self, sums: Mapping[str, Tensor], parts: int) -> dict[str, float]:
        """Return the means of scalars over all processes, from each process's sums over its `parts` parts."""
        total = self.summed(torch.stack(list(sums.values())))
        return dict(zip(sums, (total / (parts * self.count)).tolist(), strict=True))

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set in at least one process."""
        if self.count == 1:
            return flag
        return bool(self.summed(torch.tensor([float(flag)], device=self.device)).item())

    def wait(self) -> None:
        """Block until all processes have called this."""
        if self.count > 1:
            dist.barrier(device_ids=[self.device.index] if self.device.type == "cuda" else None)


def apart(module: nn.Module, apart: bool) -> AbstractContextManager[None]:
    """Return a context that suspends the averaging of gradients over the processes, if `apart` is true.

    Gradients then add up in each process. The last backward pass, outside this context, averages them.
    """
    if apart and isinstance(module, DistributedDataParallel):
        context: AbstractContextManager[None] = module.no_sync()
        return context
    return nullcontext()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the group of processes that torchrun started; without torchrun, yield a single process.

    Args:
        device: auto, cpu, cuda or cuda:N. Under torchrun each process uses the GPU of its local number.

    Raises:
        TrainingError: the device does not exist, this machine has fewer GPUs than processes, or a peer was
            lost.
    """
    count, local = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    chosen = _device(device, local, grouped=count > 1)
    if count == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=_TIMEOUT)
    try:
        yield Processes(dist.get_rank(), count, chosen)
    except RuntimeError as error:
        if not is_lost_peer(error):
            raise
        raise TrainingError(f"Another process of this run was lost ({first_line(error)}).") from error
    finally:
        dist.destroy_process_group()


def is_lost_peer(error: Exception) -> bool:
    """Return whether a collective operation failed because another process ended.

    NCCL has its own error class. gloo raises plain errors that name its source file.
    """
    return isinstance(error, dist.DistError) or "gloo" in str(error)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, at most 120 characters. The rest may be a C++ stack."""
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
