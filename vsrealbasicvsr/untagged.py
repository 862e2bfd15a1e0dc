"""What video usually means where it does not say; numbers are H.273's."""

from __future__ import annotations

BT709, BT601_625, BT601_525 = 1, 5, 6


def matrix_of_size(width: int, height: int) -> int:
    """High definition is BT.709; below it, 486 lines and fewer are the 525-line system's."""
    if height > 576 or width > 1024:
        return BT709
    return BT601_525 if height <= 486 else BT601_625
