"""Running out of memory, at every place where it can happen: equal pictures, or one sentence."""

from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import vsrealbasicvsr
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.engine.memory.out_of_memory import MemoryErrors
from vsrealbasicvsr.engine.memory.plan import Plan
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

PACKAGE = f"{Path(vsrealbasicvsr.__file__).parent}/"
SIZE = (34, 6)
_TOLD = "cpu is out of memory"


@dataclass(frozen=True)
class Site:
    """A place that takes memory: an operation, and the lines of ours that led to it, the innermost first."""

    operation: str
    lines: tuple[str, ...]

    @property
    def is_step(self) -> bool:
        """Whether a smaller plan can help."""
        return any(line.endswith(" _attempt") for line in self.lines)

    def __str__(self) -> str:
        return f"{self.operation} at {', '.join(self.lines[:3])}"


class _Memory(TorchDispatchMode):
    """PyTorch, which has no memory for some operations in a row, or else notes where it takes some."""

    def __init__(self, first: int = 0, times: int = 0) -> None:
        super().__init__()
        self.sites: dict[Site, int] = {}
        self.made: list[weakref.ref[Tensor]] = []
        self._calls, self._failing = 0, range(first, first + times)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._calls += 1
        if self._calls in self._failing:
            raise torch.OutOfMemoryError("CUDA out of memory")
        given = {_storage(tensor) for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)}
        result = func(*args, **(kwargs or {}))
        made = [tensor for tensor in tree_leaves(result) if isinstance(tensor, Tensor)]
        if not self._failing and any(_storage(tensor) not in given for tensor in made):
            self.sites.setdefault(Site(str(func), tuple(_lines(sys._getframe()))), self._calls)
        self.made += map(weakref.ref, made)
        return result


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _lines(frame: FrameType | None) -> Iterator[str]:
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(PACKAGE):
            yield f"{file.removeprefix(PACKAGE)}:{frame.f_lineno} {frame.f_code.co_name}"
        frame = frame.f_back


def network() -> RealBasicVSR:
    torch.manual_seed(3)
    return RealBasicVSR(8, 1, 1).eval().requires_grad_(False)


def frames(dtype: torch.dtype = torch.float64) -> Tensor:
    """Two frames that are no float32, so that taking them to the device makes a copy."""
    torch.manual_seed(4)
    return torch.rand(2, 3, *SIZE).to(dtype)


CHOSEN = Settings(window=2, margin=0, refine=0.0, max_passes=1)


def whole() -> Restorer:
    """Whole pictures in single precision."""
    return Restorer(network(), CHOSEN, "cpu")


def in_strips() -> Restorer:
    """Strips that can become smaller, in half precision."""
    restorer = Restorer(network(), replace(CHOSEN, precision="bf16"), "cpu")
    restorer._steps._plans[SIZE] = Plan(17, 17, False, 34)
    return restorer


def streamed(restorer: Restorer) -> Tensor:
    return torch.stack(list(restorer.stream(list(frames()))))


def sites_of(work: Callable[[], object]) -> dict[Site, int]:
    """Where the work takes memory, and the number of the first operation that does so there."""
    with _Memory() as memory:
        work()
    return memory.sites


def _cases() -> Iterator[Any]:
    """Every site once, and every tenth without memory twice in a row."""
    for make in (whole, in_strips):
        restorer = make()
        for n, (site, first) in enumerate(sites_of(partial(streamed, restorer)).items()):
            for times in (1, 2) if n % 10 == 0 else (1,):
                if site.is_step:
                    yield pytest.param(make, first, times, id=f"{make.__name__}, {times}x {site}")


EXPECTED = {make: streamed(make()) for make in (whole, in_strips)}


@pytest.mark.parametrize(("make", "first", "times"), tuple(_cases()))
def test_running_out_at_any_site_of_a_step_changes_nothing(
    make: Callable[[], Restorer], first: int, times: int
) -> None:
    restorer = make()
    with _Memory(first, times):
        restored = streamed(restorer)
    torch.testing.assert_close(restored, EXPECTED[make], rtol=0, atol=1e-5 if make is whole else 2e-2)


def loud() -> RealBasicVSR:
    """Its last layers overflow in fp16, and not in fp32."""
    made = network()
    made.basicvsr.conv_hr.weight *= 1e8
    made.basicvsr.conv_last.weight *= 1e-8
    return made


def _ends_well(work: Callable[[], object], site: Site, first: int, told: str) -> None:
    with _Memory(first, times=1):
        if site.is_step:
            work()
        else:
            with pytest.raises(RestorationError, match=told):
                work()


def test_running_out_on_the_way_to_fp32_is_recovered_from_or_told() -> None:
    chosen = replace(CHOSEN, precision="fp16")
    restorer = Restorer(loud(), chosen, "cpu")
    sites = sites_of(partial(streamed, restorer))
    assert restorer._exact is not None
    making = {site: first for site, first in sites.items() if any("_make_steps" in x for x in site.lines)}
    assert making
    for site, first in making.items():
        _ends_well(partial(streamed, Restorer(loud(), chosen, "cpu")), site, first, _TOLD)


def test_running_out_while_a_window_is_put_together_is_told() -> None:
    given = frames(torch.float32)
    outside = [
        (site, first)
        for site, first in sites_of(lambda: whole().window(given, (), slice(0, 2))).items()
        if not site.is_step and any(" window" in line for line in site.lines)
    ]
    assert any("stack" in site.operation for site, _ in outside)
    for site, first in outside:
        _ends_well(lambda: whole().window(given, (), slice(0, 2)), site, first, _TOLD)


def test_running_out_before_the_first_frame_is_told(tmp_path: Path) -> None:
    file = tmp_path / "small.safetensors"
    save_file(network().state_dict(), file)
    sites = sites_of(lambda: Restorer(file, CHOSEN, "cpu"))
    taking = [  # the file itself is mapped, which takes none
        (site, first)
        for site, first in sites.items()
        if not any("_read_safetensors" in line for line in site.lines)
    ]
    assert taking
    for site, first in taking:
        _ends_well(lambda: Restorer(file, CHOSEN, "cpu"), site, first, "out of memory for the network")


def test_running_out_again_and_again_is_an_error_that_names_the_settings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    restorer = whole()
    with (
        caplog.at_level(logging.WARNING, "vsrealbasicvsr"),
        pytest.raises(RestorationError, match="window or margin"),
        _Memory(200, times=10_000),
    ):
        streamed(restorer)
    assert 1 <= len(caplog.records) <= 12
    assert all(record.getMessage().startswith(_TOLD) for record in caplog.records)


def test_the_error_keeps_nothing_of_the_failed_step_alive() -> None:
    """A host that goes on with a smaller picture needs the room."""
    restorer = whole()
    sites = sites_of(partial(streamed, whole()))
    last = next(first for site, first in sites.items() if any(" detail" in line for line in site.lines))
    with _Memory(last, times=10_000) as memory, pytest.raises(RestorationError) as caught:
        streamed(restorer)
    alive = {tuple(tensor.shape) for made in memory.made if (tensor := made()) is not None}
    assert (1, 8, *SIZE) not in alive  # features
    assert "CUDA out of memory" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")]
)
def test_the_host_running_out_is_told(error: Exception) -> None:
    with pytest.raises(RestorationError, match="no room"), MemoryErrors("no room"):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), MemoryErrors("no room"):
        raise RuntimeError("shapes do not fit")
