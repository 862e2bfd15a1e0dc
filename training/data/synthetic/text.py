"""Clips of text over a background: subtitles, credits, tickers, signs and titles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.data.options import TextOptions
from training.data.synthetic.backgrounds import Backgrounds, colour, fixed
from training.data.synthetic.fonts import Font
from training.data.synthetic.layers import FINE, Layer, composed
from training.data.synthetic.lettering import Style, lettered
from training.data.synthetic.motion import course, shift, turn
from training.data.synthetic.photos import Filmed
from training.data.synthetic.scripts import line

Array = NDArray[np.float64]

_LIGHT = ((255, 255, 255), (255, 255, 255), (240, 240, 230), (255, 255, 0), (255, 230, 120))
_ALIGNED: tuple[Literal["left", "center", "right"], ...] = ("left", "center", "center", "right")
_LETTER = 0.5  # width of a letter over the height of its line: an estimate, to fill the frame
_TILT = 0.25  # largest tilt of a sign: relative difference in scale between opposite edges of the frame


@dataclass(frozen=True, slots=True)
class TextClip:
    """Text in fonts that are chosen at random; any number of frames.

    Attributes:
        name: name for messages.
        fonts: fonts with at least one script each.
        backgrounds: backgrounds of the text.
        options: limits of the text's size and speed.
    """

    name: str
    fonts: tuple[Font, ...]
    backgrounds: Backgrounds
    options: TextOptions

    def take(self, rng: np.random.Generator, count: int, side: int) -> NDArray[np.uint8]:
        """See `Clip.take`. The background, the font, the words, the style and the motion are random."""
        background = self.backgrounds.film(rng, count, side)
        pen = _Pen(rng, self.fonts[int(rng.integers(len(self.fonts)))], self.options, side)
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        return composed(background.frames, [kind(pen, background)])


class _Pen:
    """A font with random sizes, words and styles. Text is written `FINE` times as large as it is shown."""

    def __init__(self, rng: np.random.Generator, font: Font, options: TextOptions, side: int) -> None:
        self.rng = rng
        self.options = options
        self.side = side
        self._font = font
        self._script = font.scripts[int(rng.integers(len(font.scripts)))]

    def size(self, low: float, high: float) -> float:
        """Draw the height of a line between two places (0-1) of the range, on a logarithmic scale."""
        least, most = np.log(self.options.smallest), np.log(self.options.largest)
        return float(np.exp(least + self.rng.uniform(low, high) * (most - least)))

    def text(self, size: float, lines: int, width: float) -> str:
        """Draw lines of about this width, relative to the side of the frame."""
        letters = max(2, round(width * self.side / (size * _LETTER)))
        return "\n".join(line(self.rng, self._script, letters) for _ in range(lines))

    def write(self, size: float, text: str, style: Style) -> NDArray[np.uint8]:
        return lettered(self._font.path, size * FINE, text, style)

    def style(self, size: float) -> Style:
        """Draw a style: letters in a light colour or any other, with a contrasting outline or a shadow."""
        rng, fine = self.rng, size * FINE
        fill = _LIGHT[int(rng.integers(len(_LIGHT)))] if rng.random() < 0.7 else colour(rng)
        dark = sum(fill) < 330
        style = Style(fill=fill, ink=(255, 255, 255) if dark else (0, 0, 0))
        if rng.random() < 0.75:
            style = replace(style, outline=max(2, round(fine * rng.uniform(0.03, 0.1))))
        if not style.outline or rng.random() < 0.3:
            shadow = max(2, round(fine * rng.uniform(0.03, 0.08)))
            style = replace(style, shadow=shadow, blur=float(rng.choice([0.0, 0.5, 1.0]) * shadow))
        return style


def _placed(picture: NDArray[np.uint8], middle: Array, own: Array | None = None) -> Array:
    """Return (3, 3) or (T, 3, 3): homographies from a text's pixels to the frame, its centre at `middle`."""
    height, width = picture.shape[:2]
    inward = turn(0.0, 1 / FINE) @ shift(-(width - 1) / 2, -(height - 1) / 2)
    return shift(*middle) @ (inward if own is None else own @ inward)


def _placed_on_samples(picture: NDArray[np.uint8], middle: Array) -> Array:
    """Return the nearest place at which samples meet the text's pixels, so that it is as sharp as written."""
    place = _placed(picture, middle)
    place[:2, 2] = np.round(place[:2, 2] * FINE) / FINE + (1 / FINE - 1) / 2
    return place


