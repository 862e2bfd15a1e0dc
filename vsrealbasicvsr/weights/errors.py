"""The one sentence for a file that is not weights."""

from __future__ import annotations

from vsrealbasicvsr.errors import WeightsError


def refusal(source: object, found: str) -> WeightsError:
    """The error that names a source, what was found in it and what was expected.

    Args:
        source: a path, or words for something in memory.
        found: a noun phrase; it may quote the file, so control characters are replaced.
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in " ".join(found.split()))
    return WeightsError(
        f"{source} holds {shown}; expected the weights of RealBasicVSR or BasicVSR, "
        "as a PyTorch or a safetensors file."
    )
