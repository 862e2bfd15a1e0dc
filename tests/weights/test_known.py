"""Names, places, and the bundled file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.weights import KNOWN
from vsrealbasicvsr.weights import known as known_weights
from vsrealbasicvsr.weights.formats import read_state
from vsrealbasicvsr.weights.known import find

BUNDLED, AUTHORS, FIDELITY = KNOWN


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_bundled_file_is_a_whole_realbasicvsr_in_half_precision() -> None:
    tensors = read_state(BUNDLED.path)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    own = RealBasicVSR(num_propagation_blocks=30).state_dict()
    assert {key: tensor.shape for key, tensor in tensors.items()} == {key: own[key].shape for key in own}


def test_its_flow_is_the_wheels_basicvsrs_rounded_to_half(basicvsr_file: Path) -> None:
    ours = {key: tensor for key, tensor in read_state(BUNDLED.path).items() if "spynet" in key}
    theirs = read_state(basicvsr_file)
    assert len(ours) == 62
    assert all(torch.equal(tensor, theirs[key].half()) for key, tensor in ours.items())


def test_the_bundled_file_and_its_card_say_where_it_comes_from() -> None:
    with safe_open(BUNDLED.path, framework="pt") as file:
        told = json.loads(file.metadata()["origin"])
    assert told["licence"] == BUNDLED.licence
    assert told["iterations"] > 0
    assert "/" not in told["configuration"]["network"]["init"]  # a checkpoint's name, without its folder
    card = BUNDLED.path.with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert told["commit"] in card
    assert f"{told['iterations']:,} iterations" in card


def test_the_bundled_files_hash_and_size_are_pinned() -> None:
    assert len(BUNDLED.sha256) == 64
    assert BUNDLED.matches(BUNDLED.path)
    assert BUNDLED.size == BUNDLED.path.stat().st_size <= 16_000_000


def test_the_authors_hashes_are_those_in_the_file_names() -> None:
    for known in (AUTHORS, FIDELITY):
        assert known.url is not None
        assert known.url.endswith(f"/{known.file_name}")
        assert known.file_name.endswith(f"-{known.sha256[:8]}.pth")


def test_the_cache_folder_is_the_variables_or_the_platforms(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known_weights.cache_folder() == cache_folder
    monkeypatch.delenv("VSREALBASICVSR_CACHE")
    assert known_weights.cache_folder().name == "vsrealbasicvsr"
    assert known_weights.cache_folder().is_absolute()


def test_a_path_resolves_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "w.pth"
    file.touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights.resolve(file) == weights.resolve(str(file)) == weights.resolve("~/w.pth") == file


def test_cached_weights_resolve_and_others_name_the_command(cache_folder: Path) -> None:
    with pytest.raises(WeightsError, match="`vsrealbasicvsr weights fetch realbasicvsr-x4`"):
        weights.resolve("realbasicvsr-x4")
    cache_folder.mkdir()
    (cache_folder / AUTHORS.file_name).touch()
    assert weights.resolve("realbasicvsr-x4") == cache_folder / AUTHORS.file_name


@pytest.mark.parametrize(
    ("name", "nearest"), [("realbasicvsr_x4", "realbasicvsr-x4"), ("bundeld", "bundled")]
)
def test_an_unknown_name_lists_the_known_and_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(WeightsError) as caught:
        weights.resolve(name)
    assert all(known.name in str(caught.value) for known in KNOWN)
    assert str(caught.value).endswith(f"did you mean {nearest}?")


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    for model in (tmp_path / "absent.pth", str(tmp_path / "absent.pth")):
        with pytest.raises(WeightsError, match=r"absent\.pth"):
            weights.resolve(model)
    with pytest.raises(WeightsError, match="neither a file nor one of"):
        find("absent")


@pytest.mark.parametrize("model", ["x" * 5000, "~nobody-of-that-name/w.pth", "a\0b", ""])
def test_an_impossible_path_is_refused(model: str) -> None:
    with pytest.raises(WeightsError):
        read_state(weights.resolve(model))


def test_names_are_known_without_torch() -> None:
    script = (
        "import sys, vsrealbasicvsr.weights; assert not {'torch', 'numpy', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
