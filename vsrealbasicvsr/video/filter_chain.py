"""A chain of FFmpeg filters that keeps the pixel shape and the colour tags."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

_RESERVED_MATRIX = 3
_HIGHEST_MATRIX = 17
_KNOWN_RANGES = (1, 2)


class FilterChain:
    """FFmpeg filters in a row; the chain is built again whenever size, format or colour of the frames change.

    Holds no frames except those that its filters hold.

    Args:
        filters: Pairs of FFmpeg's filter name and its option string.
        time_base: Unit of the input frames' time stamps; output frames carry their own `time_base`.
        sample_aspect_ratio: Width over height of a pixel.
        rate: Frames per second, for filters that use it; None where unknown.
    """

    def __init__(
        self,
        *filters: tuple[str, str],
        time_base: Fraction,
        sample_aspect_ratio: Fraction = Fraction(1),
        rate: Fraction | None = None,
    ) -> None:
        self._filters = filters
        self._time_base = time_base
        self._sample_aspect_ratio = sample_aspect_ratio
        self._rate = rate
        self._graph: Graph | None = None
        self._sink: FilterContext | None = None
        self._kind: tuple[int | str, ...] = ()

    def push(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """Put a frame in, and yield the frames that are ready."""
        if self._graph is not None and self._kind != _kind(picture):
            yield from self.flush()
        if self._graph is None:
            self._build(picture)
        assert self._graph is not None
        self._graph.push(picture)
        yield from self._pull_ready()

    def flush(self) -> Iterator[VideoFrame]:
        """Yield the frames that the filters still hold; the chain can be used again afterwards."""
        if self._graph is None:
            return
        self._graph.push(None)
        yield from self._pull_ready()
        self._graph = self._sink = None

    def _build(self, picture: VideoFrame) -> None:
        # PyAV's Graph.add_buffer would state square pixels and no colour.
        graph = Graph()
        arguments = _options(picture, self._time_base, self._sample_aspect_ratio)
        if self._rate:
            arguments["frame_rate"] = f"{self._rate.numerator}/{self._rate.denominator}"
        last = graph.add("buffer", **arguments)
        for name, options in (*self._filters, ("buffersink", "")):
            following = graph.add(name, options or None)
            last.link_to(following)
            last = following
        graph.configure()
        self._graph, self._sink, self._kind = graph, last, _kind(picture)

    def _pull_ready(self) -> Iterator[VideoFrame]:
        assert self._sink is not None
        while True:
            try:
                picture = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(picture, VideoFrame)
            yield picture


def _kind(picture: VideoFrame) -> tuple[int | str, ...]:
    return (
        picture.width,
        picture.height,
        picture.format.name,
        picture.colorspace,
        picture.color_range,
    )


def _options(picture: VideoFrame, time_base: Fraction, shape: Fraction) -> dict[str, str]:
    options = {
        "video_size": f"{picture.width}x{picture.height}",
        "pix_fmt": picture.format.name,
        "time_base": f"{time_base.numerator}/{time_base.denominator}",
        "pixel_aspect": f"{shape.numerator}/{shape.denominator}",
    }
    matrix = int(picture.colorspace)
    if 0 <= matrix <= _HIGHEST_MATRIX and matrix != _RESERVED_MATRIX:
        options["colorspace"] = str(matrix)
    if int(picture.color_range) in _KNOWN_RANGES:
        options["range"] = str(int(picture.color_range))
    return options
