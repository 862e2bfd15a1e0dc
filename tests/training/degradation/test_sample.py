"""What is drawn: reproducible, in its ranges, with the probabilities of the released configuration."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from training.degradation.options import DegradationOptions
from training.degradation.parameters import (
    Blur,
    Compression,
    Jpeg,
    Noise,
    Operation,
    Parameters,
    Resize,
    ResizeTo,
)
from training.degradation.resize import even_size
from training.degradation.sample import Degradation
from training.errors import TrainingError
from training.options import build

RELEASED = Degradation(DegradationOptions(), 64, 64)


def drawn(seed: int, **options: Any) -> Parameters:
    """For thirty frames, with options as a configuration's table has them."""
    degradation = Degradation(build(DegradationOptions, options), 64, 64)
    return degradation.sample(np.random.default_rng(seed), 30)


@pytest.fixture(scope="module")
def many() -> list[Parameters]:
    return [RELEASED.sample(np.random.default_rng(seed), 3) for seed in range(2500)]


def kinds(parameters: Parameters) -> list[type[Operation]]:
    return [type(operation) for operation in parameters.operations]


def of[T](many: list[Parameters], kind: type[T], index: int = 0) -> list[T]:
    """The index-th operation of a kind in each of them that has it."""
    found = ([op for op in p.operations if isinstance(op, kind)] for p in many)
    return [operations[index] for operations in found if len(operations) > index]


def share(values: list[Any], wanted: Any) -> float:
    return values.count(wanted) / len(values)


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_parameters_are_printable_and_travel() -> None:
    parameters = drawn(3)
    assert pickle.loads(pickle.dumps(parameters)) == parameters
    assert "Jpeg(quality=(" in repr(parameters)
    json.dumps(asdict(parameters))


def test_the_chain_is_that_of_the_released_configuration(many: list[Parameters]) -> None:
    first = [Blur, Resize, Noise, Jpeg, Compression]
    for parameters in many:
        found = kinds(parameters)
        assert found[:5] == first
        rest = found[6:] if found[5] is Blur else found[5:]
        assert rest[:3] == [Resize, Noise, Jpeg]
        assert rest[3:] in (
            [Compression, ResizeTo, Blur], [Compression, ResizeTo], [ResizeTo, Blur, Compression],
            [ResizeTo, Compression],
        )  # fmt: skip


def test_probabilities_are_those_of_the_released_configuration(many: list[Parameters]) -> None:
    blurs, resizes, noises = of(many, Blur), of(many, Resize), of(many, Noise)
    for kind, probability in DegradationOptions().first.blur.kinds.items():
        assert share([blur.kind for blur in blurs], kind) == pytest.approx(probability, abs=0.03), kind
    starts = [resize.scale[0] for resize in resizes]
    assert sum(s > 1 for s in starts) / len(starts) == pytest.approx(0.2, abs=0.03)
    assert sum(s < 1 for s in starts) / len(starts) == pytest.approx(0.7, abs=0.03)
    assert share([noise.kind for noise in noises], "gaussian") == pytest.approx(0.5, abs=0.03)
    assert share([noise.grey for noise in noises], True) == pytest.approx(0.4, abs=0.03)
    for codec in ("libx264", "h264", "mpeg4"):
        codecs = [compression.codec for compression in of(many, Compression)]
        assert share(codecs, codec) == pytest.approx(1 / 3, abs=0.03)
    second = [kinds(parameters)[5] is Blur for parameters in many]
    assert share(second, True) == pytest.approx(0.8, abs=0.03)
    last = [kinds(parameters)[-1] is Compression for parameters in many]
    assert share(last, True) == pytest.approx(0.5, abs=0.03)


