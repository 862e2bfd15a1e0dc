"""Conversion of weights files to safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.files import replaced
from vsrealbasicvsr.weights.formats import read_state
from vsrealbasicvsr.weights.known import KNOWN, sha256
from vsrealbasicvsr.weights.refinement import RefinementDefaults, read_refinement
from vsrealbasicvsr.weights.safetensors_header import with_metadata

Precision = Literal["fp16", "fp32"]
_DTYPES = {"fp16": torch.float16, "fp32": torch.float32}
_UNSPECIFIED = RefinementDefaults()


def convert(
    source: Path,
    target: Path,
    precision: Precision = "fp16",
    licence: str | None = None,
    origin: str | None = None,
    refinement: RefinementDefaults = _UNSPECIFIED,
) -> None:
    """Write the generator of a weights file as a safetensors file.

    The target is written completely or not at all. The same source gives the same bytes. The metadata state
    the origin of the tensors.

    Args:
        source: a file that `read_state` accepts.
        target: a `.safetensors` file; it is replaced if it exists.
        precision: precision of the written tensors.
        licence: SPDX name for the metadata; None takes the licence of known weights with the same SHA-256.
        origin: text for the metadata in place of the source's name, its digest and the licence.
        refinement: refinement defaults for the metadata; for a None in it, the source's number is taken.

    Raises:
        WeightsError: the source is not a weights file, its refinement metadata are not numbers in range, its
            values do not fit the precision, or the target cannot be written.
    """
    if target.suffix != ".safetensors":
        raise WeightsError(f"{target} must end in .safetensors, the one form that is written.")
    state = {key: _cast(key, tensor, precision) for key, tensor in read_state(source).items()}
    stated = refinement.above(read_refinement(source, without=refinement.said))
    content = with_metadata(save(state), {"origin": origin or _origin(source, licence), **stated.metadata()})
    try:
        with replaced(target) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise WeightsError(f"{target} cannot be written: {error.strerror}.") from error


def _cast(key: str, tensor: Tensor, precision: Precision) -> Tensor:
    cast = tensor.to(_DTYPES[precision]).contiguous()
    if not torch.isfinite(cast).all():
        raise WeightsError(f"{key} has values beyond {precision}; convert with --precision fp32.")
    return cast


def _origin(source: Path, licence: str | None) -> str:
    digest = sha256(source)
    if licence is None:
        licence = next((known.licence for known in KNOWN if known.sha256 == digest), None)
    return f"{source.name}, SHA-256 {digest}" + (f", {licence}" if licence else "")
