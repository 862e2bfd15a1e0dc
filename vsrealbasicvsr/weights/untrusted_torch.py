"""PyTorch files, zip and legacy form, as untrusted input."""

from __future__ import annotations

import io
import mmap
import pickle
import struct
import zipfile
from pathlib import Path
from typing import IO

import torch

from vsrealbasicvsr.weights.errors import refusal
from vsrealbasicvsr.weights.torch_pickle import replay

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_HEADERS = 2  # protocol number and system information, after the magic number

# What zipfile, pickle and torch raise on damaged bytes; none of them documents a closed list.
_DAMAGE = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, OSError, RuntimeError,
    ValueError, TypeError, LookupError, AttributeError, OverflowError, ImportError,
)  # fmt: skip


def read_torch(path: Path) -> object:
    """What `torch.save` put into a file, made of tensors and plain containers only.

    Everything that the file declares is checked against its size before torch sees it: torch itself
    would allocate first.

    Args:
        path: a file that begins like a zip archive or a pickle.

    Returns:
        The saved object, tensors on the CPU.

    Raises:
        WeightsError: the file is damaged, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            if file.peek(2).startswith(b"PK"):
                _check_zip(file, path)
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    _check_legacy(content, path)
            file.seek(0)
            # The open file and not its path: by a path's suffix torch would choose another reader.
            return torch.load(file, map_location="cpu", weights_only=True)
    except _DAMAGE as error:
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        raise refusal(path, f"a damaged or cut off PyTorch file ({reason})") from error


def _check_zip(file: IO[bytes], path: Path) -> None:
    file_size = path.stat().st_size
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        total = sum(entry.file_size for entry in archive.infolist())
        if total > file_size or any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise refusal(path, "a compressed zip archive, which PyTorch does not write")
        if len(entries) != len(archive.infolist()):
            raise refusal(path, "a zip archive with two entries of one name")
        root = next(iter(entries), "").partition("/")[0]
        if f"{root}/data.pkl" not in entries or f"{root}/constants.pkl" in entries:
            raise refusal(path, "a zip archive that is not a PyTorch state dict")
        declared = replay(io.BytesIO(archive.read(f"{root}/data.pkl")), path)
    for key, size in declared.storages.items():
        entry = entries.get(f"{root}/data/{key}")
        if entry is None or entry.file_size != size:
            raise refusal(
                path, f"a tensor of {size} bytes with {entry.file_size if entry else 0} bytes of data"
            )


def _check_legacy(content: mmap.mmap, path: Path) -> None:
    if replay(content, path).value != LEGACY_MAGIC:
        raise refusal(path, "a pickled object that PyTorch did not write")
    for _ in range(_LEGACY_HEADERS):
        replay(content, path)
    declared = replay(content, path)
    order = replay(content, path).value
    if not isinstance(order, list) or sorted(order) != sorted(declared.storages):
        raise refusal(path, "a damaged PyTorch file: its list of tensors is another than its tensors")
    needed = sum(struct.calcsize("<q") + size for size in declared.storages.values())
    left = len(content) - content.tell()
    if needed > left:
        raise refusal(path, f"a cut off PyTorch file: {needed} bytes of tensors declared, {left} present")
