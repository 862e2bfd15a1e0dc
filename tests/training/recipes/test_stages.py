"""The recipe's stage files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import training.recipes.default
from training.configuration import read_stage
from training.degradation.old.parameters import Chroma, Composite, Disc, Grain, Halo, Tape
from training.degradation.sample import Degradation
from training.model.initial import initial_network
from vsrealbasicvsr.network import RealBasicVSR

FOLDER = Path(training.recipes.default.__file__).parent


@pytest.mark.parametrize("machine", ["cpu.toml", "gpu.toml"])
def test_stage_1_is_fidelity_and_stage_2_texture_on_every_machine(machine: str) -> None:
    first, second = (
        read_stage([FOLDER / name for name in (*names, machine)])
        for names in (("stage1.toml",), ("stage2.toml", "web.toml"))
    )
    assert (first.losses.perceptual, first.losses.adversarial) == (None, None)
    assert second.losses.perceptual is not None
    assert second.losses.perceptual.backbone == "vgg16"
    assert second.losses.adversarial is not None
    assert second.losses.adversarial.weight < 0.05
    assert (first.optimizer.learning_rate, second.optimizer.learning_rate) == (1e-4, 5e-5)
    assert {stage.optimizer.schedule for stage in (first, second)} == {"cosine"}
    for stage in (first, second):
        Degradation(stage.degradation, stage.data.low_size, stage.data.low_size)  # refuses wrong ranges


def test_the_cleaning_stage_leaves_all_of_basicvsrs_blocks_as_they_are() -> None:
    stage = read_stage([FOLDER / "cleaning.toml"])
    assert stage.cleaning is not None
    assert stage.network.propagation_blocks == 30
    assert stage.cleaning.passes == stage.network.max_passes == 3
    assert stage.batch >= 16
    assert 64 <= stage.data.low_size <= 96


def test_enlarging_learns_on_frames_of_a_fixed_cleaning_and_then_all_parts_learn_together() -> None:
    files = [FOLDER / name for name in ("enlarging.toml", "web.toml", "damage.toml")]
    enlarging = read_stage(files)
    together = read_stage([files[0], FOLDER / "together.toml", *files[1:]])
    assert (enlarging.network.cleaning, together.network.cleaning) == ("fixed", "trained")
    assert enlarging.network.propagation_blocks == together.network.propagation_blocks == 30
    assert 10 <= enlarging.data.frames <= 15
    assert enlarging.losses.judges_features
    assert together.network.refinement_threshold == 255  # one pass, as in the paper
    assert together.iterations < enlarging.iterations


@pytest.mark.parametrize("name", ["stage1.toml", "stage2.toml", "cleaning.toml", "enlarging.toml"])
def test_damage_can_be_given_after_every_stage_and_machine(name: str) -> None:
    plain = read_stage([FOLDER / name, FOLDER / "cpu.toml"])
    stage = read_stage([FOLDER / name, FOLDER / "cpu.toml", FOLDER / "damage.toml"])
    assert replace(stage, degradation=plain.degradation) == plain
    assert stage.degradation.first == plain.degradation.first
    degradation = Degradation(stage.degradation, 16, 16)
    drawn = [degradation.sample(np.random.default_rng(seed), 2).operations for seed in range(300)]
    kinds = [{type(operation) for operation in operations} for operations in drawn]
    assert {Grain, Halo, Composite, Tape, Chroma, Disc} <= set().union(*kinds)
    assert sum(len(operations) <= 2 for operations in drawn) / 300 == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("blocks", [20, 30])
def test_the_network_begins_as_basicvsr_whose_frames_are_cleaned_by_nothing(
    blocks: int, tmp_path: Path
) -> None:
    """All 30 blocks compute what BasicVSR does; 20 of them are the ends of its trunks."""
    torch.manual_seed(0)
    source = RealBasicVSR(8, 30, 0)
    torch.save(source.state_dict(), tmp_path / "basicvsr.pth")
    settings = [f"network.init={tmp_path / 'basicvsr.pth'}", "network.mid_channels=8"]
    stage = read_stage([FOLDER / "stage1.toml"], [*settings, f"network.propagation_blocks={blocks}"])
    network = initial_network(stage.network, stage.seed, average=False)
    frames = torch.rand(1, 2, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(network.clean(frames), frames)
        assert torch.equal(network(frames), source(frames)) == (blocks == 30)
    own, known = network.basicvsr.state_dict(), source.basicvsr.state_dict()
    for place in range(blocks):
        key = "backward_resblocks.main.2.{}.conv2.weight"
        block = place if place < blocks // 2 else place + 30 - blocks
        assert torch.equal(own[key.format(place)], known[key.format(block)])
