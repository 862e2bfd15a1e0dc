"""Converted files hold the same tensors, and appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from tests.weights.conftest import LEGACY, OURS, save, tensors
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.convert import Precision, convert
from vsrealbasicvsr.weights.formats import read_state
from vsrealbasicvsr.weights.known import sha256


@pytest.mark.parametrize(("precision", "dtype"), [("fp16", torch.float16), ("fp32", torch.float32)])
def test_the_generator_is_written_in_the_asked_precision(
    precision: Precision, dtype: torch.dtype, tmp_path: Path
) -> None:
    state = {f"generator_ema.{key}": tensor / 3 for key, tensor in tensors(*OURS).items()}
    source = save({"state_dict": {**state, **tensors("discriminator.x")}}, tmp_path / "a.pth", LEGACY)
    convert(source, tmp_path / "b.safetensors", precision)
    found = read_state(tmp_path / "b.safetensors")
    assert sorted(found) == sorted(OURS)
    assert all(torch.equal(found[key], state[f"generator_ema.{key}"].to(dtype)) for key in OURS)


def test_converting_twice_gives_the_same_bytes(state: dict[str, Tensor], tmp_path: Path) -> None:
    source = save(state, tmp_path / "a.pth")
    for name in ("b", "c"):
        convert(source, tmp_path / f"{name}.safetensors")
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "c.safetensors").read_bytes()
    with safe_open(tmp_path / "b.safetensors", framework="pt") as file:
        assert file.metadata() == {"origin": f"a.pth, SHA-256 {sha256(source)}"}


def test_a_file_may_be_converted_onto_itself(state: dict[str, Tensor], tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    convert(save(state, tmp_path / "a.pth"), file, "fp32")
    convert(file, file, "fp16")
    assert {tensor.dtype for tensor in read_state(file).values()} == {torch.float16}


def test_values_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    source = save({OURS[0]: torch.tensor([1e5])}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="--precision fp32"):
        convert(source, tmp_path / "b.safetensors", "fp16")
    convert(source, tmp_path / "b.safetensors", "fp32")


@pytest.mark.parametrize(
    "target", ["b.pth", "absent/b.safetensors", "a.pth/b.safetensors", "folder.safetensors"]
)
def test_a_target_that_cannot_be_is_refused_and_leaves_nothing(
    target: str, state: dict[str, Tensor], tmp_path: Path
) -> None:
    (tmp_path / "folder.safetensors").mkdir()
    source = save(state, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=Path(target).name):
        convert(source, tmp_path / target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pth", "folder.safetensors"]
