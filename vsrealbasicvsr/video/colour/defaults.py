"""Usual colour tags of untagged video, as numbers of H.273."""

from __future__ import annotations

BT709, BT601_625, BT601_525 = 1, 5, 6
PRIMARIES_WITH_A_MATRIX = (BT709, 4, BT601_625, BT601_525, 7, 9)
"""Primaries whose matrix has the same number.

4 is BT.470 M for the primaries and FCC for the matrix; the other numbers name the same system in both.
"""


def usual_matrix(primaries: int | None, width: int, height: int) -> int:
    """Return the matrix that belongs to the primaries, or otherwise to the frame size.

    By size, more than 1024 columns or 576 lines (high definition) are BT.709. Smaller frames are BT.601: for
    the 525-line system up to 486 lines, and for the 625-line system above.
    """
    if primaries in PRIMARIES_WITH_A_MATRIX:
        return primaries
    if height > 576 or width > 1024:
        return BT709
    return BT601_525 if height <= 486 else BT601_625
