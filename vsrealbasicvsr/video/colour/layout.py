"""Memory layouts of FFmpeg's pixel formats, derived from the formats' names."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from vsrealbasicvsr.errors import VideoError


@dataclass(frozen=True, slots=True)
class Channel:
    """The place of one channel's samples: every `step`-th sample of a line of `plane`, from `offset` on."""

    plane: int
    offset: int = 0
    step: int = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a pixel format whose samples can be read directly from memory.

    Attributes:
        family: The channels: Y, U, V; or Y; or R, G, B.
        depth: Significant bits of a sample.
        sample: NumPy's name of a sample's type.
        channels: The channels, in the order of `family`.
        subsampling: Luma lines per chroma line, and luma columns per chroma column.
        shift: Number of unused bits below the significant ones.
        spare: Whether there is alpha or padding besides the channels.
        full_range: Whether the format's name means full range (`yuvj420p`).
    """

    family: Literal["yuv", "gray", "rgb"]
    depth: int
    sample: str
    channels: tuple[Channel, ...]
    subsampling: tuple[int, int] = (1, 1)
    shift: int = 0
    spare: bool = False
    full_range: bool = False

    @property
    def is_float(self) -> bool:
        """Whether samples are floats from 0 to 1 instead of integer codes."""
        return "f" in self.sample

    @property
    def is_subsampled(self) -> bool:
        """Whether there are fewer chroma samples than luma samples."""
        return self.subsampling != (1, 1)


@lru_cache(maxsize=512)
def pixel_layout(name: str) -> Layout:
    """Return the layout of a pixel format.

    Args:
        name: FFmpeg's name of the format.

    Raises:
        VideoError: the samples cannot be read directly from memory.
    """
    for layout_of in (_planar_yuv, _half_planar_yuv, _packed_yuv, _gray, _planar_rgb, _packed_rgb):
        layout = layout_of(name)
        if layout:
            return layout
    raise VideoError(f"pixel format {name} is not supported: convert to one such as yuv420p or gbrp first.")


def readable_format(name: str) -> str:
    """Return the pixel format to read a frame in: its own, or a replacement that holds the same values."""
    return _REPLACEMENTS.get(name, name)


_SUBSAMPLING = {"420": (2, 2), "422": (1, 2), "444": (1, 1), "440": (2, 1), "411": (1, 4), "410": (4, 4)}
_PLANES = (Channel(0), Channel(1), Channel(2))

# FFmpeg's scaler converts these without loss. Formats that it would round (rgb565, rgb8) are not listed.
_REPLACEMENTS = {
    "pal8": "rgb24",
    "monow": "gray",
    "monob": "gray",
    "uyyvyy411": "yuv411p",
    "x2rgb10le": "gbrp10le",
    "x2bgr10le": "gbrp10le",
}

_HALF_PLANAR = {  # subsampling and depth
    **{f"nv{kind}": ("420", 8) for kind in ("12", "21")},
    **{f"nv{kind}": ("444", 8) for kind in ("24", "42")},
    **{"nv16": ("422", 8), "nv20": ("422", 10)},
    **{f"p{n}{depth}": (f"42{n}", depth) for n in "02" for depth in (10, 12, 16)},
    **{f"p4{depth}": ("444", depth) for depth in (10, 12, 16)},
}

# Order of the samples in memory, significant bits, bits of a sample, subsampling; `x` is padding.
_PACKED_YUV = {
    "yuyv422": ("yuyv", 8, 8, "422"),
    "uyvy422": ("uyvy", 8, 8, "422"),
    "yvyu422": ("yvyu", 8, 8, "422"),
    "vyu444": ("vyu", 8, 8, "444"),
    "vuya": ("vuya", 8, 8, "444"),
    "vuyx": ("vuyx", 8, 8, "444"),
    "ayuv": ("ayuv", 8, 8, "444"),
    "uyva": ("uyva", 8, 8, "444"),
    "y210": ("yuyv", 10, 16, "422"),
    "y212": ("yuyv", 12, 16, "422"),
    "y216": ("yuyv", 16, 16, "422"),
    "ayuv64": ("ayuv", 16, 16, "444"),
    "xv36": ("uyvx", 12, 16, "444"),
    "xv48": ("uyvx", 16, 16, "444"),
}


def _sample(bits: int, end: str | None, is_float: bool = False) -> str:
    size = 1 if bits <= 8 else 2 if bits <= 16 else 4
    return f"{'>' if end == 'be' else '<'}{'f' if is_float else 'u'}{size}"


def _planar_yuv(name: str) -> Layout | None:
    match = re.fullmatch(r"yuv([aj]?)(4\d\d)p(?:(\d+)(msb)?(le|be))?", name)
    if not match:
        return None
    kind, subsampling, depth, high, end = match.groups()
    bits = int(depth or 8)
    return Layout(
        "yuv",
        bits,
        _sample(bits, end),
        _PLANES,
        _SUBSAMPLING[subsampling],
        shift=16 - bits if high else 0,
        spare=kind == "a",
        full_range=kind == "j",
    )


def _half_planar_yuv(name: str) -> Layout | None:
    """Return a layout with U and V interleaved in one plane; formats named p... use the high bits."""
    match = re.fullmatch(r"(nv|p[024])(\d\d)(le|be)?", name)
    if not match or match[1] + match[2] not in _HALF_PLANAR:
        return None
    subsampling, depth = _HALF_PLANAR[match[1] + match[2]]
    chroma = (Channel(1, 0, 2), Channel(1, 1, 2))
    if name in ("nv21", "nv42"):
        chroma = chroma[::-1]
    bits = 16 if name[0] == "p" else depth
    channels = (Channel(0), *chroma)
    return Layout(
        "yuv", depth, _sample(bits, match[3]), channels, _SUBSAMPLING[subsampling], shift=bits - depth
    )


def _packed_yuv(name: str) -> Layout | None:
    stem, end = (name[:-2], name[-2:]) if name.endswith(("le", "be")) else (name, None)
    if stem not in _PACKED_YUV:
        return None
    order, depth, bits, subsampling = _PACKED_YUV[stem]
    channels = tuple(Channel(0, order.index(c), len(order) // order.count(c)) for c in "yuv")
    return Layout(
        "yuv",
        depth,
        _sample(bits, end),
        channels,
        _SUBSAMPLING[subsampling],
        shift=bits - depth,
        spare="a" in order or "x" in order,
    )


def _gray(name: str) -> Layout | None:
    match = re.fullmatch(r"(gray|ya)(f?)(8|9|1[0246]|32)?(le|be)?", name)
    if not match or (match[3] == "32" and not match[2]):
        return None
    bits = int(match[3] or 8)
    alpha = match[1] == "ya"
    channel = Channel(0, 0, 2 if alpha else 1)
    return Layout("gray", bits, _sample(bits, match[4], bool(match[2])), (channel,), spare=alpha)


def _planar_rgb(name: str) -> Layout | None:
    match = re.fullmatch(r"gbr(a?)p(f?)(9|1[0246]|32)?(msb)?(le|be)?", name)
    if not match or (match[3] == "32" and not match[2]):
        return None
    alpha, is_float, depth, high, end = match.groups()
    bits = int(depth or 8)
    layout = Layout("rgb", bits, _sample(bits, end, bool(is_float)), (Channel(2), Channel(0), Channel(1)))
    return replace(layout, shift=16 - bits if high else 0, spare=bool(alpha))


def _packed_rgb(name: str) -> Layout | None:
    match = re.fullmatch(r"([rgba0]{3,4})(24|48|64|f16|f32)?(le|be)?", name)
    if not match or not set("rgb") <= set(match[1]) or (len(match[1]) == 3 and not match[2]):
        return None
    order, size, end = match.groups()
    bits = {None: 8, "24": 8, "48": 16, "64": 16, "f16": 16, "f32": 32}[size]
    channels = tuple(Channel(0, order.index(c), len(order)) for c in "rgb")
    is_float = bool(size) and size.startswith("f")
    return Layout("rgb", bits, _sample(bits, end, is_float), channels, spare=len(order) == 4)
