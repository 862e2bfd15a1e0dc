"""Safe reading of untrusted PyTorch files, in zip form and legacy form."""

from __future__ import annotations

import io
import mmap
import pickle
import pickletools
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, cast

import torch

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.errors import refusal

_ITEM_SIZES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8,
    "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
}  # fmt: skip
_MAX_DIMENSIONS = 8
_PROTOCOL = 2  # the only one that torch's weights-only reader supports completely
_MAX_MEMO = 1 << 24  # CPython allocates a memo with as many slots as the highest index


@dataclass(frozen=True, slots=True)
class Declaration:
    """The contents that a pickle declares.

    Attributes:
        value: the object without its tensors.
        storages: sizes in bytes, by storage key.
    """

    value: object
    storages: dict[str, int]


def replay(stream: BytesIO | mmap.mmap, source: Path) -> Declaration:
    """Run one pickle to its end; only plain containers are created.

    Args:
        stream: a stream at the start of the pickle; afterwards it is at the end of the pickle.
        source: the file, for errors.

    Raises:
        WeightsError: the pickle names objects other than tensors, or a tensor exceeds its storage.
        Exception: the pickle is damaged; `pickle` does not document which exceptions it raises.
    """
    start = stream.tell()
    for opcode, argument, _ in pickletools.genops(cast(IO[bytes], stream)):
        if "PUT" in opcode.name and isinstance(argument, int) and argument > _MAX_MEMO:
            raise refusal(source, f"a pickle with {argument} remembered values")
        if opcode.name == "PROTO" and argument != _PROTOCOL:
            raise refusal(source, f"a pickle of protocol {argument}, where PyTorch writes {_PROTOCOL}")
    stream.seek(start)
    inert = _Inert(stream, source)
    return Declaration(inert.load(), inert.storages)


class _Inert(pickle.Unpickler):
    """An unpickler that resolves names only to containers, sizes and checks.

    These are immutable (numbers, builtin types, bound methods), so that no later opcode can change a checked
    value.
    """

    def __init__(self, stream: BytesIO | mmap.mmap, source: Path) -> None:
        super().__init__(stream, encoding="utf-8")
        self.storages: dict[str, int] = {}
        self._source = source

    def find_class(self, module: str, name: str) -> Callable[..., object] | int:
        if module == "torch" and name in _ITEM_SIZES:
            return _ITEM_SIZES[name]
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch", "Size":
                return tuple
            case "torch._utils", "_rebuild_tensor_v2":
                return self._check_view
            case "torch._utils", "_rebuild_parameter":
                return self._parameter
        raise refusal(self._source, f"a pickled object of {module}.{name}"[:120])

    def persistent_load(self, identity: object) -> int:
        """Note a storage, and return its number of values."""
        match identity:
            case ("storage", int(item_size), str(key), str(), int(count), *rest) if not any(rest):
                size = item_size * count
                if count >= 0 and self.storages.setdefault(key, size) == size:
                    return count
        raise self._malformed()

    def _check_view(self, count: int, offset: int, shape: object, strides: object, *_: object) -> None:
        """Check that a tensor, a view of a storage with `count` values, does not exceed it."""
        shape, strides = self._extents(shape), self._extents(strides)
        if (
            len(shape) != len(strides)
            or not isinstance(count, int)
            or not isinstance(offset, int)
            or offset < 0
        ):
            raise self._malformed()
        values, last = 1, offset
        for length, stride in zip(shape, strides, strict=True):
            values *= length
            last += (length - 1) * stride
        if values > count or (values > 0 and last >= count):
            raise refusal(self._source, f"a tensor of shape {shape} in {count} values of data")

    def _extents(self, numbers: object) -> tuple[int, ...]:
        if not isinstance(numbers, tuple) or len(numbers) > _MAX_DIMENSIONS:
            raise self._malformed()
        if not all(isinstance(number, int) and number >= 0 for number in numbers):
            raise self._malformed()
        return numbers

    def _parameter(self, data: object, *_: object) -> object:
        return data

    def _malformed(self) -> WeightsError:
        return refusal(self._source, "a malformed pickled tensor")


LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_HEADERS = 2  # protocol number and system information, after the magic number

# Exceptions of zipfile, pickle and torch on damaged bytes; none of them documents a complete list.
_DAMAGE = (
    pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, OSError, RuntimeError,
    ValueError, TypeError, LookupError, AttributeError, OverflowError, ImportError,
)  # fmt: skip


def read_torch(path: Path) -> object:
    """Read a file of `torch.save` that holds only tensors and plain containers.

    All sizes that the file declares are checked against the size of the file before torch reads it, because
    torch would allocate memory first.

    Args:
        path: a file that begins like a zip archive or a pickle.

    Returns:
        The saved object, with tensors on the CPU.

    Raises:
        WeightsError: the file is damaged, or holds other objects.
    """
    try:
        with path.open("rb") as file:
            if file.peek(2).startswith(b"PK"):
                _check_zip(file, path)
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    _check_legacy(content, path)
            file.seek(0)
            # The open file instead of its path, because torch would choose another reader by a path's suffix.
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
    keys = replay(content, path).value
    if not isinstance(keys, list) or sorted(keys) != sorted(declared.storages):
        raise refusal(path, "a damaged PyTorch file: its list of tensors is another than its tensors")
    needed = sum(struct.calcsize("<q") + size for size in declared.storages.values())
    present = len(content) - content.tell()
    if needed > present:
        raise refusal(path, f"a cut off PyTorch file: {needed} bytes of tensors declared, {present} present")
