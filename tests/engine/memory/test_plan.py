"""Memory: strips change nothing, plans keep to budgets, estimates hold, and running out is recovered from."""

from __future__ import annotations

import itertools
import logging
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.engine.device import find_dtype
from vsrealbasicvsr.engine.memory.plan import Need, Plan, make_plan, read_budget
from vsrealbasicvsr.engine.memory.strips import in_strips
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.errors import SettingsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Precision, Settings

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


def difference_on_a_crop(height: int, width: int, rows: int) -> float:
    """Between a picture restored in strips and the plain network on a crop with all the context it has."""
    given = network(8, 2)
    for level in given.basicvsr.spynet.basic_module:
        level.get_parameter("basic_module.4.conv.weight").mul_(0.02)
    for name, weight in given.basicvsr.named_parameters():
        if "resblocks.main.2" in name:
            weight.mul_(6)  # of a tenth, so that a row that is missing shows
    texture = clip(1, height, width + 2)[0]
    steps = Restorer(given, Settings(refine=255.0), "cpu")._steps
    steps._plans[height, width] = Plan(rows, rows, True, height)
    first, second = steps.clean([texture[:, :, n : n + width] for n in (0, 2)])
    (motion,) = steps.motions([(first, second)])
    (made,) = steps.restore([first, second], [None, motion], slice(0, 1))
    strips = made.picture
    flow = motion.to_earlier
    assert 0.05 < flow.abs().max() < 8
    context = 2 * given.basicvsr.forward_resblocks.reach + 8 + 2
    assert height > 3 * context
    assert rows < context  # the crop lies in several strips
    top, left = (height - 3 * context) // 2, (width - 3 * context) // 2
    cut = (..., slice(top, top + 3 * context), slice(left, left + 3 * context))
    plain = given.basicvsr
    after = plain.propagate(plain.backward_resblocks, second.picture[cut], None, None)
    backward = plain.propagate(plain.backward_resblocks, first.picture[cut], after, flow[cut])
    forward = plain.propagate(plain.forward_resblocks, first.picture[cut], None, None)
    whole = plain.reconstruct(first.picture[cut], backward, forward)[0].clamp(0, 1)
    inner = slice(4 * context, 8 * context)
    there = [slice(4 * (start + context), 4 * (start + 2 * context)) for start in (top, left)]
    return float((strips[:, *there] - whole[:, inner, inner]).abs().max())


def test_strips_equal_whole_pictures_on_a_crop() -> None:
    """1920x1080 by hand, for it takes minutes: see benchmarks/README.md."""
    assert difference_on_a_crop(120, 150, 16) < 5e-6


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
    assert any("it may not fit" in said and "bf16" in said for said in caplog.messages)


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


class _MadeUpGpu(TorchDispatchMode):
    """Counts what lies on a CUDA device that is not there: its tensors have shapes and no values."""

    def __init__(self) -> None:
        super().__init__()
        self._alive: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.ops.aten.item.default, torch.ops.aten.is_nonzero.default):
            return 1.0  # a residue that is finite, a picture that is
        if func in (torch.ops.aten.pin_memory.default, torch.ops.aten._pin_memory.default):
            return args[0]
        if func is torch.ops.aten.grid_sampler.default:  # PyTorch knows no shape for it
            made = args[0].new_empty((*args[0].shape[:2], *args[1].shape[1:3]))
        else:
            made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor) and tensor.is_cuda:
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata not in self._alive:
            self._alive[storage._cdata] = storage.nbytes()
            weakref.finalize(storage, self._alive.pop, storage._cdata)
            self.peak = max(self.peak, sum(self._alive.values()))

    def carry(self, steps: Steps) -> None:
        """Put a network's weights on it."""
        steps._device = torch.device("cuda", 0)
        for module in steps._parts.network.modules():
            for tensors in (module._parameters, module._buffers):
                for name, tensor in tensors.items():
                    assert tensor is not None
                    tensors[name] = torch.empty(tensor.shape, dtype=tensor.dtype, device="cuda")  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("precision", "size", "window", "plan"),
    [
        pytest.param("fp16", (1080, 1920), 4, Plan(1080, 68, False, 1080), id="all on the device"),
        pytest.param("fp16", (1080, 1920), 4, Plan(1080, 68, True, 1080), id="features away"),
        pytest.param("fp16", (720, 1280), 6, Plan(135, 16, True, 720), id="features away, strips"),
        pytest.param("fp16", (720, 1280), 6, Plan(135, 16, False, 720), id="strips"),
        pytest.param("fp32", (1080, 1920), 3, Plan(1080, 16, True, 1080), id="features away, fp32"),
    ],
)
def test_the_estimate_is_within_15_percent_of_what_lies_on_a_gpu(
    precision: Precision, size: tuple[int, int], window: int, plan: Plan
) -> None:
    chosen = Settings(window=window, margin=1, refine=255.0, max_passes=1)
    given, dtype = network(64, 1), find_dtype(precision, CPU)
    steps = Steps(given, chosen, CPU, dtype)
    steps._plans[size] = plan
    with FakeTensorMode(), _MadeUpGpu() as gpu:
        gpu.carry(steps)
        held = torch.empty(3, *(4 * length for length in size), device="cuda")  # by the reader
        cleaned = [steps.clean([torch.rand(3, *size)])[0] for _ in range(window + 2)]
        motions = [None, *(steps.motions([pair])[0] for pair in itertools.pairwise(cleaned))]
        for made in steps.restore(cleaned, motions, slice(1, window + 1)):
            held = made.picture
        assert held.is_cuda
    need = Need(given, chosen, dtype, size[1], size[0], on_host=False)
    assert need.peak(plan) == pytest.approx(gpu.peak, rel=0.15)


def test_windows_of_other_lanes_and_graphs_take_their_part() -> None:
    given = network(64, 1)
    plan = Plan(180, 100, False, 180)

    def peak(windows: int = 1, **settings: object) -> int:
        chosen = Settings.from_mapping({"window": 24, "margin": 8, **settings})
        return Need(given, chosen, torch.float16, 320, 180, False, windows).peak(plan)

    assert peak(2) - peak() == 24 * (12 + 16) * 320 * 180
    # Two trunks with and without a neighbour, cleaning, flow and two shapes of detail: more than all else.
    assert peak(acceleration="graphs") > 2 * peak()
    assert peak(acceleration="fused") == peak(acceleration="graphs")


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
