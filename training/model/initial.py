"""Initial weights of a stage: random, known, from a file, or a part of a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from training.errors import TrainingError
from training.model.recurrent_cleaning import RecurrentlyCleaned
from training.options import require
from training.stage import NetworkOptions
from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.network.spynet import SPyNet
from vsrealbasicvsr.weights.untrusted_torch import read_torch

_BLOCK = re.compile(r"(.*resblocks\.main\.2\.|image_cleaning\.0\.main\.2\.)(\d+)(\..*)")


def initial_network(options: NetworkOptions, seed: int, *, average: bool) -> RealBasicVSR:
    """Make the network before its first iteration.

    Args:
        options: shape of the network and sources of its weights.
        seed: seed of random weights.
        average: start from the moving average in a checkpoint instead of its trained weights (specification
            6.4: the
            average of a stage continues the average of the stage before).

    Raises:
        WeightsError: `init` or `flow` cannot be read.
        TrainingError: `init` cannot be found, `init` or `cleaning_init` has another shape, or `flow` holds no
            SPyNet.
    """
    kind = RecurrentlyCleaned if options.cleaning_kind == "recurrent" else RealBasicVSR
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = kind(options.mid_channels, options.propagation_blocks, options.cleaning_blocks)
    if options.init != "random":
        source = load(_resolved(options.init), average=average)
        state = _fitted(source.state_dict(), network, options) if options.fit else source.state_dict()
        _require_same_shape(state, network, options)
        if options.flow == "random":
            spynet = network.basicvsr.spynet.state_dict(prefix="basicvsr.spynet.")
            state = {**state, **spynet}
        network.load_state_dict(state)
    flow = "bundled" if options.init == "random" and options.flow == "init" else options.flow
    if flow not in ("init", "random"):
        network.basicvsr.spynet.load_state_dict(_flow(flow))
    if options.cleaning_init != "init":
        _take_cleaning(network, options, average=average)
    return network


def _take_cleaning(network: RealBasicVSR, options: NetworkOptions, *, average: bool) -> None:
    source = load(weights.resolve(options.cleaning_init), average=average).cleaning
    require(source is not None, f"{options.cleaning_init} has no cleaning network: name other weights.")
    assert source is not None
    prefix = "image_cleaning."
    state, own = source.state_dict(prefix=prefix), network.state_dict()
    require(
        all(key in own and own[key].shape == tensor.shape for key, tensor in state.items())
        and sum(key.startswith(prefix) for key in own) == len(state),
        f"The cleaning network of {options.cleaning_init} is of another shape than the configuration's: set "
        "network.cleaning_blocks and mid_channels to what it has.",
    )
    network.load_state_dict(own | state)


def _fitted(state: Mapping[str, Tensor], network: RealBasicVSR, options: NetworkOptions) -> dict[str, Tensor]:
    """Fit weights to the network: drop middle blocks, and add a missing cleaning network as the identity.

    Of the 30 blocks of BasicVSR, the first ten and the last ten keep 76 % of its gain over bicubic
    enlargement; the first twenty keep 51 %, the last twenty keep none (docs/decisions.md, "Training").
    """
    fitted = {}
    for key, tensor in state.items():
        match = _BLOCK.fullmatch(key)
        if match is None:
            fitted[key] = tensor
            continue
        cleaning = key.startswith("image_cleaning")
        new_depth = options.cleaning_blocks if cleaning else options.propagation_blocks
        place = _place(int(match[2]), _depth(state, match[1]), new_depth)
        if place is not None:
            fitted[f"{match[1]}{place}{match[3]}"] = tensor
    for key, tensor in network.state_dict().items():
        if "cleaning" in key and key not in fitted:
            last = key.startswith(("image_cleaning.1.", "recurrent_cleaning.1."))
            fitted[key] = torch.zeros_like(tensor) if last else tensor
    return fitted


def _depth(state: Mapping[str, Tensor], trunk: str) -> int:
    return 1 + max(int(match[2]) for key in state if (match := _BLOCK.fullmatch(key)) and match[1] == trunk)


def _place(block: int, depth: int, new_depth: int) -> int | None:
    """Return the new number of a block when a trunk gets another depth; None if the block is dropped."""
    head = (min(new_depth, depth) + 1) // 2
    if block < head:
        return block
    moved = block - (depth - min(new_depth, depth))
    return moved if moved >= head else None


def _resolved(init: str) -> Path:
    try:
        return weights.resolve(init)
    except WeightsError as error:
        raise TrainingError(
            f"network.init: {error} Stage 2 begins with a checkpoint of stage 1: "
            "--set network.init=RUN/checkpoints/best.pth."
        ) from error


def _require_same_shape(state: Mapping[str, Tensor], network: RealBasicVSR, options: NetworkOptions) -> None:
    own = network.state_dict()
    different = list(own.keys() ^ state.keys())
    different += [key for key in own.keys() & state.keys() if own[key].shape != state[key].shape]
    remedy = (
        "set network.mid_channels to its width; network.fit adapts the number of blocks alone."
        if options.fit
        else "set network.mid_channels, propagation_blocks and cleaning_blocks to what it has, or "
        "network.fit = true to start from the blocks that fit."
    )
    require(
        not different,
        f"{options.init} is of another shape than the configuration's network ({len(different)} tensors "
        f"differ, such as {min(different, default='')}): {remedy}",
    )


def _flow(source: str) -> dict[str, Tensor]:
    """Return SPyNet's tensors from whole weights, or from the stock file of SPyNet alone.

    Specification 1.4.
    """
    path = weights.resolve(source)
    try:
        return load(path).basicvsr.spynet.state_dict()
    except WeightsError as refusal:
        if path.suffix == ".safetensors":
            raise
        return _stock_flow(path, refusal)


def _stock_flow(path: Path, refusal: WeightsError) -> dict[str, Tensor]:
    saved = read_torch(path)
    saved = saved.get("state_dict", saved) if isinstance(saved, Mapping) else {}
    own = SPyNet().state_dict()
    if not isinstance(saved, Mapping) or not all(
        isinstance(saved.get(key), Tensor) and saved[key].shape == own[key].shape
        for key in own
        if key not in ("mean", "std")
    ):
        raise TrainingError(f"network.flow = {str(path)!r} holds no SPyNet: {refusal}")
    return own | {key: saved[key] for key in own if key in saved}
