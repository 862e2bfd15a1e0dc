from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.training.data.fakes import Damaged, Noise, Ramp
from training.data.clips import Clip
from training.data.options import DataOptions
from training.data.samples import Sample, TrainingClips, collate, mirrored
from training.degradation.apply import apply
from training.degradation.options import DegradationOptions
from training.degradation.sharpen import sharpen
from training.errors import TrainingError

SMALL = DataOptions(low_size=16, frames=4, workers=0)
QUICK = replace(SMALL, degrade="device")


def make(
    clips: Sequence[Clip], data: DataOptions = QUICK, *, seed: int = 0, sharpened: bool = True
) -> TrainingClips:
    return TrainingClips(clips, data, DegradationOptions(sharpen=sharpened), seed)


def noises(count: int) -> list[Noise]:
    return [Noise(f"{number:03}") for number in range(count)]


def same(a: Sample, b: Sample) -> bool:
    tensors = [(a.truth, b.truth), (a.sharpened, b.sharpened), (a.low, b.low)]
    rest = (a.parameters, a.name, a.damaged) == (b.parameters, b.name, b.damaged)
    return rest and all(x is y or (x is not None and y is not None and torch.equal(x, y)) for x, y in tensors)


def pixels(tensor: Tensor) -> NDArray[np.uint8]:
    return tensor.permute(0, 2, 3, 1).numpy()


def test_a_sample_depends_on_seed_and_position_alone() -> None:
    here, there = make(noises(5), SMALL), make(noises(5), SMALL)
    forwards = [here[position] for position in range(8)]
    np.random.seed(3)
    torch.manual_seed(3)
    backwards = [there[position] for position in reversed(range(8))]
    assert all(map(same, forwards, reversed(backwards)))
    assert same(pickle.loads(pickle.dumps(here))[6], forwards[6])


def test_no_two_samples_are_alike() -> None:
    many = [make(noises(3), seed=seed)[position] for seed, position in product((0, 1, 2**40), range(10))]
    assert len({sample.truth.numpy().tobytes() for sample in many}) == len(many)
    assert len({sample.parameters for sample in many}) == len(many)


def test_global_random_numbers_are_left_alone() -> None:
    np.random.seed(5)
    torch.manual_seed(5)
    expected = np.random.random(), torch.rand(1)
    np.random.seed(5)
    torch.manual_seed(5)
    make(noises(2), SMALL)[0]
    assert (np.random.random(), torch.rand(1)) == expected


def test_every_clip_comes_once_an_epoch_in_an_order_that_changes() -> None:
    clips = make(noises(6))
    orders = [tuple(clips[6 * epoch + place].name for place in range(6)) for epoch in range(5)]
    assert all(len(set(order)) == 6 for order in orders)
    assert len(set(orders)) > 1


def test_all_eight_orientations_come_equally_often() -> None:
    clips = make([Ramp()])
    (plain,) = {Ramp().take(np.random.default_rng(), 2, 64).tobytes()}
    frames = np.frombuffer(plain, np.uint8).reshape(2, 64, 64, 3)
    orientations = {
        np.ascontiguousarray(np.rot90(side, turns, (1, 2))).tobytes()
        for side in (frames, frames[:, :, ::-1])
        for turns in range(4)
    }
    counts = Counter(pixels(clips[position].truth).tobytes() for position in range(480))
    assert set(counts) == orientations
    assert sum((count - 60) ** 2 / 60 for count in counts.values()) < 24.3  # 7 degrees of freedom, 0.1 %


@pytest.mark.parametrize(("flips", "transpose", "orientations"), [(False, False, 1), (True, False, 4)])
def test_flips_and_transposing_can_be_turned_off(flips: bool, transpose: bool, orientations: int) -> None:
    clips = make([Ramp()], replace(QUICK, flips=flips, transpose=transpose))
    assert len({clips[position].truth.numpy().tobytes() for position in range(60)}) == orientations