def _subtitle(pen: _Pen, background: Filmed) -> Layer:
    """Return a subtitle, which stands still over a moving background."""
    rng = pen.rng
    size = pen.size(0.25, 0.9)
    text = pen.text(size, int(rng.integers(1, 3)), rng.uniform(0.6, 1.3))
    picture = pen.write(size, text, pen.style(size))
    row = rng.choice([0.25, 0.6, 0.75]) + rng.uniform(-0.08, 0.08)
    place = _placed_on_samples(picture, pen.side * np.array([0.5 + rng.uniform(-0.15, 0.15), row]))
    return Layer(picture, np.broadcast_to(place, (len(background.frames), 3, 3)))


def _credits(pen: _Pen, background: Filmed) -> Layer:
    """Return credits: many lines that move up or down."""
    rng, count = pen.rng, len(background.frames)
    size = pen.size(0.0, 0.5)
    reach = pen.options.scroll * count
    lines = int(np.ceil((pen.side + reach) / (size * 1.2)))
    style = replace(pen.style(size), align=_ALIGNED[int(rng.integers(len(_ALIGNED)))])
    picture = pen.write(size, pen.text(size, lines, rng.uniform(0.3, 0.9)), style)
    speed = pen.options.scroll * rng.uniform(0.1, 1.0) * rng.choice([-1, 1])
    middle = pen.side * np.array([0.5 + rng.uniform(-0.2, 0.2), 0.5])
    ways = speed * (np.arange(count) - (count - 1) / 2)
    return Layer(picture, np.stack([shift(0, way) @ _placed_on_samples(picture, middle) for way in ways]))


def _ticker(pen: _Pen, background: Filmed) -> Layer:
    """Return a ticker: a line on a band, which moves to the left or right."""
    rng, count = pen.rng, len(background.frames)
    size = pen.size(0.2, 0.8)
    width = 1.6 + 2 * pen.options.scroll * count / pen.side
    board = colour(rng)
    fill = (255, 255, 255) if sum(board) < 400 else (10, 10, 10)
    style = Style(fill=fill, board=board, cover=float(rng.choice([0.5, 0.8, 1.0])))
    picture = pen.write(size, pen.text(size, 1, width), style)
    speed = pen.options.scroll * rng.uniform(0.2, 1.0) * rng.choice([-1, 1])
    place = _placed_on_samples(picture, pen.side * np.array([0.5, rng.uniform(0.15, 0.85)]))
    ways = speed * (np.arange(count) - (count - 1) / 2)
    return Layer(picture, np.stack([shift(way, 0) @ place for way in ways]))


def _sign(pen: _Pen, background: Filmed) -> Layer:
    """Return a sign: a board that is fixed to the background and seen at an angle."""
    rng = pen.rng
    size = pen.size(0.2, 0.9)
    board = colour(rng)
    fill = (250, 250, 245) if sum(board) < 400 else (15, 15, 20)
    border = round(size * FINE * rng.uniform(0.04, 0.1)) if rng.random() < 0.6 else 0
    style = Style(fill=fill, board=board, border=border, ink=fill)
    picture = pen.write(size, pen.text(size, int(rng.integers(1, 4)), rng.uniform(0.3, 0.8)), style)
    tilt = np.eye(3)
    tilt[2, :2] = rng.uniform(-_TILT, _TILT, 2) / pen.side
    own = tilt @ turn(np.radians(rng.uniform(-15, 15)), 1.0)
    place = _placed(picture, pen.side * rng.uniform(0.35, 0.65, 2), own)
    return Layer(picture, fixed(background) @ place)


def _title(pen: _Pen, background: Filmed) -> Layer:
    """Return a title: a few large letters with their own motion."""
    rng, count = pen.rng, len(background.frames)
    size = pen.size(0.6, 1.0)
    picture = pen.write(size, pen.text(size, 1, rng.uniform(0.5, 0.9)), pen.style(size))
    across, down = (course(rng, pen.options.scroll / 2, count) for _ in range(2))
    scales = np.exp(course(rng, 0.01, count))
    angles = np.radians(rng.uniform(-12, 12) * rng.integers(2) + course(rng, 0.5, count))
    start = pen.side * rng.uniform(0.35, 0.65, 2)
    places = [
        _placed(picture, start + np.array([across[t], down[t]]), turn(angles[t], scales[t]))
        for t in range(count)
    ]
    return Layer(picture, np.stack(places))


_KINDS: tuple[Callable[[_Pen, Filmed], Layer], ...] = (_subtitle, _subtitle, _credits, _ticker, _sign, _title)
