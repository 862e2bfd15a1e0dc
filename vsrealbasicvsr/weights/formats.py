"""Reading of weights files of all supported formats; the format is detected from the content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from vsrealbasicvsr.errors import WeightsError
from vsrealbasicvsr.weights.errors import refusal
from vsrealbasicvsr.weights.naming import canonical
from vsrealbasicvsr.weights.safetensors_header import DAMAGE, METADATA, is_safetensors, read_header
from vsrealbasicvsr.weights.untrusted_torch import read_torch

__all__ = ["canonical", "read_state"]

MAX_BYTES = 2 << 30  # the largest known checkpoint has 148 MB
_HEAD = 512


def read_state(path: Path, *, average: bool = True) -> dict[str, Tensor]:
    """Read the generator's tensors of a weights file, by the authors' names (see `canonical`).

    The file is untrusted. Its format is detected from the content, no code in it is run, and the sizes that
    it declares are checked against the size of the file before memory is allocated.

    Args:
        path: a PyTorch file (zip or legacy form) or a safetensors file.
        average: if a checkpoint has both, take the moving average (True) or the live generator (False).

    Returns:
        CPU tensors of any floating dtype.

    Raises:
        WeightsError: the file cannot be read, or is not a weights file.
    """
    size = _size(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if is_safetensors(head):
        state: object = _read_safetensors(path, size)
    elif head.startswith((b"PK\x03\x04", b"\x80")):
        state = read_torch(path)
    else:
        raise refusal(path, _describe(head))
    if not isinstance(state, Mapping):
        raise refusal(path, f"a saved {type(state).__name__}")
    return canonical(state, path, average=average)


def _size(path: Path) -> int:
    try:
        if not path.is_file():
            raise WeightsError(
                f"{path} is not a file." if path.exists() else f"There is no weights file {path}."
            )
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.") from error
    if size == 0:
        raise refusal(path, "nothing (the file is empty)")
    if size > MAX_BYTES:
        raise refusal(path, f"{size} bytes, more than the {MAX_BYTES} that weights may have")
    return size


def _read_safetensors(path: Path, size: int) -> dict[str, Tensor]:
    try:
        _check_header(path, size)
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, *DAMAGE) as error:
        raise refusal(path, f"a damaged or cut off safetensors file ({str(error)[:200]})") from error


def _check_header(path: Path, size: int) -> None:
    with path.open("rb") as file:
        header, present = read_header(file, size)
    header.pop(METADATA, None)
    declared = max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if declared != present:
        raise ValueError(f"{declared} bytes of tensors declared, {present} present")


def _describe(head: bytes) -> str:
    text = head.lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "an HTML page (perhaps a download page was saved instead of the file)"
    if text.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer instead of the file itself"
    return f"bytes of an unknown kind (it begins with {head[:8]!r})"
