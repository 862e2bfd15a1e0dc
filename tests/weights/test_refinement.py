"""Weights say how often frames are cleaned with them: written, read from the header alone, never believed."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from tests.weights.conftest import OURS, save
from vsrealbasicvsr import weights
from vsrealbasicvsr.errors import SettingsError, WeightsError
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.weights import RefinementDefaults, completed, read_refinement
from vsrealbasicvsr.weights.convert import convert
from vsrealbasicvsr.weights.formats import read_state
from vsrealbasicvsr.weights.known import sha256


def saying(path: Path, **metadata: str) -> Path:
    """A small network whose file says this, written by the library of the format."""
    torch.manual_seed(1)
    save_file(RealBasicVSR(4, 1, 1).state_dict(), path, metadata=metadata)
    return path


def test_a_file_says_both_numbers_one_or_none(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    assert read_refinement(saying(file)) == RefinementDefaults()
    assert read_refinement(saying(file, refinement_threshold="2.5")) == RefinementDefaults(2.5, None)
    assert read_refinement(saying(file, max_passes="0")) == RefinementDefaults(None, 0)
    both = saying(file, refinement_threshold="0", max_passes="100", format="pt")
    assert read_refinement(both) == RefinementDefaults(0.0, 100)
    assert load(both).refinement_defaults == RefinementDefaults(0.0, 100)


def test_files_of_another_form_say_nothing_and_the_bundled_weights_one_pass(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    assert read_refinement(save(state, tmp_path / "a.pth")) == RefinementDefaults()
    assert read_refinement(save(state, tmp_path / "b.pth", form=False)) == RefinementDefaults()
    assert read_refinement(weights.resolve("bundled")) == RefinementDefaults(255.0, None)
    assert load(RealBasicVSR(4, 1, 1).state_dict()).refinement_defaults == RefinementDefaults()


def test_the_users_number_stands_above_the_weights_and_theirs_above_5_and_3(tmp_path: Path) -> None:
    silent = saying(tmp_path / "a.safetensors")
    telling = saying(tmp_path / "b.safetensors", refinement_threshold="2.5", max_passes="4")

    def numbers(model: str | Path, **chosen: float) -> tuple[float | None, int | None]:
        settings = completed(Settings.from_mapping({"model": str(model), **chosen}))
        return settings.refine, settings.max_passes

    assert numbers("bundled") == (255.0, 3)
    assert numbers(silent) == (5.0, 3)
    assert numbers(telling) == (2.5, 4)
    assert numbers(telling, refine=255.0) == (255.0, 4)
    assert numbers(telling, max_passes=0) == (2.5, 0)
    assert numbers(telling, refine=0.0, max_passes=1) == numbers(silent, refine=0.0, max_passes=1) == (0, 1)
    given = Settings(model=str(telling), window=7, strength=0.5)
    assert completed(given) == Settings(model=str(telling), window=7, strength=0.5, refine=2.5, max_passes=4)


def test_they_are_read_without_torch(tmp_path: Path) -> None:
    file = saying(tmp_path / "w.safetensors", refinement_threshold="2.5")
    code = (
        "import sys, vsrealbasicvsr.weights as weights; from vsrealbasicvsr.settings import Settings\n"
        f"print(weights.completed(Settings(model={str(file)!r})).refine)\n"
        "print({'torch', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2.5\nset()\n"


@pytest.mark.parametrize(
    ("key", "text", "range_"),
    [
        *(
            ("refinement_threshold", text, "a number from 0 to 255")
            for text in ("nan", "-1", "255.5", "inf", "1e300", "much", "", "2,5", "9" * 5000, "\x1b[31m")
        ),
        *(
            ("max_passes", text, "a whole number from 0 to 100")
            for text in ("1000000000", "-1", "2.5", "nan", "three", "9" * 5000)
        ),
    ],
)
def test_what_is_no_such_number_is_refused_in_one_sentence_and_can_be_mended(
    key: str, text: str, range_: str, tmp_path: Path
) -> None:
    file = saying(tmp_path / "w.safetensors", **{key: text})
    flag = "--refine 5" if key == "refinement_threshold" else "--max-passes 3"
    for read in (read_refinement, load, lambda path: completed(Settings(model=str(path), refine=1))):
        with pytest.raises(WeightsError, match=f"{file} says {key} '") as caught:
            read(file)
        sentence = str(caught.value)
        assert f"must be {range_}: `vsrealbasicvsr weights convert IN OUT {flag}` writes" in sentence
        assert len(sentence) < 300 + len(str(file))
        assert sentence.isprintable()
    with pytest.raises(WeightsError, match=f"says {key}"):
        convert(file, tmp_path / "mended.safetensors")
    mending = RefinementDefaults(5.0) if key == "refinement_threshold" else RefinementDefaults(None, 3)
    convert(file, tmp_path / "mended.safetensors", refinement=mending)
    assert read_refinement(tmp_path / "mended.safetensors") == mending


@pytest.mark.parametrize("metadata", [["max_passes"], {"max_passes": 3}, {"max_passes": None}, "3", 1])
def test_metadata_that_are_no_texts_are_refused(metadata: object, tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": metadata}).encode()
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(WeightsError, match="metadata are no texts"):
        read_refinement(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (struct.pack("<Q", 40) + b"{}", "a header of 40 bytes in a file of 10"),
        (struct.pack("<Q", 1 << 62) + b"{}", "a header of 4611686018427387904 bytes"),
        (struct.pack("<Q", 8) + b'{"a": 1,', "damaged"),
        (struct.pack("<Q", 100_007) + b'{"a": ' + b"[" * 100_001, "damaged"),
    ],
)
def test_damaged_headers_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match=reason) as caught:
        read_refinement(tmp_path / "w.safetensors")
    assert str(caught.value).isprintable()


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.safetensors"):
        with pytest.raises(WeightsError, match=str(path)):
            read_refinement(path)


@pytest.mark.parametrize(
    "numbers", [(-1.0, None), (float("nan"), None), (None, 101), (None, 2.5), ("5", None)]
)
def test_numbers_out_of_range_are_not_written(numbers: tuple[float, int]) -> None:
    with pytest.raises(SettingsError, match=r"(refine|max_passes) must"):
        RefinementDefaults(*numbers)


def test_conversion_writes_them_keeps_them_and_writes_others(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    source, first, second = (
        save(state, tmp_path / "a.pth"),
        tmp_path / "b.safetensors",
        tmp_path / "c.safetensors",
    )
    convert(source, first, refinement=RefinementDefaults(2.5, 4))
    with safe_open(first, framework="pt") as file:
        assert file.metadata() == {
            "origin": f"a.pth, SHA-256 {sha256(source)}", "refinement_threshold": "2.5", "max_passes": "4",
        }  # fmt: skip
    convert(first, second, "fp32")
    assert read_refinement(second) == RefinementDefaults(2.5, 4)
    convert(first, second, refinement=RefinementDefaults(max_passes=1))
    assert read_refinement(second) == RefinementDefaults(2.5, 1)
    convert(second, second, refinement=RefinementDefaults(0.1))
    assert read_refinement(second) == RefinementDefaults(0.1, 1)
    assert all(torch.equal(tensor, state[key].half()) for key, tensor in read_state(second).items())


def test_conversion_gives_the_same_bytes_and_aligns_the_tensors(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    source, target = save(state, tmp_path / "a.pth"), tmp_path / "b.safetensors"
    contents = set()
    for origin in ["x" * length for length in range(8)] * 2:
        convert(source, target, origin=origin, refinement=RefinementDefaults(2.5, 4))
        contents.add(target.read_bytes())
        assert sorted(read_state(target)) == sorted(OURS)
    assert len(contents) == 8
    assert all(int.from_bytes(content[:8], "little") % 8 == 0 for content in contents)


def test_weights_that_say_nothing_are_written_as_the_library_writes_them(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    source = save(state, tmp_path / "a.pth")
    convert(source, tmp_path / "b.safetensors", origin='café "\\\n\x01\x7f')
    halves = {key: tensor.half() for key, tensor in state.items()}
    save_file(halves, tmp_path / "c.safetensors", metadata={"origin": 'café "\\\n\x01\x7f'})
    assert (tmp_path / "b.safetensors").read_bytes() == (tmp_path / "c.safetensors").read_bytes()
