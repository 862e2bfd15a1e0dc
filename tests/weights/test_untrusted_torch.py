"""PyTorch files that lie or mean harm."""

from __future__ import annotations

import os
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from tests.weights.conftest import LEGACY, OURS, ZIP, save
from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.formats import read_state


def edit(file: Path, change: Callable[[bytes], bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Change the pickle of a PyTorch file of either form."""
    if not zipfile.is_zipfile(file):
        file.write_bytes(change(file.read_bytes()))
        return file
    with zipfile.ZipFile(file) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in entries:
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)
    return file


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old in content
        return content.replace(old, new, 1)

    return change


def number(value: int) -> bytes:
    return b"\x8a\x08" + struct.pack("<q", value)


def refused(file: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_state(file)
    assert "\n" not in str(caught.value)
    return str(caught.value)


LIE = r"a tensor of|bytes of tensors declared|malformed pickled tensor"


@pytest.mark.parametrize("form", [ZIP, LEGACY])
@pytest.mark.parametrize("count", [2**62, 2**40, 10**6, 7, 5, -1])
def test_a_storage_that_is_not_in_the_file_is_refused(form: bool, count: int, tmp_path: Path) -> None:
    file = save({OURS[0]: torch.arange(6.0)}, tmp_path / "w.pth", form)
    content = pickle_of(file)
    at = content.index(b"cpu")
    old = content[at : content.index(b"K\x06", at) + 2]
    assert re.search(LIE, refused(edit(file, replaced(old, old[:-2] + number(count)))))


@pytest.mark.parametrize("form", [ZIP, LEGACY])
@pytest.mark.parametrize("length", [2**62, 2**40, 7, -6])
def test_a_view_larger_than_its_storage_is_refused(form: bool, length: int, tmp_path: Path) -> None:
    file = save({OURS[0]: torch.arange(6.0)}, tmp_path / "w.pth", form)
    change = replaced(b"QK\x00K\x06\x85", b"QK\x00" + number(length) + b"\x85")
    assert re.search(LIE, refused(edit(file, change)))


@pytest.mark.parametrize("form", [ZIP, LEGACY])
@pytest.mark.parametrize(
    "tensor",
    [torch.zeros(1).expand(2**40), torch.zeros(1, 1).expand(60_000, 60_000), torch.zeros(2, 1).expand(2, 2)],
    ids=["one huge size", "a huge product", "one repeat"],
)
def test_repeated_values_are_refused(form: bool, tensor: torch.Tensor, tmp_path: Path) -> None:
    assert "a tensor of shape" in refused(save({OURS[0]: tensor}, tmp_path / "w.pth", form))


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    file = save({OURS[0]: torch.zeros(10**6)}, tmp_path / "w.pth")
    edit(file, lambda content: content, zipfile.ZIP_DEFLATED)
    assert file.stat().st_size < 10**5
    assert "a compressed zip archive" in refused(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_entries_of_one_name_is_refused(tmp_path: Path) -> None:
    file = save({OURS[0]: torch.ones(2)}, tmp_path / "w.pth")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("w/data/0", b"\x00" * 8)
    assert "two entries of one name" in refused(file)


def test_an_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "text")
    assert "not a PyTorch state dict" in refused(file)


class Harm:
    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.sentinel}",)


@pytest.mark.parametrize("form", [ZIP, LEGACY, None])
def test_code_in_a_pickle_does_not_run(form: bool | None, tmp_path: Path) -> None:
    file, sentinel = tmp_path / "w.pth", tmp_path / "harm"
    checkpoint = {"state_dict": {OURS[0]: torch.ones(2)}, "meta": Harm(sentinel)}
    if form is None:
        file.write_bytes(pickle.dumps(checkpoint["meta"], protocol=2))
    else:
        save(checkpoint, file, form)
    assert "system" in refused(file)
    assert not sentinel.exists()
    with file.open("rb") as opened:  # the sentinel would work
        if form is None:
            pickle.load(opened)
            assert sentinel.exists()


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_other_objects_are_named(form: bool, tmp_path: Path) -> None:
    file = save({"args": SimpleNamespace(a=1)}, tmp_path / "w.pth", form)
    assert "types.SimpleNamespace" in refused(file)


@pytest.mark.parametrize(
    "value", [3, "text", [torch.ones(1)], torch.ones(1)], ids=["int", "str", "list", "tensor"]
)
def test_a_file_without_a_table_is_refused(value: object, tmp_path: Path) -> None:
    assert f"a saved {type(value).__name__}" in refused(save(value, tmp_path / "w.pth"))


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_a_huge_array_asked_of_the_unpickler_is_refused(form: bool, tmp_path: Path) -> None:
    """torch's own weights-only reader would call bytearray with any number."""
    file = save({"n": 1, OURS[0]: torch.ones(2)}, tmp_path / "w.pth", form)
    call = b"cbuiltins\nbytearray\n" + number(2**36) + b"\x85R"
    assert "builtins.bytearray" in refused(edit(file, replaced(b"K\x01", call)))


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_a_huge_memo_is_refused(form: bool, tmp_path: Path) -> None:
    file = save({"n": 1, OURS[0]: torch.ones(2)}, tmp_path / "w.pth", form)
    change = replaced(b"K\x01", b"K\x01r" + struct.pack("<I", 2**31))
    assert "remembered values" in refused(edit(file, change))


@pytest.mark.parametrize("form", [ZIP, LEGACY])
def test_a_checked_tensor_cannot_be_changed_afterwards(form: bool, tmp_path: Path) -> None:
    """Torch lets BUILD set a tensor's storage and shape anew."""
    file = save({OURS[0]: torch.arange(6.0)}, tmp_path / "w.pth", form)
    content = pickle_of(file)
    end = content.rindex(b"R", 0, content.index(b"s.", content.index(b"cpu")))
    tail = content[end : content.index(b"s.", end) + 2]
    assert "damaged" in refused(edit(file, replaced(tail, b"R}b" + tail[1:])))


def pickle_of(file: Path) -> bytes:
    if not zipfile.is_zipfile(file):
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))
