"""Checkpoints hold everything, are written whole, and are refused when they do not fit."""

from __future__ import annotations

import copy
import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.conftest import ALONE
from training.checkpoint import BEST, Checkpoints, restore
from training.configuration import written
from training.errors import TrainingError
from training.stage import Stage
from training.state import State, initial_state
from training.update.objective import Clips, Objective
from training.update.step import Step
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.network import load


@pytest.fixture
def trained(adversarial_stage: Stage, make_clips: Callable[..., Clips]) -> State:
    """A state with optimiser moments in it."""
    state = initial_state(adversarial_stage, ALONE.device)
    step = Step(adversarial_stage, state, Objective(adversarial_stage.losses, None), ALONE)
    for state.iteration in (1, 2):
        step([make_clips(state.iteration)])
    state.skipped, state.damaged, state.best, state.gradient_ratio = 3, 4, 27.5, 0.1 + 0.2
    return state


def tensors(state: State) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for name in ("network", "average", "discriminator"):
        found |= {f"{name}.{key}": tensor for key, tensor in getattr(state, name).state_dict().items()}
    for name in ("optimizer", "discriminator_optimizer"):
        for index, moments in getattr(state, name).state_dict()["state"].items():
            found |= {f"{name}.{index}.{key}": value for key, value in moments.items()}
    return found


def test_what_is_restored_is_equal_to_the_bit(
    trained: State, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path, 3).write(trained, written(adversarial_stage))
    fresh = initial_state(replace(adversarial_stage, seed=9), ALONE.device)
    assert restore(fresh, path) == written(adversarial_stage)
    assert (fresh.iteration, fresh.skipped, fresh.damaged, fresh.best) == (2, 3, 4, 27.5)
    assert fresh.gradient_ratio == trained.gradient_ratio
    wanted, found = tensors(trained), tensors(fresh)
    assert wanted.keys() == found.keys()
    assert all(torch.equal(found[key], tensor) for key, tensor in wanted.items())


def test_a_checkpoint_from_before_there_was_a_share_resumes(
    trained: State, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path, 3).write(trained, "")
    content = torch.load(path, weights_only=True)
    del content["meta"]["gradient_ratio"]
    torch.save(content, path)
    fresh = initial_state(adversarial_stage, ALONE.device)
    restore(fresh, path)
    assert (fresh.iteration, fresh.gradient_ratio) == (2, None)


def test_optimisers_keep_the_options_of_the_configuration(
    trained: State, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path, 3).write(trained, written(adversarial_stage))
    options = replace(adversarial_stage.optimizer, betas=(0.5, 0.9))
    fresh = initial_state(replace(adversarial_stage, optimizer=options), ALONE.device)
    restore(fresh, path)
    assert fresh.discriminator_optimizer is not None
    for optimizer in (fresh.optimizer, fresh.discriminator_optimizer):
        assert [group["betas"] for group in optimizer.param_groups] == [(0.5, 0.9)]


def test_the_filter_loads_a_checkpoint_and_takes_the_average(trained: State, tmp_path: Path) -> None:
    network = load(Checkpoints(tmp_path, 3).write(trained, ""))
    wanted = trained.average.state_dict()
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in network.state_dict().items())


def test_names_are_those_of_the_authors_checkpoints(trained: State, tmp_path: Path) -> None:
    saved = torch.load(Checkpoints(tmp_path, 3).write(trained, ""), weights_only=True)
    prefixes = {key.partition(".")[0] for key in saved["state_dict"]}
    assert prefixes == {"generator", "generator_ema", "discriminator"}
    assert "generator.image_cleaning.0.main.2.0.conv1.weight" in saved["state_dict"]
    assert "discriminator.conv_1.weight_orig" in saved["state_dict"]


def test_the_newest_and_the_best_are_kept(trained: State, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 2)
    for iteration in (10, 20, 30, 40):
        trained.iteration = iteration
        checkpoints.write(trained, "", best=iteration == 20)
    assert [path.name for path in checkpoints.all()] == ["iteration_00000030.pth", "iteration_00000040.pth"]
    assert torch.load(tmp_path / BEST, weights_only=True)["meta"]["iteration"] == 20
    assert not list(tmp_path.glob("*.partial*"))


def test_a_full_disk_leaves_the_checkpoint_before(
    trained: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/full answers every write as a full disk does."""
    checkpoints = Checkpoints(tmp_path, 3)
    first = checkpoints.write(trained, "")
    before = first.read_bytes()
    trained.iteration = 3
    partial = tmp_path / ".iteration_00000003.partial.pth"
    partial.symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"iteration_00000003\.pth cannot be written: "):
        checkpoints.write(trained, "")
    assert checkpoints.all() == [first]
    assert first.read_bytes() == before
    assert not partial.is_symlink()


def test_a_failure_while_saving_never_touches_what_is_there(
    trained: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path, 1)
    first = checkpoints.write(trained, "")
    trained.iteration = 3
    monkeypatch.setattr(
        "vsrealbasicvsr.files.os.fsync",
        lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")),
    )
    with pytest.raises(TrainingError, match="No space left on device"):
        checkpoints.write(trained, "")
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


def test_a_checkpoint_of_another_shape_is_refused(
    trained: State, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path / "run" / "checkpoints", 3).write(trained, "")
    wider = replace(adversarial_stage, network=replace(adversarial_stage.network, mid_channels=16))
    with pytest.raises(TrainingError, match=r"generator of another shape.*stage\.toml"):
        restore(initial_state(wider, ALONE.device), path)


def test_a_stage_1_checkpoint_does_not_resume_stage_2(
    stage: Stage, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path, 3).write(initial_state(stage, ALONE.device), "")
    with pytest.raises(TrainingError, match=r"discriminator of another shape.*network\.init"):
        restore(initial_state(adversarial_stage, ALONE.device), path)


def test_other_files_are_refused(stage: Stage, trained: State, tmp_path: Path) -> None:
    state = initial_state(stage, ALONE.device)
    plain = tmp_path / "plain.pth"
    torch.save(trained.network.state_dict(), plain)
    with pytest.raises(TrainingError, match="no checkpoint of a training run"):
        restore(state, plain)
    whole = Checkpoints(tmp_path, 3).write(trained, "")
    cut = tmp_path / "cut.pth"
    cut.write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(WeightsError, match="damaged or cut off"):
        restore(state, cut)


def test_a_discriminator_can_be_started_from_a_checkpoint(
    trained: State, adversarial_stage: Stage, tmp_path: Path
) -> None:
    path = Checkpoints(tmp_path, 3).write(trained, "")
    losses = adversarial_stage.losses
    assert losses.adversarial is not None
    from_file = replace(losses, adversarial=replace(losses.adversarial, init=str(path)))
    state = initial_state(replace(adversarial_stage, losses=from_file), ALONE.device)
    assert state.discriminator is not None
    assert trained.discriminator is not None
    wanted = trained.discriminator.state_dict()
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in state.discriminator.state_dict().items())
    wider = replace(from_file, adversarial=replace(losses.adversarial, init=str(path), mid_channels=8))
    with pytest.raises(TrainingError, match="holds no discriminator of this shape"):
        initial_state(replace(adversarial_stage, losses=wider), ALONE.device)


def test_writing_does_not_change_the_state(trained: State, tmp_path: Path) -> None:
    before = copy.deepcopy(tensors(trained))
    Checkpoints(tmp_path, 3).write(trained, "")
    assert all(torch.equal(tensor, before[key]) for key, tensor in tensors(trained).items())
