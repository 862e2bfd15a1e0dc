"""Writing weights as safetensors."""

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
_UNSAID = RefinementDefaults()


def convert(
    source: Path,
    target: Path,
    precision: Precision = "fp16",
    licence: str | None = None,
    origin: str | None = None,
    refinement: RefinementDefaults = _UNSAID,
) -> None:
    """Write the generator of any readable weights file as safetensors, whole or not at all.

    The same source gives the same bytes. The metadata say where the tensors come from.

    Args:
        source: a file that `read_state` takes.
        target: a `.safetensors` file; replaced if it exists.
        precision: of the written tensors.
        licence: SPDX name for the metadata; None takes that of the known weights, if they are.
        origin: what the metadata say instead of the source's name and digest, and the licence.
        refinement: what the metadata say of it; where this says nothing, as the source says.

    Raises:
        WeightsError: the source is no weights file, what it says of its refinement is no number, its values
            do not fit the precision, or the target cannot be written.
    """
    if target.suffix != ".safetensors":
        raise WeightsError(f"{target} must end in .safetensors, the one form that is written.")
    state = {key: _cast(key, tensor, precision) for key, tensor in read_state(source).items()}
    said = refinement.above(read_refinement(source, without=refinement.said))
    content = with_metadata(save(state), {"origin": origin or _origin(source, licence), **said.metadata()})
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
