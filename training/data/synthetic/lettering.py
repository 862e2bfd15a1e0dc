"""Lines of text as transparent pictures: letters with outlines, shadows and a board behind them."""

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
    """The style of letters. Lengths are in pixels.

    Attributes:
        fill: colour of the letters.
        outline: width of the outline; 0: no outline.
        ink: colour of the outline.
        shadow: offset of the shadow to the lower right; 0: no shadow.
        blur: blur of the shadow; 0 is sharp.
        board: colour of the board behind the letters; None: no board.
        cover: opacity of the board; 1 hides the background.
        border: width of the frame around the board, in the colour `ink`.
        align: alignment of the lines.
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
    """Draw lines of text.

    Args:
        font_path: path of the font.
        size: height of a line in pixels.
        text: the lines, with line breaks between them.
        style: style of the letters.

    Returns:
        (H, W, 4) RGBA, colours multiplied by alpha, large enough for all of the text.

    Raises:
        ClipError: the font cannot be read, or its letters are damaged.
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
    # CMYK has four plain channels. In RGBA mode, Pillow would not multiply colours by alpha on clear pixels.
    canvas = Image.new("CMYK", (width, height))
    if style.board is not None:
        _draw_board(canvas, style)

    def write(target: Image.Image, offset: int, fill: Colour, ink: Colour) -> None:
        # The distance of the lines depends on the stroke width, which is therefore always the same.
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
        # Pillow's corners belong to the rectangle.
        right, lower = canvas.width - 1 - style.border, canvas.height - 1 - style.border
        ImageDraw.Draw(canvas).rectangle(
            (style.border, style.border, right, lower), outline=(*style.ink, 255), width=style.border
        )
