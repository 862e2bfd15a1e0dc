"""What the engine promises, on a small network, against the plain network and against itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from tests.conftest import save, with_refinement
from tests.engine.pieces import CHOICES, CUTS, LENGTH, pieces, streamed_piece
from vsrealbasicvsr.engine import Lanes, Neighbours, Restorer, open_restorer
from vsrealbasicvsr.engine.memory.plan import Plan
from vsrealbasicvsr.engine.steps import Reconstruction, Steps
from vsrealbasicvsr.errors import ClipError, RestorationError, SettingsError, WeightsError
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.windows import Window, window_at

Make = Callable[..., Restorer]
Clip = Callable[..., Tensor]


def streamed(restorer: Restorer, frames: Tensor, cuts: frozenset[int] = frozenset()) -> Tensor:
    return torch.stack(list(restorer.stream(iter(frames), cuts)))


def windowed(restorer: Restorer, frames: Tensor, cuts: frozenset[int] = frozenset()) -> Tensor:
    """The clip through `Restorer.window`, window by window, as a filter would."""
    length, restored = len(frames), []
    for first in range(0, length, restorer.settings.window):
        w = window_at(first, length, window=restorer.settings.window, margin=restorer.settings.margin)
        inside = [cut - w.start for cut in cuts if w.start <= cut < w.stop]
        restored.append(restorer.window(frames[w.start : w.stop], inside, w.core))
    return torch.cat(restored)


@torch.inference_mode()
def shot_by_shot(network: RealBasicVSR, frames: Tensor, cuts: frozenset[int], threshold: float) -> Tensor:
    """The plain network on each shot, the paper's way."""
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(frames)), len(frames)]
    shots = [frames[a:b] for a, b in pairwise(edges)]
    return torch.cat([network(shot[None], refinement_threshold=threshold)[0] for shot in shots]).clamp(0, 1)


def test_whole_shot_equals_the_plain_network(network: RealBasicVSR, restorer: Make, clip: Clip) -> None:
    frames, cuts = clip(9), frozenset({4})
    ours = streamed(restorer(window=0), frames, cuts)
    torch.testing.assert_close(ours, shot_by_shot(network, frames, cuts, 5.0), rtol=0, atol=1e-4)


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_strips_of_the_reconstruction_leave_no_seams(
    network: RealBasicVSR, restorer: Make, clip: Clip, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    frames = clip(2)
    monkeypatch.setattr(
        "vsrealbasicvsr.engine.memory.plan._STRIP_BYTES", rows * 16 * 64 * 4 * frames.shape[-1]
    )
    ours = streamed(restorer(window=0), frames)
    torch.testing.assert_close(ours, shot_by_shot(network, frames, frozenset(), 5.0), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (16, 16), (63, 65)])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_any_size_and_length(
    network: RealBasicVSR, restorer: Make, clip: Clip, size: tuple[int, int], length: int
) -> None:
    frames = clip(length, *size)
    ours = streamed(restorer(window=2, margin=8), frames)
    assert ours.shape == (length, 3, 4 * size[0], 4 * size[1])
    torch.testing.assert_close(ours, shot_by_shot(network, frames, frozenset(), 5.0), rtol=0, atol=1e-4)


@given(
    length=st.integers(0, 12),
    window=st.integers(0, 7),
    margin=st.integers(0, 4),
    cuts=st.frozensets(st.integers(0, 12), max_size=4),
)
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_stream_gives_each_frame_once_and_as_windows_would(
    restorer: Make, clip: Clip, length: int, window: int, margin: int, cuts: frozenset[int]
) -> None:
    engine, frames = restorer(window=window, margin=margin), clip(12, 4, 6)[:length]
    ours = list(engine.stream(iter(frames), cuts))
    assert len(ours) == length
    if window and length:
        torch.testing.assert_close(torch.stack(ours), windowed(engine, frames, cuts), rtol=0, atol=1e-4)


