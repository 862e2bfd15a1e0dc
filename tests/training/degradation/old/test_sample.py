"""What is drawn of old damage: nothing unless asked for, then with its probabilities, ranges and steps."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.degradation.apply import apply
from training.degradation.old.options import OldOptions
from training.degradation.old.parameters import Chroma, Composite, Disc, Grain, Halo, Tape
from training.degradation.options import DegradationOptions
from training.degradation.parameters import Compression, Noise, Operation, Parameters, Resize, ResizeTo
from training.degradation.sample import Degradation
from training.errors import TrainingError
from training.options import build
from training.tools.degrade import read_parameters, write_parameters

KINDS = {"grain": Grain, "halo": Halo, "composite": Composite, "tape": Tape, "chroma": Chroma, "disc": Disc}
ALWAYS: dict[str, Any] = {name: {"probability": 1.0} for name in (*KINDS, "web")}


def drawn(seed: int, frames: int = 12, **options: Any) -> Parameters:
    degradation = Degradation(build(DegradationOptions, options), 16, 24)
    return degradation.sample(np.random.default_rng(seed), frames)


def kinds(parameters: Parameters) -> list[type[Operation]]:
    return [type(operation) for operation in parameters.operations]


def test_what_has_a_probability_of_0_leaves_all_other_draws_as_they_were() -> None:
    other: dict[str, Any] = {
        "clean_compression": {"crf": [1, 2]}, "old": {"web": {"crf": [1, 2]}, "tape": {"luma": {"low": 0.1}}},
    }  # fmt: skip
    for seed in range(50):
        assert drawn(seed, **other) == drawn(seed)


def test_film_comes_before_the_first_noise_and_recordings_after_the_first_compression() -> None:
    found = kinds(drawn(0, old=ALWAYS))
    assert found[found.index(Resize) + 1 : found.index(Noise)] == [Grain, Halo]
    place = found.index(Compression)
    assert found[place + 1 : place + 7] == [ResizeTo, Composite, Tape, Chroma, Disc, Compression]


def test_all_that_the_released_configuration_draws_is_still_drawn() -> None:
    old = [*KINDS.values(), ResizeTo, Compression]
    for seed in range(20):
        released, own = kinds(drawn(seed)), kinds(drawn(seed, old=ALWAYS))
        for kind in {*released} - {*old}:
            assert abs(own.count(kind) - released.count(kind)) <= 1  # the second blur is a matter of chance


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_its_probability(name: str) -> None:
    many = [drawn(seed, frames=1, old={name: {"probability": 0.3}}) for seed in range(600)]
    share = sum(KINDS[name] in kinds(parameters) for parameters in many) / len(many)
    assert share == pytest.approx(0.3, abs=0.07)
    others = {*KINDS.values()} - {KINDS[name]}
    assert not any(others.intersection(kinds(parameters)) for parameters in many)


def test_web_codecs_are_those_of_the_option_at_constant_quality() -> None:
    web = {"probability": 1.0, "codecs": ["flv1", "h263p"], "crf": [30, 33]}
    for seed in range(30):
        found = drawn(seed, old={"web": web}).operations
        (compression,) = [op for op in found if isinstance(op, Compression) and op.crf is not None]
        assert compression.codec in ("flv1", "h263p")
        assert compression.crf in (30, 31, 32, 33)


def test_a_recording_has_a_multiple_of_the_low_size() -> None:
    sizes = set()
    for seed in range(60):
        operations = drawn(seed, frames=1, old={"tape": {"probability": 1.0}}).operations
        place = next(place for place, operation in enumerate(operations) if isinstance(operation, Tape))
        size = operations[place - 1]
        assert isinstance(size, ResizeTo)
        assert 16 <= size.height <= 24
        assert size.height % 2 == size.width % 2 == 0
        assert 1.3 < size.width / size.height < 1.7
        sizes.add(size.height)
    assert sizes == {16, 18, 20, 22}


@pytest.mark.parametrize("name", KINDS)
def test_values_walk_within_their_ranges_by_their_steps(name: str) -> None:
    options = getattr(OldOptions(), name)
    for seed in range(40):
        found = next(op for op in drawn(seed, old=ALWAYS).operations if isinstance(op, KINDS[name]))
        for item in fields(found):
            values = getattr(found, item.name)
            if not isinstance(values, tuple):
                continue
            bounds = getattr(options, item.name)
            assert len(values) == 12
            assert bounds.low <= min(values) <= max(values) <= bounds.high
            assert 0 < max(abs(b - a) for a, b in pairwise(values)) <= bounds.step + 1e-9


def test_the_conventional_scheme_holds_what_was_drawn() -> None:
    for operation in drawn(1, old=ALWAYS, random_walk=False).operations:
        assert all(len(set(v)) == 1 for v in asdict(operation).values() if isinstance(v, tuple))


def test_drawn_choices_have_their_shares() -> None:
    many = [drawn(seed, frames=1, old=ALWAYS).operations for seed in range(500)]
    discs = [operation for found in many for operation in found if isinstance(operation, Disc)]
    composites = [operation for found in many for operation in found if isinstance(operation, Composite)]
    interlaced = [disc.fields for disc in discs if disc.fields != "none"]
    assert len(interlaced) / len(discs) == pytest.approx(0.35, abs=0.08)
    assert interlaced.count("blend") / len(interlaced) == pytest.approx(0.4, abs=0.12)
    assert {disc.quantizer for disc in discs} == set(range(2, 11))
    assert {disc.lower_first for disc in discs} == {False, True}
    ntsc = sum(composite.standard == "ntsc" for composite in composites)
    assert ntsc / len(composites) == pytest.approx(0.5, abs=0.08)
    assert {composite.start for composite in composites} == {0, 1, 2, 3}
    assert all(0.24 <= composite.subcarrier <= 0.35 for composite in composites)


def test_nearly_clean_samples_have_their_share_and_are_reduced_and_lightly_compressed() -> None:
    many = [drawn(seed, frames=1, clean=0.25, old=ALWAYS) for seed in range(800)]
    clean = [parameters.operations for parameters in many if len(parameters.operations) <= 2]
    assert len(clean) / len(many) == pytest.approx(0.25, abs=0.05)
    filters = set()
    for size, *rest in clean:
        assert isinstance(size, ResizeTo)
        assert (size.height, size.width) == (16, 24)
        filters.add(size.filter)
        assert all(isinstance(op, Compression) and op.codec == "libx264" for op in rest)
        assert all(isinstance(op, Compression) and op.crf in range(15, 24) for op in rest)
    assert filters == {"area", "antialiased"}
    compressed = sum(len(operations) == 2 for operations in clean)
    assert compressed / len(clean) == pytest.approx(0.7, abs=0.1)


def test_parameters_go_to_json_and_back(tmp_path: Path) -> None:
    for seed in range(6):
        parameters = drawn(seed, old=ALWAYS)
        write_parameters(tmp_path / "parameters.json", parameters, {})
        assert read_parameters(tmp_path / "parameters.json") == parameters
        json.dumps(asdict(parameters))


def test_whole_chains_never_fail_and_come_out_the_same_again() -> None:
    rng = np.random.default_rng(0)
    clip = np.repeat(np.repeat(rng.random((3, 8, 12, 3), np.float32), 8, axis=1), 8, axis=2)
    for seed in range(40):
        parameters = drawn(seed, frames=3, old={name: {"probability": 0.5} for name in ALWAYS})
        made = apply(clip, parameters)
        assert made.shape == (3, 16, 24, 3), parameters
        assert np.array_equal(made, apply(clip, parameters)), parameters


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clean": 1.5}, "clean is a probability from 0 to 1"),
        ({"clean_compression": {"crf": [30, 20]}}, "clean_compression.crf must go from 0 or more"),
        ({"old": {"grain": {"probability": -1}}}, "old.grain.probability is a probability"),
        ({"old": {"grain": {"colour": [0.5, 0.2]}}}, "old.grain.colour must go from 0 or more"),
        ({"old": {"halo": {"radius": {"low": -1}}}}, "old.halo.radius must lie between 0 and 50"),
        ({"old": {"composite": {"subcarrier": [0.2, 0.6]}}}, "old.composite.subcarrier must go from 0.05"),
        ({"old": {"composite": {"notch": {"high": 2}}}}, "old.composite.notch must lie between 0 and 1"),
        ({"old": {"tape": {"luma": {"low": 0}}}}, "old.tape.luma must lie between 0.005 and 2"),
        ({"old": {"chroma": {"ratios": []}}}, "old.chroma.ratios must name at least one"),
        ({"old": {"disc": {"quantizer": [0, 3]}}}, "old.disc.quantizer must go from 1 or more"),
        ({"old": {"disc": {"residue": {"high": 2}}}}, "old.disc.residue must lie between 0 and 1"),
        ({"old": {"web": {"crf": [10, 60]}}}, "old.web.crf must go from 0 or more to a higher one, 51"),
        ({"old": {"scale": {"low": 0}}}, "old.scale must lie between 0.1 and 16"),
        ({"old": {"chroma": {"ratios": ["4:2:2"]}}}, "must be one of"),
    ],
)
def test_ranges_without_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        drawn(0, **options)
    assert said in str(refusal.value)
