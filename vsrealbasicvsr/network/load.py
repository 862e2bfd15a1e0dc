"""From weights to a network: depth and width are read from the tensors' shapes, no config file."""

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
    """Build the network that these weights are for.

    Takes mmedit/mmagic checkpoints, bare generators, BasicSR-named BasicVSR (without cleaning), as
    `.pth` or `.safetensors` (SPEC 1.6, 2.5), or any of them as a state dict.

    Args:
        weights: a file, or tensors by name.
        average: of a checkpoint that holds both, take the moving average and not the live generator.

    Returns:
        The network in evaluation mode, float32, on the CPU; its `refinement_defaults` are the file's.

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


def _require_match(expected: Mapping[str, Tensor], found: Mapping[str, Tensor], name: str) -> None:
    missing = [key for key in expected if key not in found]
    if missing:
        raise WeightsError(
            f"{name} is incomplete: {len(missing)} tensors are missing, the first is {missing[0]}."
        )
    surplus = [key for key in found if key not in expected]
    if surplus:
        raise WeightsError(
            f"{name} does not fit RealBasicVSR: {len(surplus)} unknown tensors, the first is {surplus[0]}."
        )
    for key, tensor in expected.items():
        if found[key].shape != tensor.shape:
            raise WeightsError(
                f"{name} does not fit RealBasicVSR: {key} has shape {tuple(found[key].shape)}, "
                f"expected {tuple(tensor.shape)}."
            )