def test_stream_equals_windows_bit_for_bit_on_the_cpu(restorer: Make, clip: Clip) -> None:
    engine, frames, cuts = restorer(window=5, margin=2), clip(17), frozenset({7, 8})
    assert torch.equal(streamed(engine, frames, cuts), windowed(engine, frames, cuts))


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 9])
def test_nothing_crosses_a_cut(restorer: Make, clip: Clip, cut: int) -> None:
    engine, frames = restorer(window=5, margin=3), clip(11)
    before, after = frames.clone(), frames.clone()
    before[cut:] = clip(11, seed=5)[cut:]
    after[:cut] = clip(11, seed=6)[:cut]
    ours = streamed(engine, frames, frozenset({cut}))
    assert torch.equal(streamed(engine, before, frozenset({cut}))[:cut], ours[:cut])
    assert torch.equal(streamed(engine, after, frozenset({cut}))[cut:], ours[cut:])


def test_without_a_cut_neighbours_do_matter(restorer: Make, clip: Clip) -> None:
    engine, frames = restorer(window=5, margin=3), clip(11)
    changed = frames.clone()
    changed[6:] = clip(11, seed=5)[6:]
    assert not torch.equal(streamed(engine, changed)[5], streamed(engine, frames)[5])


def test_larger_margins_approach_the_whole_shot(restorer: Make, clip: Clip) -> None:
    frames = clip(24, 12, 16)
    whole = streamed(restorer(window=0), frames)
    errors = [
        (streamed(restorer(window=4, margin=margin), frames) - whole).abs().max().item()
        for margin in (0, 2, 6, 20)
    ]
    assert errors[0] > errors[1] > errors[2] >= errors[3]
    assert errors[3] < 1e-6


@pytest.mark.parametrize("threshold", [0.0, 2.0, 4.0, 255.0])
@torch.inference_mode()
def test_passes_follow_equation_5(
    network: RealBasicVSR, restorer: Make, clip: Clip, threshold: float
) -> None:
    frames = clip(6) * torch.linspace(0.05, 1.0, 6).view(6, 1, 1, 1)
    expected = []
    for frame in frames:
        x, passes = frame[None], 0
        while passes < 4:
            following = x + network.image_cleaning(x)
            change, x, passes = (following - x).abs().mean() * 255, following, passes + 1
            if change < threshold:
                break
        expected.append((passes, x))

    seen = []
    engine = restorer(refine=threshold, max_passes=4, window=4)
    list(engine.stream(iter(frames), on_cleaned=lambda n, cleaned: seen.append((n, cleaned))))
    assert [n for n, _ in seen] == list(range(6))
    assert [cleaned.passes for _, cleaned in seen] == [passes for passes, _ in expected]
    for (_, cleaned), (_, x) in zip(seen, expected, strict=True):
        torch.testing.assert_close(cleaned.picture, x, rtol=0, atol=1e-5)


def test_the_file_of_the_weights_decides_where_the_settings_do_not(
    network: RealBasicVSR, clip: Clip, tmp_path: Path
) -> None:
    """Against the passes counted with each threshold given; the frames differ, so the counts do."""
    frames = clip(6) * torch.linspace(0.05, 1.0, 6).view(6, 1, 1, 1)

    def passes(model: Path | RealBasicVSR, **chosen: float) -> list[int]:
        made: list[int] = []
        engine = Restorer(model, Settings.from_mapping(chosen), "cpu")
        list(engine.stream(frames, on_cleaned=lambda _, cleaned: made.append(cleaned.passes)))
        return made

    silent = save(network, tmp_path / "silent.safetensors")
    telling = with_refinement(silent, tmp_path / "telling.safetensors", 4.0, 4)
    threshold, both, neither = (
        {"refine": 4.0},
        {"refine": 4.0, "max_passes": 4},
        {"refine": 5.0, "max_passes": 3},
    )
    assert len(set(passes(network, **both))) > 1
    assert passes(telling) == passes(load(telling)) == passes(network, **both) != passes(network, **neither)
    assert passes(silent) == passes(load(silent)) == passes(network) == passes(network, **neither)
    assert passes(telling, refine=0.0) == [4] * 6
    assert passes(telling, max_passes=1) == [1] * 6
    assert passes(telling, **neither) == passes(network, **neither)
    assert Restorer(telling, device="cpu").settings == Settings(**both)
    assert Restorer(telling, Settings(**threshold, max_passes=0), "cpu").settings.max_passes == 0


