"""HDR10's static metadata in FFmpeg's notation."""

from __future__ import annotations

from collections.abc import Sequence

LOST = (
    "HDR10's metadata is lost, as FFmpeg before 9 cannot be told of it: give it to the encoder, "
    "with -x265-params master-display=...:max-cll=... for example."
)


def mastering_display(points: Sequence[float], darkest: float, brightest: float) -> str:
    """Return the mastering display in the units of the bitstream (SMPTE ST 2086).

    Args:
        points: x and y of red, green, blue and white, 0-1.
        darkest: Lowest luminance, in candela per square metre.
        brightest: Highest luminance, in candela per square metre.
    """
    units = [round(value * 50_000) for value in points]
    red, green, blue, white = (f"({x},{y})" for x, y in zip(units[::2], units[1::2], strict=True))
    low, high = (round(value * 10_000) for value in (darkest, brightest))
    return f"G{green}B{blue}R{red}WP{white}L({high},{low})"