def test_a_sample_has_distinct_frames_and_low_ones_for_all() -> None:
    sample = make(noises(1), SMALL)[0]
    assert sample.sharpened is not None
    assert sample.low is not None
    assert (sample.truth.dtype, sample.truth.shape) == (torch.uint8, (2, 3, 64, 64))
    assert (sample.sharpened.dtype, sample.sharpened.shape) == (torch.float32, (2, 3, 64, 64))
    assert (sample.low.dtype, sample.low.shape) == (torch.uint8, (4, 3, 16, 16))
    assert sample.parameters.frames == 4


@pytest.mark.parametrize("mirror", [True, False])
def test_the_mirrored_sharpened_clip_is_degraded_as_one(mirror: bool) -> None:
    data = replace(SMALL, mirror=mirror)
    for position in range(3):
        sample = make([Ramp()], data)[position]
        frames = [sharpen((frame / 255).astype(np.float32)) for frame in pixels(sample.truth)]
        whole = frames + frames[::-1] if mirror else frames
        assert sample.sharpened is not None
        assert sample.low is not None
        np.testing.assert_allclose(pixels(sample.sharpened), frames, atol=1e-6)
        np.testing.assert_array_equal(pixels(sample.low), apply(np.stack(whole), sample.parameters))


def test_without_sharpening_the_target_is_the_truth() -> None:
    sample = make(noises(1), SMALL, sharpened=False)[0]
    assert sample.sharpened is not None
    torch.testing.assert_close(sample.sharpened, sample.truth.float() / 255, atol=0, rtol=0)


def test_the_device_gets_the_parameters_that_a_worker_would_have_used() -> None:
    here, there = make(noises(3), SMALL)[7], make(noises(3), QUICK)[7]
    assert there.sharpened is None
    assert there.low is None
    assert torch.equal(here.truth, there.truth)
    assert here.parameters == there.parameters


def test_another_clip_stands_in_for_a_damaged_one() -> None:
    clips = make([Damaged("broken"), *noises(3)])
    again = make([Damaged("broken"), *noises(3)])
    samples = [clips[position] for position in range(40)]
    noted = [sample for sample in samples if sample.damaged]
    assert {message for sample in noted for message in sample.damaged} == {"broken/00000007.png is damaged."}
    assert len(noted) >= 10
    assert len({sample.name for sample in noted}) == 3
    assert all(same(sample, again[position]) for position, sample in enumerate(samples))


def test_ten_damaged_clips_in_a_row_end_the_training() -> None:
    with pytest.raises(TrainingError, match=r"10 clips in a row .* one/00000007\.png is damaged\.$"):
        make([Damaged("one")])[0]


def test_no_clips_are_refused() -> None:
    with pytest.raises(TrainingError, match="no clips"):
        make([])


@pytest.mark.parametrize("data", [SMALL, QUICK])
def test_a_batch_stacks_its_samples(data: DataOptions) -> None:
    clips = make([Damaged("broken"), *noises(2)], data)
    samples = [clips[position] for position in range(3)]
    batch = collate(samples)
    for number, sample in enumerate(samples):
        assert torch.equal(batch.truth[number], sample.truth)
        assert batch.parameters[number] == sample.parameters
        for whole, part in ((batch.sharpened, sample.sharpened), (batch.low, sample.low)):
            assert (whole is None and part is None) or torch.equal(whole[number], part)  # type: ignore[index,arg-type] # both or neither
    assert batch.damaged == ("broken/00000007.png is damaged.",)


def test_frames_are_mirrored_along_a_dimension() -> None:
    frames = torch.arange(6).view(2, 3)
    assert mirrored(frames, dim=1).tolist() == [[0, 1, 2, 2, 1, 0], [3, 4, 5, 5, 4, 3]]
    assert mirrored(frames).tolist() == [[0, 1, 2], [3, 4, 5], [3, 4, 5], [0, 1, 2]]