def test_several_devices_take_it_from_the_file_too(network: RealBasicVSR, tmp_path: Path) -> None:
    silent = save(network, tmp_path / "silent.safetensors")
    telling = with_refinement(silent, tmp_path / "telling.safetensors", 4.0, 4)
    lanes = open_restorer(Settings(model=str(telling), device="cpu,cpu", refine=1.5))
    assert isinstance(lanes, Lanes)
    assert (lanes.settings.refine, lanes.settings.max_passes) == (1.5, 4)


def test_passes_differ_between_frames_of_one_clip(restorer: Make, clip: Clip) -> None:
    """The threshold of the test above really divides frames, so that it can fail."""
    frames = clip(6) * torch.linspace(0.05, 1.0, 6).view(6, 1, 1, 1)
    passes: list[int] = []
    list(restorer(refine=4.0, max_passes=4).stream(frames, on_cleaned=lambda _, c: passes.append(c.passes)))
    assert len(set(passes)) > 1


def test_frames_are_read_only_as_far_as_the_window_reaches(restorer: Make, clip: Clip) -> None:
    read = 0

    def frames() -> Iterator[Tensor]:
        nonlocal read
        for frame in clip(40, 4, 4):
            read += 1
            yield frame

    stream = restorer(window=6, margin=2).stream(frames())
    next(stream)
    assert read == 8
    for _ in range(6):
        next(stream)
    assert read == 14

    read = 0
    next(restorer(window=6, margin=2).stream(frames(), first=9))
    assert read == 5  # 9 to 13, as the first core ends at 12


def test_cuts_may_be_found_while_reading(restorer: Make, clip: Clip) -> None:
    engine, frames, found = restorer(window=0), clip(9), set()

    def detecting() -> Iterator[Tensor]:
        for n, frame in enumerate(frames):
            if n == 4:
                found.add(n)
            yield frame

    ours = torch.stack(list(engine.stream(detecting(), found)))
    assert torch.equal(ours, streamed(engine, frames, frozenset({4})))


@pytest.mark.parametrize(("window", "margin"), CHOICES)
def test_pieces_of_a_clip_equal_its_whole_stream_bit_for_bit(
    restorer: Make, clip: Clip, window: int, margin: int
) -> None:
    engine, frames = restorer(window=window, margin=margin), clip(LENGTH, 6, 8)
    whole = streamed(engine, frames, frozenset(CUTS))
    for piece in pieces(window, margin):
        ours = streamed_piece(engine, frames, piece)
        assert torch.equal(ours, whole[piece.start : piece.stop]), piece


@pytest.mark.parametrize(("fed_start", "fed_stop"), [(13, 33), (12, 32)])
def test_a_piece_needs_each_frame_it_is_fed(
    restorer: Make, clip: Clip, fed_start: int, fed_stop: int
) -> None:
    """The test above would see a margin that is a frame short."""
    engine, frames = restorer(window=5, margin=3, refine=255.0), clip(LENGTH, 6, 8)
    whole = streamed(engine, frames)
    pictures = engine.stream(frames[12:33], first=12, core_start=15)
    assert torch.equal(torch.stack(list(islice(pictures, 15))), whole[15:30])
    short = list(engine.stream(frames[fed_start:fed_stop], first=fed_start, core_start=15))[:15]
    assert not torch.equal(torch.stack(short), whole[15:30])


