"""Conversion of other programs' tensor names to the authors' names (specification 1.2, 1.6, 2.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from vsrealbasicvsr.weights.errors import refusal

_NESTINGS = ("state_dict", "params_ema", "params")
_GENERATORS = ("generator_ema.", "generator.")
_TRAINING_ONLY = ("discriminator.", "perceptual_loss.", "vgg.", "step_counter")
_OURS = ("image_cleaning.", "basicvsr.")
_NAMES_SHOWN = 3


def canonical(
    state: Mapping[str, object], source: object = "The state dict", *, average: bool = True
) -> dict[str, Tensor]:
    """Return the generator's tensors of a checkpoint, by the authors' names inside the generator.

    Accepts checkpoints of mmedit, mmagic and ours (discriminator, VGG and step counter are ignored), bare
    generators, and BasicVSR in mmedit's and BasicSR's naming. This function does not check whether tensors
    are missing or have wrong shapes; `vsrealbasicvsr.network.load` does.

    Args:
        state: a checkpoint or a state dict.
        source: the name of the source in errors.
        average: if a checkpoint has both, take the moving average (True) or the live generator (False).

    Returns:
        Tensors of any floating dtype and any order; they share memory with `state`.

    Raises:
        WeightsError: there is no generator, or a tensor of it is empty, not floating point or not finite.
    """
    tensors = _generator(_tensors(_unnested(state, source), source), average)
    if any(key.startswith(_OURS) for key in tensors):
        named = tensors
    elif any(key.startswith("backward_trunk.") for key in tensors):
        named = {f"basicvsr.{_from_basicsr(key)}": tensor for key, tensor in tensors.items()}
    elif any(key.startswith("backward_resblocks.") for key in tensors):
        named = {f"basicvsr.{key}": tensor for key, tensor in tensors.items()}
    else:
        raise refusal(source, _listing(state))
    for key, tensor in named.items():
        _require_usable(key, tensor, source)
    return named


def _unnested(state: Mapping[str, object], source: object) -> Mapping[str, object]:
    for nesting in _NESTINGS:
        if nesting in state:
            inner = state[nesting]
            if not isinstance(inner, Mapping):
                raise refusal(source, f"an entry {nesting!r} that is no table of tensors")
            return inner
    return state


def _tensors(state: Mapping[str, object], source: object) -> dict[str, Tensor]:
    tensors = {
        key.removeprefix("module."): value
        for key, value in state.items()
        if isinstance(key, str) and isinstance(value, Tensor)
    }
    if not tensors:
        raise refusal(source, f"no tensors but {_listing(state)}")
    return tensors


def _generator(tensors: Mapping[str, Tensor], average: bool) -> dict[str, Tensor]:
    for prefix in _GENERATORS if average else reversed(_GENERATORS):
        chosen = {
            key.removeprefix(prefix).removeprefix("module."): tensor
            for key, tensor in tensors.items()
            if key.startswith(prefix)
        }
        if chosen:
            return chosen
    return {key: tensor for key, tensor in tensors.items() if not key.startswith(_TRAINING_ONLY)}


def _from_basicsr(key: str) -> str:
    """Convert a name of BasicSR's (specification, section 2.5).

    BasicSR's Sequential in SPyNet also counts the ReLUs, and its names of trunks and upsampling are shorter.
    """
    key = re.sub(r"^(backward|forward)_trunk\.", r"\1_resblocks.", key)
    key = re.sub(r"^upconv([12])\.", r"upsample\1.upsample_conv.", key)
    return re.sub(
        r"^(spynet\.basic_module\.\d+\.basic_module)\.(\d+)\.(weight|bias)$",
        lambda match: f"{match[1]}.{int(match[2]) // 2}.conv.{match[3]}",
        key,
    )


def _require_usable(key: str, tensor: Tensor, source: object) -> None:
    if tensor.numel() == 0:
        raise refusal(source, f"{key} without values")
    if not tensor.is_floating_point():
        raise refusal(source, f"{key} of type {tensor.dtype}, not floating point")
    # In the network's precision, because a float64 beyond float32's range would become infinite there.
    if not torch.isfinite(tensor.to(torch.float32)).all():
        raise refusal(source, f"{key} with infinite or undefined values")


def _listing(state: Mapping[str, object]) -> str:
    names = [str(name)[:60] for name in list(state)[:_NAMES_SHOWN]]
    more = ", …" if len(state) > _NAMES_SHOWN else ""
    return f"entries named {', '.join(names)}{more}" if names else "an empty table"
