"""Weights files of every form, and everything that is not one."""

from __future__ import annotations

import contextlib
import json
import os
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save as safetensors
from torch import Tensor

from tests.weights.conftest import LEGACY, OURS, ZIP, save, tensors
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.formats import read_state

FORMS = ("zip", "legacy", "safetensors")


def write(state: dict[str, Tensor], file: Path, form: str) -> Path:
    if form == "safetensors":
        file.write_bytes(safetensors(state))
        return file
    return save(state, file, form == "zip")


def refused(file: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_state(file)
    message = str(caught.value)
    assert "\n" not in message
    assert str(file) in message
    return message


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["w.pth", "w.safetensors", "w"])
def test_the_content_decides_and_not_the_name(
    state: dict[str, Tensor], form: str, name: str, tmp_path: Path
) -> None:
    found = read_state(write(state, tmp_path / name, form))
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_a_whole_training_checkpoint_is_read(form: bool, tmp_path: Path) -> None:
    """As the authors' file: nested, with metadata, seeds larger than the file, and optimizer state."""
    discriminator = torch.nn.Linear(2, 2)
    moments = {"step": torch.tensor(3.0), "exp_avg": torch.ones(2, 2)}
    group = {"lr": 1e-4, "betas": (0.9, 0.99), "amsgrad": False, "foreach": None, "params": [0]}
    ema = tensors(*OURS, value=50)
    checkpoint = {
        "meta": {"seed": 2**31 - 1, "config": "text", "time": 1.5, "iter": 150_000, "hook_msgs": {}},
        "state_dict": {
            **{f"generator.{key}": tensor for key, tensor in tensors(*OURS).items()},
            **{f"generator_ema.{key}": torch.nn.Parameter(tensor) for key, tensor in ema.items()},
            **discriminator.state_dict(prefix="discriminator."),
            "step_counter": torch.zeros(1),
        },
        "optimizer": {"state": {0: moments}, "param_groups": [group]},
    }
    found = read_state(save(checkpoint, tmp_path / "c.pth", form))
    assert found.keys() == ema.keys()
    assert all(torch.equal(found[key], ema[key]) for key in ema)


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_transposed_and_shared_tensors_are_read(form: bool, tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    state = {OURS[0]: whole.t(), OURS[1]: whole[1:, ::2], OURS[2]: torch.tensor(2.0)}
    checkpoint = {**state, "discriminator.empty": torch.ones(0, 5)}
    found = read_state(save(checkpoint, tmp_path / "w.pth", form))
    assert all(torch.equal(found[key], state[key]) for key in state)


def test_the_wheels_basicvsr_is_read_and_renamed(basicvsr_file: Path) -> None:
    original = torch.load(basicvsr_file, weights_only=True)["params"]
    found = read_state(basicvsr_file)
    assert len(found) == 316
    assert sum(tensor.numel() for tensor in found.values()) == 6_291_311 + 6  # and the flow's mean and std
    flow = "spynet.basic_module.3.basic_module"
    pairs = {
        f"basicvsr.{flow}.2.conv.weight": f"{flow}.4.weight",
        "basicvsr.forward_resblocks.main.2.29.conv2.bias": "forward_trunk.main.2.29.conv2.bias",
        "basicvsr.upsample1.upsample_conv.weight": "upconv1.weight",
    }
    assert all(torch.equal(found[ours], original[theirs]) for ours, theirs in pairs.items())


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_off_anywhere_is_refused(state: dict[str, Tensor], form: str, tmp_path: Path) -> None:
    content = write(state, tmp_path / "whole", form).read_bytes()
    file = tmp_path / "cut.pth"
    for length in range(0, len(content), max(1, len(content) // 97)):
        file.write_bytes(content[:length])
        refused(file)
    file.write_bytes(content[:-1])
    refused(file)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "an HTML page"),
        (b"\n  <html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"\x00" * 100, "unknown kind"),
        (b"PK\x03\x04" + b"\x00" * 100, "damaged"),
        (b"PK", "unknown kind"),
        (b"\x80\x02.", "damaged"),
        (b"\x80", "damaged"),
        (struct.pack("<Q", 2) + b"{}", "an empty table"),
        (struct.pack("<Q", 2**63) + b"{}", "damaged"),
        (struct.pack("<Q", 8) + b"{" * 8, "damaged"),
        (struct.pack("<Q", 8) + b'{"a": 1}', "damaged"),
        (struct.pack("<Q", 30_000) + b'{"a":' * 6_000, "damaged"),
    ],
)
def test_other_content_is_named(content: bytes, found: str, tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    file.write_bytes(content)
    assert found in refused(file)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    assert "There is no weights file" in refused(tmp_path / "absent.pth")
    assert "is not a file" in refused(tmp_path)
    assert "is not a file" in refused(Path(os.devnull))


def test_a_file_of_more_than_two_gibibytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    with file.open("wb") as opened:
        opened.truncate((2 << 30) + 1)  # sparse: takes no room
    assert "more than the 2147483648" in refused(file)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [-6], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [6], "data_offsets": [24, 0]},
        {"dtype": "F99", "shape": [6], "data_offsets": [0, 24]},
        {"dtype": "F32", "shape": [7], "data_offsets": [0, 24]},
        {"dtype": "I32", "shape": [6], "data_offsets": [0, 24]},
    ],
)
def test_a_safetensors_header_is_not_believed(entry: dict[str, object], tmp_path: Path) -> None:
    header = json.dumps({OURS[0]: entry}).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + b"\x00" * 24)
    refused(file)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # pickletools, of a text opcode
@pytest.mark.parametrize("form", FORMS)
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4))
def test_damaged_bytes_load_or_are_refused(form: str, flips: list[tuple[int, int]], tmp_path: Path) -> None:
    content = bytearray(write(tensors(*OURS[:2]), tmp_path / "whole", form).read_bytes())
    for position, change in flips:
        content[position % len(content)] ^= change
    file = tmp_path / "damaged.pth"
    file.write_bytes(content)
    with contextlib.suppress(WeightsError):
        read_state(file)