@pytest.mark.parametrize(("window", "first", "core_start"), [(5, 12, 15), (5, 17, None), (0, 17, None)])
def test_a_piece_tells_the_clips_numbers(
    restorer: Make, clip: Clip, window: int, first: int, core_start: int | None
) -> None:
    """Cuts found while reading, context frames' passes, and errors."""
    frames, found = clip(LENGTH, 6, 8), set[int]()
    engine = restorer(window=window, margin=3, refine=1.0)
    told: list[dict[int, int]] = [{}, {}]
    whole = list(engine.stream(frames, (17, 24), on_cleaned=lambda n, one: told[0].update({n: one.passes})))

    def detecting() -> Iterator[Tensor]:
        for n, frame in enumerate(frames[first:], first):
            if n in (17, 24):
                found.add(n)
            yield frame
        yield torch.rand(3, 6, 9)

    ours = []
    with pytest.raises(ClipError, match=f"Frame {LENGTH} is 9x6"):
        for picture in engine.stream(
            detecting(),
            found,
            first=first,
            core_start=core_start,
            on_cleaned=lambda n, one: told[1].update({n: one.passes}),
        ):
            ours.append(picture)
    start = core_start or first
    assert len(ours) >= 7
    assert all(torch.equal(one, other) for one, other in zip(ours, whole[start:], strict=False))
    assert told[1] == {n: passes for n, passes in told[0].items() if n >= first}


def test_a_piece_of_context_alone_has_no_pictures(restorer: Make, clip: Clip) -> None:
    assert list(restorer(window=5, margin=3).stream(clip(3), first=7, core_start=10)) == []


@pytest.mark.parametrize(
    ("window", "first", "core_start", "message"),
    [
        (5, 10, 5, "core_start must be 10, the first frame handed in, or a later multiple of 5"),
        (5, 8, 12, "core_start must be 8, .* not 12"),
        (0, 8, 10, "With window=0 core_start must be 8"),
        (5, -1, None, "first must be a frame number, from 0, not -1"),
    ],
)
def test_streams_that_can_begin_nowhere_are_refused(
    restorer: Make, window: int, first: int, core_start: int | None, message: str
) -> None:
    engine = restorer(window=window, margin=2)
    for stream in (engine.stream, Lanes([engine, engine]).stream):
        with pytest.raises(ClipError, match=message) as caught:
            list(stream([], first=first, core_start=core_start))
        assert "\n" not in str(caught.value)


