"""Memory: strips change nothing, plans keep to budgets, estimates hold, and running out is recovered from."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.engine.plan import Need, Plan, make_plan, read_budget
from vsrealbasicvsr.engine.strips import in_strips
from vsrealbasicvsr.errors import RestorationError, SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

CPU = torch.device("cpu")


def network(channels: int = 8, blocks: int = 1) -> RealBasicVSR:
    torch.manual_seed(3)
    return RealBasicVSR(channels, blocks, blocks).eval().requires_grad_(False)


def clip(length: int, height: int, width: int) -> Tensor:
    torch.manual_seed(4)
    return torch.rand(length, 3, height, width)


def streamed(restorer: Restorer, frames: Tensor) -> Tensor:
    return torch.stack(list(restorer.stream(frames)))


def with_plan(restorer: Restorer, plan: Plan, size: tuple[int, int]) -> Restorer:
    restorer._steps._plans[size] = plan
    return restorer


@given(
    height=st.integers(1, 30),
    width=st.integers(1, 9),
    rows=st.integers(1, 40),
    scale=st.sampled_from([1, 2]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_a_stack_of_convolutions_is_the_same_in_strips(
    height: int, width: int, rows: int, scale: int, seed: int
) -> None:
    torch.manual_seed(seed)
    first, second = (torch.nn.Conv2d(2, 2, 3, padding=1) for _ in range(2))
    picture, other = torch.rand(2, 1, 1, height, width)

    def work(one: Tensor, two: Tensor) -> Tensor:
        result: Tensor = second(first(torch.cat((one, two), 1)))
        return torch.nn.functional.interpolate(result, scale_factor=scale, mode="nearest")

    with torch.inference_mode():
        whole, strips = work(picture, other), in_strips(work, picture, other, rows=rows, halo=2, scale=scale)
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_smallest_plan_restores_the_same_pictures(precision: str) -> None:
    frames = clip(5, 71, 12)
    made = [
        Restorer(network(8, 3), Settings(window=2, margin=1, refine=0.0, precision=precision), "cpu")
        for _ in range(2)
    ]
    whole = streamed(made[0], frames)
    strips = streamed(with_plan(made[1], Plan(16, 1, True, 71), (71, 12)), frames)
    torch.testing.assert_close(strips, whole, rtol=0, atol=1e-5 if precision == "fp32" else 2e-2)


def test_a_budget_makes_strips_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    frames = clip(4, 64, 48)
    free = Restorer(network(), Settings(window=2, margin=1), "cpu")
    expected = streamed(free, frames)
    assert not caplog.records
    with caplog.at_level(logging.WARNING, "vsrealbasicvsr"):
        tight = Restorer(network(), Settings(window=2, margin=1, memory="20MB"), "cpu")
        restored = streamed(tight, frames)
    (told,) = (record.getMessage() for record in caplog.records)
    assert told.startswith("memory 20MB: 48x64 is done in ")
    assert "in reconstruction" in told
    torch.testing.assert_close(restored, expected, rtol=0, atol=1e-5)


def test_a_budget_that_nothing_fits_is_tried_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "vsrealbasicvsr"):
        streamed(Restorer(network(), Settings(window=2, margin=1, memory="1MB"), "cpu"), clip(2, 33, 20))
    assert any("it may not fit" in record.getMessage() for record in caplog.records)


def _allocated(work: Callable[[], object]) -> int:
    """The most that PyTorch's allocator had given out, by its own events."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        work()
    events: list[Any] = [
        event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    events.sort(key=lambda event: event.start_ns())
    return max(itertools.accumulate(event.nbytes() for event in events))


@pytest.mark.parametrize(
    ("channels", "blocks", "size", "window", "precision", "plan"),
    [
        pytest.param(64, 1, (48, 64), 3, "fp32", None, id="whole: reconstruction"),
        pytest.param(64, 1, (48, 64), 1, "bf16", None, id="half precision"),
        pytest.param(64, 1, (64, 96), 3, "fp32", Plan(16, 16, True, 64), id="strips"),
        pytest.param(64, 2, (128, 64), 1, "fp32", Plan(128, 4, True, 128), id="propagation"),
        pytest.param(64, 1, (96, 64), 1, "fp32", Plan(16, 2, True, 96), id="flow"),
        pytest.param(64, 1, (50, 70), 2, "bf16", Plan(16, 2, True, 50), id="no multiple of 32"),
        pytest.param(16, 1, (64, 96), 12, "fp32", Plan(64, 1, True, 64), id="long window"),
    ],
)
def test_the_estimate_is_within_15_percent_of_what_the_allocator_gives_out(
    channels: int, blocks: int, size: tuple[int, int], window: int, precision: str, plan: Plan | None
) -> None:
    chosen = Settings(window=window, margin=1, precision=precision, refine=255.0)
    given, frames = network(channels, blocks), clip(2 * window + 2, *size)
    made: list[Restorer] = []

    def work() -> None:
        made.append(Restorer(given, chosen, "cpu"))
        if plan:
            with_plan(made[0], plan, size)
        for _ in made[0].stream(frames):
            pass

    measured = _allocated(work)
    steps = made[0]._steps
    need = Need(given, chosen, steps.dtype, size[1], size[0], on_host=True)
    assert need.peak(steps.plan(size)) == pytest.approx(measured, rel=0.15)


class _Exhausted(TorchDispatchMode):
    """PyTorch without memory for some operations in a row."""

    def __init__(self, first: int, times: int) -> None:
        super().__init__()
        self.calls, self._failing = 0, range(first, first + times)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls += 1
        if self.calls in self._failing:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return func(*args, **(kwargs or {}))


FRAMES = list(clip(3, 34, 6))
CHOSEN = Settings(window=2, margin=1, refine=0.0, max_passes=1)


def _restore(first: int, times: int = 1) -> tuple[Tensor, int]:
    with _Exhausted(0, 0):  # what is made before the first frame is not the steps' affair
        restorer = Restorer(network(), CHOSEN, "cpu")
    pictures = []
    with _Exhausted(first, times) as mode:
        for picture in restorer.stream(FRAMES):
            pictures.append(picture)
    return torch.stack(pictures), mode.calls


EXPECTED, CALLS = _restore(0)
_STRIDE = 23
"""Every operation was tried by hand, with 1; it takes minutes."""


@pytest.mark.parametrize("first", range(1, CALLS + 1, _STRIDE))
def test_running_out_anywhere_changes_nothing(first: int) -> None:
    restored, _ = _restore(first)
    torch.testing.assert_close(restored, EXPECTED, rtol=0, atol=1e-5)


def test_running_out_again_and_again_is_an_error_that_names_the_settings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        caplog.at_level(logging.WARNING, "vsrealbasicvsr"),
        pytest.raises(RestorationError, match="window or margin"),
    ):
        _restore(CALLS // 2, times=10_000)
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "cpu is out of memory"
    ] * len(caplog.records)
    assert 1 <= len(caplog.records) <= 12


