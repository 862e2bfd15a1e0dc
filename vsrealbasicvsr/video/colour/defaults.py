"""What video usually means where it does not say; numbers are H.273's."""

from __future__ import annotations

BT709, BT601_625, BT601_525 = 1, 5, 6
PRIMARIES_WITH_A_MATRIX = (BT709, 4, BT601_625, BT601_525, 7, 9)
"""BT.470 M goes with FCC; every other system has one number for its matrix and its primaries."""


def usual_matrix(primaries: int | None, width: int, height: int) -> int:
    """The matrix of those primaries, else of the size.

    High definition is BT.709; below it, 486 lines and fewer are the 525-line system's.
    """
    if primaries in PRIMARIES_WITH_A_MATRIX:
        return primaries
    if height > 576 or width > 1024:
        return BT709
    return BT601_525 if height <= 486 else BT601_625
