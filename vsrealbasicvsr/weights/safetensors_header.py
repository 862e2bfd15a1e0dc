"""The header of an untrusted safetensors file, read without the safetensors library and without torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import IO, Any

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.errors import refusal

METADATA = "__metadata__"
DAMAGE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""The exceptions that reading a damaged header, or using its entries, can raise."""
_LENGTH = struct.Struct("<Q")
_LARGEST = 16 << 20


def is_safetensors(head: bytes) -> bool:
    """Return whether a file that begins with these bytes (9 or more) is a safetensors file."""
    return head[_LENGTH.size :][:1] == b"{"


def read_header(file: IO[bytes], size: int) -> tuple[dict[str, Any], int]:
    """Read the header of an open file, and return it with the number of bytes of tensors after it.

    Args:
        file: a file at its start.
        size: size of the file in bytes.

    Raises:
        ValueError: the header is longer than the file or than 16 MiB, or is not JSON.
        RecursionError: the header is nested too deeply.
    """
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    if length > min(size - _LENGTH.size, _LARGEST):
        raise ValueError(f"a header of {length} bytes in a file of {size}")
    return json.loads(file.read(length)), size - _LENGTH.size - length


def read_metadata(path: Path) -> dict[str, str]:
    """Read the metadata in the header of a weights file; empty for files of other formats.

    Raises:
        WeightsError: the file cannot be read, or its header is damaged.
    """
    try:
        with path.open("rb") as file:
            if not is_safetensors(file.peek(_LENGTH.size + 1)):
                return {}
            header, _ = read_header(file, path.stat().st_size)
            metadata = header.get(METADATA) or {}
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from error
    except DAMAGE as error:
        raise refusal(path, f"a damaged or cut off safetensors file ({str(error)[:200]})") from error
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise refusal(path, "a safetensors file whose metadata are no texts")
    return metadata


def with_metadata(content: bytes, metadata: dict[str, str]) -> bytes:
    """Return a safetensors file with new metadata in a fixed order; the library's order is random.

    Args:
        content: the bytes of the whole file.
        metadata: the new metadata; they replace those in the file.
    """
    (length,) = _LENGTH.unpack_from(content)
    end = _LENGTH.size + length
    tensors = json.loads(content[_LENGTH.size : end])
    tensors.pop(METADATA, None)
    text = json.dumps({METADATA: metadata, **tensors}, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH.size)  # so that the tensors stay aligned
    return _LENGTH.pack(len(text)) + text + content[end:]