def test_strength_blends_with_bilinear_enlargement(restorer: Make, clip: Clip) -> None:
    frames = clip(3)
    plain = torch.nn.functional.interpolate(frames, scale_factor=4, mode="bilinear").clamp(0, 1)
    torch.testing.assert_close(
        streamed(restorer(strength=0.0, max_passes=0), frames), plain, rtol=0, atol=1e-6
    )
    full, half = (streamed(restorer(strength=share, max_passes=0), frames) for share in (1.0, 0.5))
    inside = (full > 0) & (full < 1)
    torch.testing.assert_close(half[inside], ((full + plain) / 2)[inside], rtol=0, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_half_precision_is_near_fp32(restorer: Make, clip: Clip, precision: str) -> None:
    frames = clip(6)
    exact = streamed(restorer(refine=0.0), frames)
    error = (streamed(restorer(refine=0.0, precision=precision), frames) - exact).pow(2).mean()
    assert -10 * torch.log10(error) > {"fp16": 55, "bf16": 40}[precision]


@pytest.mark.parametrize(("precision", "warnings"), [("fp16", 1), ("bf16", 0), ("fp32", 0), ("auto", 0)])
def test_fp16_on_a_cpu_is_warned_of(
    restorer: Make, caplog: pytest.LogCaptureFixture, precision: str, warnings: int
) -> None:
    with caplog.at_level(logging.WARNING, "vsrealbasicvsr"):
        restorer(precision=precision)
    said = [message for message in caplog.messages if "take fp32 or bf16" in message]
    assert (len(said), len(caplog.messages)) == (warnings, warnings)


def test_overflow_in_half_precision_is_redone_in_fp32(
    network: RealBasicVSR, clip: Clip, caplog: pytest.LogCaptureFixture
) -> None:
    """A conv_hr that scales by 1e7 and a conv_last that scales back overflow fp16, not fp32."""
    loud = RealBasicVSR(8, 1, 1)
    loud.load_state_dict(network.state_dict())
    with torch.no_grad():
        loud.basicvsr.conv_hr.weight *= 1e4
        loud.basicvsr.conv_last.weight *= 1e-4
        loud.basicvsr.fusion.weight *= 1e3
        loud.basicvsr.upsample1.upsample_conv.weight *= 1e-3
        loud.basicvsr.conv_hr.weight *= 1e4
        loud.basicvsr.conv_last.weight *= 1e-4
    frames = clip(5)
    exact = streamed(Restorer(loud, Settings(window=2, margin=1), "cpu"), frames)
    half = Restorer(loud, Settings(window=2, margin=1, precision="fp16"), "cpu")
    caplog.clear()
    with caplog.at_level(logging.WARNING, "vsrealbasicvsr"):
        ours = streamed(half, frames)
    assert len(caplog.records) == 1
    torch.testing.assert_close(ours, exact, rtol=0, atol=2e-3)


def test_broken_weights_are_an_error_not_a_black_picture(network: RealBasicVSR, clip: Clip) -> None:
    broken = RealBasicVSR(8, 1, 1)
    broken.load_state_dict(network.state_dict())
    with torch.no_grad():
        broken.basicvsr.conv_last.bias.fill_(float("nan"))
    with pytest.raises(WeightsError, match="non-finite"):
        streamed(Restorer(broken, Settings(), "cpu"), clip(2))


def test_running_out_of_memory_names_the_settings(
    restorer: Make, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = restorer()

    def exhausted(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine._steps, "motions", exhausted)
    with pytest.raises(RestorationError, match="lower window or margin, set precision to bf16,"):
        streamed(engine, clip(2))


def test_the_given_network_is_left_alone(network: RealBasicVSR, restorer: Make, clip: Clip) -> None:
    state = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    streamed(restorer(precision="bf16"), clip(2))
    assert all(torch.equal(tensor, state[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("frames", "core", "message"),
    [
        (torch.rand(3, 4, 4), slice(0, 1), "must be float"),
        (torch.zeros(2, 3, 4, 4, dtype=torch.uint8), slice(0, 1), "must be float"),
        (torch.rand(0, 3, 4, 4), slice(0, 0), "must be float"),
        (torch.rand(2, 3, 4, 4), slice(1, 1), "keeps no frames"),
    ],
)
def test_windows_that_do_not_fit_are_refused(
    restorer: Make, frames: Tensor, core: slice, message: str
) -> None:
    with pytest.raises(ClipError, match=message):
        restorer().window(frames, (), core)


def test_a_change_of_size_is_refused(restorer: Make) -> None:
    with pytest.raises(ClipError, match="Frame 1 is 5x4, the frames before it are 4x4"):
        list(restorer().stream([torch.rand(3, 4, 4), torch.rand(3, 4, 5)]))


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "99", "128"])
def test_missing_devices_are_refused(network: RealBasicVSR, device: str) -> None:
    with pytest.raises(SettingsError, match="device"):
        Restorer(network, device=device)


@pytest.mark.parametrize(
    "frame", [torch.zeros(3, 4, 4, dtype=torch.uint8), torch.rand(4, 4), torch.rand(1, 4, 4)]
)
def test_frames_of_another_kind_are_refused(restorer: Make, frame: Tensor) -> None:
    with pytest.raises(ClipError, match=r"must be float \(3, H, W\)"):
        list(restorer().stream([frame]))


def test_the_kind_of_float_and_the_layout_in_memory_do_not_matter(restorer: Make, clip: Clip) -> None:
    engine, frames = restorer(), clip(3)
    expected = streamed(engine, frames)
    assert torch.equal(streamed(engine, frames.double()), expected)
    assert torch.equal(streamed(engine, frames.transpose(2, 3).contiguous().transpose(2, 3)), expected)
    assert torch.equal(streamed(engine, frames.clone().requires_grad_()), expected)
    assert (streamed(engine, frames.half()) - expected).abs().max() < 5e-3


def test_values_outside_the_range_are_clamped_first(restorer: Make, clip: Clip) -> None:
    frames = clip(3)
    assert torch.equal(
        streamed(restorer(), frames * 3 - 1), streamed(restorer(), (frames * 3 - 1).clamp(0, 1))
    )


@pytest.mark.parametrize(("batch", "at_once"), [(3, 8), (4, 2), (2, 5)])
@pytest.mark.parametrize("rows", [20, 8])
def test_batches_give_what_single_frames_give(
    restorer: Make, clip: Clip, monkeypatch: pytest.MonkeyPatch, batch: int, at_once: int, rows: int
) -> None:
    """What a GPU does, done on the CPU."""
    frames, cuts = clip(13), (4, 9)
    told: list[list[int]] = [[], []]
    residues: list[float] = []
    once = restorer(refine=255.0)
    list(once.stream(frames, on_cleaned=lambda _, cleaned: residues.append(cleaned.residue)))
    refine = sorted(residues)[6]
    one = restorer(window=5, margin=2, refine=refine, max_passes=4)
    expected = list(one.stream(frames, cuts, on_cleaned=lambda _, cleaned: told[0].append(cleaned.passes)))
    assert len(set(told[0])) > 1  # some frames of a batch go on, some do not
    many = restorer(window=5, margin=2, refine=refine, max_passes=4)
    monkeypatch.setattr(Restorer, "at_once", at_once)
    many._steps._plans[20, 28] = Plan(rows, rows, True, 20, batch)
    restored = list(many.stream(frames, cuts, on_cleaned=lambda _, cleaned: told[1].append(cleaned.passes)))
    torch.testing.assert_close(torch.stack(restored), torch.stack(expected), rtol=0, atol=1e-5)
    assert told[0] == told[1]


def test_strengths_in_a_row_are_those_of_restorers_of_their_own(restorer: Make, clip: Clip) -> None:
    frames, window = clip(7), Window(1, 3, 5, 7)
    strengths = (0.0, 0.3, 1.0)
    made = list(
        Neighbours(restorer(strength=0.9)).restore(window, frames.__getitem__, (), strengths=strengths)
    )
    assert len(made) == 6
    for place, strength in enumerate(strengths):
        alone = list(Neighbours(restorer(strength=strength)).restore(window, frames.__getitem__, ()))
        for (cleaned, picture), (alone_cleaned, alone_picture) in zip(made[place::3], alone, strict=True):
            assert torch.equal(picture, alone_picture)
            assert torch.equal(cleaned.picture, alone_cleaned.picture)


def test_overflow_between_two_strengths_is_redone_from_there(
    restorer: Make, clip: Clip, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a frame whose second picture overflows, the first is not given twice."""
    frames, window = clip(4), Window(0, 1, 4, 4)
    strengths = (0.2, 0.6, 1.0)
    half = restorer(precision="bf16")
    reconstruct, done = Steps.reconstruct, 0

    def overflowing(steps: Steps, *args: Any, **kwargs: Any) -> Reconstruction:
        nonlocal done
        made = reconstruct(steps, *args, **kwargs)
        if steps.dtype == torch.float32:
            return made
        done += 1
        return replace(made, extremes=made.extremes / 0) if done == 5 else made

    monkeypatch.setattr(Steps, "reconstruct", overflowing)
    pictures = [p for _, p in Neighbours(half).restore(window, frames.__getitem__, (), strengths=strengths)]
    assert len(caplog.records) == 1
    assert "frames 2 to 3" in caplog.text
    exact = [
        p for _, p in Neighbours(restorer()).restore(window, frames.__getitem__, (), strengths=strengths)
    ]
    assert len(pictures) == len(exact) == 9
    for ours, fp32 in zip(pictures, exact, strict=True):
        torch.testing.assert_close(ours, fp32, rtol=0, atol=0.05)
    apart = [float((exact[i] - exact[i + 1]).abs().max()) for i in (0, 1, 3, 4, 6, 7)]
    assert min(apart) > 0.0
