"""The header of a safetensors file, read without the library and without torch; the file is untrusted."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import IO, Any

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.errors import refusal

METADATA = "__metadata__"
DAMAGE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What damaged headers raise, and what is made of their entries."""
_LENGTH = struct.Struct("<Q")
_LARGEST = 16 << 20


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins so (9 bytes or more) is a safetensors file."""
    return head[_LENGTH.size :][:1] == b"{"


def read_header(file: IO[bytes], size: int) -> tuple[dict[str, Any], int]:
    """The header of an open file, and how many bytes of tensors come after it.

    Args:
        file: at its start.
        size: of the file, in bytes.

    Raises:
        ValueError: the header is longer than the file, or no JSON; RecursionError: it is nested too deeply.
    """
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    if length > min(size - _LENGTH.size, _LARGEST):
        raise ValueError(f"a header of {length} bytes in a file of {size}")
    return json.loads(file.read(length)), size - _LENGTH.size - length


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of a weights file, from its header alone; empty for files of another form.

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
    """A safetensors file with these metadata, in this order: the library writes them in a random one.

    Args:
        content: the whole file.
        metadata: take the place of those in it.
    """
    (length,) = _LENGTH.unpack_from(content)
    end = _LENGTH.size + length
    tensors = json.loads(content[_LENGTH.size : end])
    tensors.pop(METADATA, None)
    text = json.dumps({METADATA: metadata, **tensors}, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH.size)  # so that the tensors stay aligned
    return _LENGTH.pack(len(text)) + text + content[end:]
