"""Weights that a stage starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from training.configuration import read_stage
from training.errors import TrainingError
from training.model.initial import initial_network
from training.stage import NetworkOptions, Stage
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.weights import resolve

BUNDLED = resolve("bundled")


def test_random_weights_follow_the_seed_and_leave_the_global_generator_alone(stage: Stage) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = initial_network(stage.network, 1, average=False)
    again = initial_network(stage.network, 1, average=True)
    other = initial_network(stage.network, 2, average=False)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not torch.equal(one.basicvsr.fusion.weight, other.basicvsr.fusion.weight)


def test_flow_is_spynet_out_of_the_bundled_weights(stage: Stage) -> None:
    network = initial_network(stage.network, 0, average=False)
    bundled = load(BUNDLED).basicvsr.spynet.state_dict()
    assert all(
        torch.equal(bundled[key], tensor) for key, tensor in network.basicvsr.spynet.state_dict().items()
    )


def test_stage_1_begun_from_weights_keeps_the_flow_they_were_trained_with(
    stage: Stage, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    source = RealBasicVSR(8, 1, 1)
    torch.save(source.state_dict(), tmp_path / "known.pth")
    shape = ["network.mid_channels=8", "network.propagation_blocks=1", "network.cleaning_blocks=1"]
    begun = read_stage([Path("stage1.toml")], [*shape, f"network.init={tmp_path / 'known.pth'}"])
    own = source.basicvsr.spynet.state_dict()
    kept = initial_network(begun.network, 0, average=False).basicvsr.spynet.state_dict()
    assert all(torch.equal(tensor, own[key]) for key, tensor in kept.items())
    asked = initial_network(replace(begun.network, flow="random"), 0, average=False).basicvsr.spynet
    made = initial_network(replace(stage.network, flow="random"), 0, average=False).basicvsr.spynet
    assert all(torch.equal(a, b) for a, b in zip(asked.parameters(), made.parameters(), strict=True))


def test_flow_comes_from_the_stock_file_with_60_bare_tensors(stage: Stage, tmp_path: Path) -> None:
    spynet = RealBasicVSR(8, 1, 0).basicvsr.spynet
    stock = {key: tensor for key, tensor in spynet.state_dict().items() if key not in ("mean", "std")}
    assert len(stock) == 60
    torch.save(stock, tmp_path / "spynet.pth")
    network = initial_network(replace(stage.network, flow=str(tmp_path / "spynet.pth")), 0, average=False)
    assert all(torch.equal(stock[key], network.basicvsr.spynet.state_dict()[key]) for key in stock)


def test_a_file_without_spynet_is_refused(stage: Stage, tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(TrainingError, match="holds no SPyNet"):
        initial_network(replace(stage.network, flow=str(tmp_path / "other.pth")), 0, average=False)


def test_live_weights_and_their_average_come_from_their_own_parts(stage: Stage, tmp_path: Path) -> None:
    torch.manual_seed(0)
    live, average = RealBasicVSR(8, 1, 1), RealBasicVSR(8, 1, 1)
    state = {f"generator.{key}": tensor for key, tensor in live.state_dict().items()}
    state |= {f"generator_ema.{key}": tensor for key, tensor in average.state_dict().items()}
    torch.save({"meta": {}, "state_dict": state}, tmp_path / "stage1.pth")
    options = replace(stage.network, init=str(tmp_path / "stage1.pth"), flow="init")
    for wanted, is_average in ((live, False), (average, True)):
        found = initial_network(options, 0, average=is_average).state_dict()
        assert all(torch.equal(tensor, found[key]) for key, tensor in wanted.state_dict().items())


def test_another_shape_is_refused_with_what_to_set(basicvsr_file: Path, tmp_path: Path) -> None:
    options = NetworkOptions(init=str(basicvsr_file), propagation_blocks=20, cleaning_blocks=20)
    with pytest.raises(TrainingError, match=r"BasicVSR_REDS4.pth is of another shape.*network.fit = true"):
        initial_network(options, 0, average=False)
    narrow = {key: tensor.contiguous() for key, tensor in RealBasicVSR(8, 1, 1).state_dict().items()}
    save_file(narrow, tmp_path / "narrow.safetensors")
    wide = replace(options, init=str(tmp_path / "narrow.safetensors"), fit=True)
    with pytest.raises(TrainingError, match=r"of another shape.*: set network\.mid_channels to its width"):
        initial_network(wide, 0, average=False)


def test_fitting_drops_the_middle_blocks_and_starts_cleaning_as_the_identity(basicvsr_file: Path) -> None:
    options = NetworkOptions(init=str(basicvsr_file), fit=True)
    network = initial_network(options, 0, average=False)
    source, fitted = load(basicvsr_file).state_dict(), network.state_dict()
    name = "basicvsr.forward_resblocks.main.2.{}.conv1.weight"
    for place, block in ((0, 0), (9, 9), (10, 20), (19, 29)):
        assert torch.equal(fitted[name.format(place)], source[name.format(block)])
    frames = torch.rand(1, 2, 3, 8, 8)
    assert torch.equal(network.clean(frames), frames)


def test_the_bundled_weights_fit_a_stage_with_their_number_of_blocks() -> None:
    network = initial_network(NetworkOptions(init="bundled", propagation_blocks=30), 0, average=False)
    shipped = load(BUNDLED).state_dict()
    assert all(torch.equal(tensor, shipped[key]) for key, tensor in network.state_dict().items())


def test_a_missing_file_is_named(stage: Stage) -> None:
    with pytest.raises(
        TrainingError, match=r"network\.init: There are no weights 'nowhere\.pth'.*of stage 1"
    ):
        initial_network(replace(stage.network, init="nowhere.pth"), 0, average=False)


def test_the_cleaning_network_alone_may_come_from_other_weights(stage: Stage, tmp_path: Path) -> None:
    torch.manual_seed(0)
    start, cleaner = RealBasicVSR(8, 1, 0), RealBasicVSR(8, 3, 1)
    torch.save(start.state_dict(), tmp_path / "start.pth")
    torch.save(cleaner.state_dict(), tmp_path / "cleaner.pth")
    options = replace(
        stage.network, init=str(tmp_path / "start.pth"), fit=True,
        cleaning_init=str(tmp_path / "cleaner.pth"),
    )  # fmt: skip
    state = initial_network(options, 0, average=False).state_dict()
    wanted = start.state_dict() | cleaner.image_cleaning.state_dict(prefix="image_cleaning.")
    assert state.keys() == wanted.keys()
    assert all(torch.equal(state[key], tensor) for key, tensor in wanted.items())


@pytest.mark.parametrize(
    ("cleaning_blocks", "said"), [(0, "has no cleaning network"), (2, "is of another shape")]
)
def test_a_cleaning_network_that_does_not_fit_is_refused(
    stage: Stage, tmp_path: Path, cleaning_blocks: int, said: str
) -> None:
    torch.save(RealBasicVSR(8, 1, cleaning_blocks).state_dict(), tmp_path / "other.pth")
    options = replace(stage.network, cleaning_init=str(tmp_path / "other.pth"))
    with pytest.raises(TrainingError, match=said):
        initial_network(options, 0, average=False)
