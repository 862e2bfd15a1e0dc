"""Build a network from weights; depth and width are read from the shapes of the tensors, without a config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.network.realbasicvsr import RealBasicVSR
from vsrealbasicvsr.weights.formats import canonical, read_state
from vsrealbasicvsr.weights.refinement import RefinementDefaults, read_refinement


def load(weights: str | Path | Mapping[str, Tensor], *, average: bool = True) -> RealBasicVSR:
    """Build the network of these weights.

    Accepts checkpoints of mmedit and mmagic, bare generators, and BasicVSR with BasicSR's names (without
    cleaning), as `.pth` or `.safetensors` files (specification, sections 1.6, 2.5) or as a state dict.

    Args:
        weights: a file, or tensors by name.
        average: if a checkpoint has both, take the moving average (True) or the live generator (False).

    Returns:
        The network in evaluation mode, float32, on the CPU; its `refinement_defaults` are those of the file.

    Raises:
        WeightsError: the file cannot be read safely, or does not hold a RealBasicVSR or BasicVSR.
    """
    if isinstance(weights, Mapping):
        state, name = canonical(weights, average=average), "the state dict"
        refinement = RefinementDefaults()
    else:
        state, name = read_state(Path(weights), average=average), str(weights)
        refinement = read_refinement(Path(weights))
    with torch.device("meta"):
        network = _network_for(state, name)
    network.refinement_defaults = refinement
    _require_match(network.state_dict(), state, name)
    network.load_state_dict(
        {key: tensor.to(torch.float32, copy=True) for key, tensor in state.items()}, assign=True
    )
    return network.eval()


def _network_for(state: Mapping[str, Tensor], name: str) -> RealBasicVSR:
    fusion = state.get("basicvsr.fusion.weight")
    if fusion is None or fusion.shape != (len(fusion), 2 * len(fusion), 1, 1):
        raise WeightsError(
            f"{name} holds no RealBasicVSR: the tensor basicvsr.fusion.weight is missing or misshapen."
        )
    return RealBasicVSR(
        mid_channels=len(fusion),
        num_propagation_blocks=_count_blocks(state, "basicvsr.backward_resblocks"),
        num_cleaning_blocks=_count_blocks(state, "image_cleaning.0"),
    )


def _count_blocks(state: Mapping[str, Tensor], trunk: str) -> int:
    block = re.compile(rf"{re.escape(trunk)}\.main\.2\.\d+\.conv1\.weight")
    return sum(block.fullmatch(key) is not None for key in state)


def _require_match(expected: Mapping[str, Tensor], state: Mapping[str, Tensor], name: str) -> None:
    missing = [key for key in expected if key not in state]
    if missing:
        raise WeightsError(
            f"{name} is incomplete: {len(missing)} tensors are missing, the first is {missing[0]}."
        )
    surplus = [key for key in state if key not in expected]
    if surplus:
        raise WeightsError(
            f"{name} does not fit RealBasicVSR: {len(surplus)} unknown tensors, the first is {surplus[0]}."
        )
    for key, tensor in expected.items():
        if state[key].shape != tensor.shape:
            raise WeightsError(
                f"{name} does not fit RealBasicVSR: {key} has shape {tuple(state[key].shape)}, "
                f"expected {tuple(tensor.shape)}."
            )