def test_ranges_are_those_of_the_released_configuration(many: list[Parameters]) -> None:
    def extremes(values: list[float]) -> tuple[float, float]:
        return min(values), max(values)

    def near(values: list[float], low: float, high: float) -> None:
        found = extremes(values)
        assert low <= found[0] <= low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) <= found[1] <= high

    near([blur.sigma_x[0] for blur in of(many, Blur)], 0.2, 3.0)
    near([blur.angle[0] for blur in of(many, Blur)], -3.1416, 3.1416)
    near([resize.scale[0] for resize in of(many, Resize)], 0.15, 1.5)
    near([resize.scale[0] for resize in of(many, Resize, 1)], 0.3, 1.2)
    near([n.strength[0] for n in of(many, Noise) if n.kind == "gaussian"], 1, 30)
    near([n.strength[0] for n in of(many, Noise) if n.kind == "poisson"], 0.05, 3)
    near([n.strength[0] for n in of(many, Noise, 1) if n.kind == "gaussian"], 1, 25)
    near([float(jpeg.quality[0]) for jpeg in of(many, Jpeg)], 30, 95)
    near([float(c.bit_rate) for c in of(many, Compression)], 10_000, 100_000)
    sincs = [blur for blur in of(many, Blur) if blur.kind == "sinc"]
    near([b.cutoff[0] for b in sincs if b.size < 13], math.pi / 3, math.pi)
    near([b.cutoff[0] for b in sincs if b.size >= 13], math.pi / 5, math.pi)


def test_walked_parameters_keep_to_their_steps() -> None:
    steps = {"sigma_x": 0.02, "sigma_y": 0.02, "angle": 0.31416, "cutoff": 0.0628}
    for seed in range(100):
        parameters = drawn(seed)
        for operation in parameters.operations[:4]:
            match operation:
                case Blur():
                    steps["beta"] = 0.1 if operation.kind.startswith("plateau") else 0.05
                    walks = [(getattr(operation, name), step) for name, step in steps.items()]
                case Resize():
                    walks = [(operation.scale, 0.015)]
                case Noise():
                    walks = [(operation.strength, 0.1 if operation.kind == "gaussian" else 0.005)]
                case Jpeg():
                    assert all(isinstance(quality, int) for quality in operation.quality)
                    walks = [(operation.quality, 3.0)]
            for values, step in walks:
                assert len(values) == 30
                changes = [abs(b - a) for a, b in pairwise(values)]
                assert max(changes) <= step + 1e-9
                assert max(changes) > 0


def test_the_conventional_scheme_draws_once_for_a_clip() -> None:
    for seed in range(50):
        for operation in drawn(seed, random_walk=False).operations:
            for value in asdict(operation).values():
                if isinstance(value, tuple):
                    assert len(set(value)) == 1


def test_independent_draws_change_with_every_frame() -> None:
    for operation in drawn(5, random_walk="independent").operations[:1]:
        assert isinstance(operation, Blur)
        assert len(set(operation.sigma_x)) == 30


def test_independent_scales_stay_in_their_mode() -> None:
    up: dict[str, Any] = {"first": {"resize": {"up": 1, "down": 0, "keep": 0}}, "random_walk": "independent"}
    for seed in range(30):
        (resize, *_) = [op for op in drawn(seed, **up).operations if isinstance(op, Resize)]
        assert all(1 <= scale <= 1.5 for scale in resize.scale)


def test_beta_walks_unless_the_released_quirk_is_asked_for() -> None:
    """The quirk redraws beta between 1 and its walk for each frame: it jumps far more than a step."""
    blur = {"kinds": {"generalized_iso": 1.0}, "beta_gaussian": {"low": 3.0, "high": 4.0}}
    options: dict[str, Any] = {"first": {"blur": blur}}
    walked, jumping = (drawn(7, **options, released_quirks=quirk).operations for quirk in (False, True))
    assert isinstance(walked[0], Blur)
    assert isinstance(jumping[0], Blur)
    assert min(walked[0].beta) >= 3
    assert 1 <= min(jumping[0].beta) < 2
    assert {op.swapped for op in jumping if isinstance(op, Jpeg)} == {True}
    assert {op.wraps for op in jumping if isinstance(op, Compression)} == {True}
    assert {op.wraps for op in walked if isinstance(op, Compression)} == {False}


