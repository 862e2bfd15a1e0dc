"""Lines of text as transparent pictures: letters with outlines, shadows and boards behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from training.data.synthetic.fonts import opened
from vsrealbasicvsr.errors import ClipError

Colour = tuple[int, int, int]

_BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """How letters look; lengths are in pixels.

    Attributes:
        fill: colour of the letters.
        outline: width of the line around them; 0: none.
        ink: its colour.
        shadow: how far to the lower right it lies; 0: none.
        blur: of the shadow; 0 is sharp.
        board: colour of what they stand on; None: nothing.
        cover: of the board: 1 hides what is behind it.
        border: width of the frame around the board, in `ink`.
        align: of lines.
    """

    fill: Colour
    outline: int = 0
    ink: Colour = (0, 0, 0)
    shadow: int = 0
    blur: float = 0.0
    board: Colour | None = None
    cover: float = 1.0
    border: int = 0
    align: Literal["left", "center", "right"] = "center"


def lettered(font_path: Path, size: float, text: str, style: Style) -> NDArray[np.uint8]:
    """Write some lines.

    Args:
        font_path: of the font.
        size: height of a line, pixels.
        text: the lines, with line breaks between them.
        style: how they look.

    Returns:
        (H, W, 4) RGBA, colours multiplied by alpha, large enough for all of it.

    Raises:
        ClipError: the font cannot be read, or letters of it are damaged.
    """
    font = opened(font_path, size)
    try:
        return _written(font, size, text, style)
    except OSError as error:
        raise ClipError(f"{font_path} has damaged letters.") from error


def _written(font: ImageFont.FreeTypeFont, size: float, text: str, style: Style) -> NDArray[np.uint8]:
    spacing = round(size * 0.2)
    probe = ImageDraw.Draw(Image.new("L", (1, 1)))
    measured = probe.multiline_textbbox(
        (0, 0), text, font, spacing=spacing, align=style.align, stroke_width=style.outline
    )
    margin = (
        round(size * (0.35 if style.board else 0.05)) + style.shadow + round(2 * style.blur) + style.border
    )
    left, top = (int(np.floor(value)) - margin for value in measured[:2])
    width, height = (
        int(np.ceil(value)) + margin - low for value, low in zip(measured[2:], (left, top), strict=True)
    )
    # Four plain channels: in the mode RGBA, Pillow would not multiply colours by alpha where it was clear.
    canvas = Image.new("CMYK", (width, height))
    if style.board is not None:
        _draw_board(canvas, style)

    def write(target: Image.Image, offset: int, fill: Colour, ink: Colour) -> None:
        # The distance of lines depends on the stroke: so it is always the same one.
        ImageDraw.Draw(target).multiline_text(
            (offset - left, offset - top), text, (*fill, 255), font, spacing=spacing, align=style.align,
            stroke_width=style.outline, stroke_fill=(*ink, 255),
        )  # fmt: skip

    if style.shadow:
        write(canvas, style.shadow, _BLACK, _BLACK)
        if style.blur and style.board is None:
            canvas = canvas.filter(ImageFilter.GaussianBlur(style.blur))
    write(canvas, 0, style.fill, style.ink)
    return np.asarray(canvas)


def _draw_board(canvas: Image.Image, style: Style) -> None:
    assert style.board is not None
    part = (*(round(value * style.cover) for value in style.board), round(255 * style.cover))
    canvas.paste(part, (0, 0, *canvas.size))
    if style.border:
        # Pillow's corners are inside the rectangle.
        right, lower = canvas.width - 1 - style.border, canvas.height - 1 - style.border
        ImageDraw.Draw(canvas).rectangle(
            (style.border, style.border, right, lower), outline=(*style.ink, 255), width=style.border
        )