@given(height=st.integers(1, 5000), detail=st.integers(1, 700), host=st.booleans())
def test_plans_shrink_until_nothing_is_left(height: int, detail: int, host: bool) -> None:
    plan: Plan | None = Plan(height, detail, host, height)
    seen = []
    while plan is not None:
        seen.append((plan.rows, plan.detail_rows, plan.features_on_host))
        assert plan.rows >= 1
        assert plan.detail_rows >= 1
        plan = plan.smaller()
    assert len(set(seen)) == len(seen) <= 12
    assert seen[-1][0] <= 16
    assert seen[-1][2]


@given(budget=st.integers(10**6, 10**11), width=st.integers(1, 4096), height=st.integers(1, 2304))
@settings(max_examples=50, deadline=None)
def test_plans_keep_to_the_budget_or_are_the_smallest(budget: int, width: int, height: int) -> None:
    need = Need(network(), Settings(), torch.float16, width, height, on_host=False)
    plan = make_plan(need, budget)
    assert need.peak(plan) <= budget or plan.smaller() is None


def test_features_go_to_the_host_before_pictures_are_cut_into_strips() -> None:
    need = Need(network(64, 1), Settings(), torch.float16, 1920, 1080, on_host=False)
    assert make_plan(need, 6_500_000_000) == Plan(1080, make_plan(need, None).detail_rows, True, 1080)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("auto", None), ("6GB", 6_000_000_000), ("0.5GB", 500_000_000), ("800MB", 800_000_000)],
)
def test_amounts_are_read(text: str, expected: int | None) -> None:
    assert read_budget(Settings(memory=text).memory, CPU) == expected


@pytest.mark.parametrize(
    "text", ["", "6", "6 GB", "6gb", "120%", "100.9%", "-5%", "half", "GB", "1e3MB", "0GB", "0.0%", "６GB"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="memory must be"):
        Settings(memory=text)


def test_a_share_needs_a_device_that_tells_how_much_it_has() -> None:
    with pytest.raises(SettingsError, match="memory must be an amount on cpu, such as 4GB, not '60%'"):
        Restorer(network(), Settings(memory="60%"), "cpu")