def test_a_crf_takes_the_place_of_the_bit_rate_and_of_its_draw() -> None:
    option: dict[str, Any] = {"second": {"compression": {"crf": [18, 36]}}}
    found = set()
    for seed in range(200):
        released, own = drawn(seed).operations, drawn(seed, **option).operations
        assert {op.crf for op in released if isinstance(op, Compression)} == {None}
        compressions = [op for op in own if isinstance(op, Compression)]
        assert compressions[0] in released
        assert compressions[1].bit_rate is None
        found.add(compressions[1].crf)
    assert found == set(range(18, 37))


def test_one_round_ends_at_the_low_size() -> None:
    operations = drawn(0, second_order=False).operations
    assert [type(operation) for operation in operations[:6]] == [
        Blur, Resize, Noise, Jpeg, Compression, ResizeTo,
    ]  # fmt: skip


def test_a_probability_of_0_leaves_an_operation_out() -> None:
    never = {"probability": 0.0}
    order = {"blur": never, "resize": never, "noise": never, "jpeg": never, "compression": never}
    parameters = drawn(0, first=order, second=order, final={"sinc_probability": 0.0})
    assert kinds(parameters) == [ResizeTo]


def test_a_cutoff_of_ones_own_walks_too() -> None:
    blur = drawn(0, first={"blur": {"kinds": {"sinc": 1.0}, "cutoff": [1, 2]}}).operations[0]
    assert isinstance(blur, Blur)
    assert 1 <= min(blur.cutoff) < max(blur.cutoff) <= 2
    assert all(0 < abs(b - a) <= 0.0628 for a, b in pairwise(blur.cutoff))


def test_sides_are_rounded_down_to_even_numbers() -> None:
    assert even_size(100, 101, 0.5) == (50, 50)
    assert even_size(99, 37, 0.34) == (32, 12)
    assert even_size(8, 8, 0.15) == (2, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"first": {"blur": {"probability": 1.5}}}, "first.blur.probability is a probability from 0 to 1"),
        ({"second": {"blur": {"sizes": [8]}}}, "second.blur.sizes must be odd numbers from 1 to 101"),
        ({"first": {"blur": {"sizes": []}}}, "first.blur.sizes must name at least one"),
        ({"first": {"blur": {"kinds": {"iso": 0.0}}}}, "first.blur.kinds must be weights"),
        ({"first": {"blur": {"sigma_x": {"low": 0.0}}}}, "first.blur.sigma_x must lie between 0.1 and 100"),
        ({"second": {"blur": {"beta_plateau": {"high": 99}}}}, "blur.beta_plateau must lie between 0.01 and"),
        ({"first": {"blur": {"cutoff": [1, 4]}}}, "first.blur.cutoff must go from 0.001 or more to 3.1416"),
        ({"final": {"sinc_cutoff": {"high": 4}}}, "final.sinc_cutoff must lie between 0.001 and 3.1416"),
        ({"first": {"resize": {"scale": {"low": 0}}}}, "first.resize.scale must lie above 0"),
        ({"first": {"resize": {"scale": {"high": 0.9}}}}, "first.resize.scale must reach"),
        ({"first": {"jpeg": {"quality": {"low": 0}}}}, "first.jpeg.quality must lie between 1 and 100"),
        ({"first": {"noise": {"sigma": {"low": -1}}}}, "first.noise.sigma must be 0 or more"),
        ({"second": {"compression": {"bit_rate": [5000, 2000]}}}, "bit_rate must go from 1000 or more"),
        ({"first": {"compression": {"bit_rate": [999, 2000]}}}, "first.compression.bit_rate must go from"),
        ({"first": {"compression": {"crf": [20, 52]}}}, "first.compression.crf must go from 0 or more"),
        ({"second": {"compression": {"crf": [30, 20]}}}, "51 at most, not from 30 to 20"),
        ({"final": {"resize_first": -0.1}}, "final.resize_first is a probability"),
    ],
)
def test_ranges_without_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        drawn(0, **options)
    assert said in str(refusal.value)
