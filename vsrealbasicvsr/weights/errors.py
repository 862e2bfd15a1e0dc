"""The error for a file that does not hold weights."""

from __future__ import annotations

from vsrealbasicvsr.errors import WeightsError


def refusal(source: object, found: str) -> WeightsError:
    """Return the error with a source, its actual contents and the expected contents.

    Args:
        source: a path, or words for an object in memory.
        found: the actual contents, as a noun phrase; it may quote the file, so control characters are
            replaced.
    """
    printable = "".join(letter if letter.isprintable() else "?" for letter in " ".join(found.split()))
    return WeightsError(
        f"{source} holds {printable}; expected the weights of RealBasicVSR or BasicVSR, "
        "as a PyTorch or a safetensors file."
    )
