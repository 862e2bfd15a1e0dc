"""Names, places, and the bundled file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights import KNOWN, cache
from vsrealbasicvsr.weights.convert import convert
from vsrealbasicvsr.weights.formats import read_state
from vsrealbasicvsr.weights.known import find, sha256

BUNDLED, AUTHORS, FIDELITY = KNOWN


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_bundled_file_is_the_wheels_basicvsr_byte_for_byte(basicvsr_file: Path, tmp_path: Path) -> None:
    convert(basicvsr_file, tmp_path / "again.safetensors", "fp16", licence="Apache-2.0")
    assert (tmp_path / "again.safetensors").read_bytes() == BUNDLED.path.read_bytes()


def test_the_bundled_tensors_are_the_originals_rounded_to_half(basicvsr_file: Path) -> None:
    original = torch.load(basicvsr_file, weights_only=True)["params"]
    bundled = read_state(weights.resolve("bundled"))
    assert len(bundled) == len(original) == 316
    # The order of BasicSR's entries differs, but no name mapping is needed to compare what is in them.
    ours = sorted(tensor.double().sum().item() for tensor in bundled.values())
    theirs = sorted(tensor.half().double().sum().item() for tensor in original.values())
    assert ours == theirs


def test_the_bundled_file_says_where_it_comes_from(basicvsr_file: Path) -> None:
    with safe_open(BUNDLED.path, framework="pt") as file:
        origin = file.metadata()["origin"]
    assert origin == f"BasicVSR_REDS4.pth, SHA-256 {sha256(basicvsr_file)}, Apache-2.0"


def test_the_bundled_files_hash_and_size_are_pinned() -> None:
    assert len(BUNDLED.sha256) == 64
    assert BUNDLED.matches(BUNDLED.path)
    assert BUNDLED.size == BUNDLED.path.stat().st_size


def test_the_authors_hashes_are_those_in_the_file_names() -> None:
    for known in (AUTHORS, FIDELITY):
        assert known.url is not None
        assert known.url.endswith(f"/{known.file_name}")
        assert known.file_name.endswith(f"-{known.sha256[:8]}.pth")


def test_the_cache_folder_is_the_variables_or_the_platforms(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.folder() == cache_folder
    monkeypatch.delenv("VSREALBASICVSR_CACHE")
    assert cache.folder().name == "vsrealbasicvsr"
    assert cache.folder().is_absolute()


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
