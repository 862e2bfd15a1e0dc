"""Commands that need no ffmpeg program: one input, one straight chain of filters, one output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vsrealbasicvsr.errors import JobError, NoFFmpegError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, Option, is_complex_graph, is_video_graph
from vsrealbasicvsr.ffmpeg.command.node import Node
from vsrealbasicvsr.ffmpeg.graph.cut import NAME
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, options_text
from vsrealbasicvsr.video.write.encoders import Encoding

_FOR_ALL = frozenset(("hide_banner", "loglevel", "n", "nostats", "nostdin", "stats", "v", "y"))
_COPIED = frozenset(
    (*("c", "codec"), *("c:a", "codec:a", "acodec"), *("c:s", "codec:s", "scodec"), *("c:d", "c:t"))
)
_VIDEO_CODECS = frozenset(("c:v", "codec:v", "vcodec"))
_CODECS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1", "prores": "prores_ks"}
_ENCODER_OPTIONS = frozenset(
    """
    b bf bufsize crf g level maxrate preset profile qp svtav1-params tune x264-params x265-params
    """.split()  # noqa: SIM905
)
_FIRST_VIDEO = ("0:v", "0:v:0", "0:V", "0:V:0", "0")

type Chain = tuple[tuple[str, str], ...]
"""Filters as (name, options)."""
type _Needs = Callable[[str], NoFFmpegError]


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A command that needs no ffmpeg program.

    Attributes:
        source: The input file.
        before: Filters in front of the node.
        after: Filters behind the node.
        target: The output file.
        encoding: Encoder and options of the output.
        carry: True to copy the other streams, tags and chapters of the source.
        overwrite: True if an existing output may be replaced.
    """

    source: str
    before: Chain
    after: Chain
    target: str
    encoding: Encoding
    carry: bool
    overwrite: bool

    @classmethod
    def of(cls, command: CommandLine, node: Node, missing: NoFFmpegError) -> SimpleCommand:
        """Read a simple command from a command line.

        Args:
            command: The user's command line, with its graphs as text.
            node: Our node in the command.
            missing: The error of the missing program; its message says how to get ffmpeg.

        Raises:
            NoFFmpegError: the command needs an ffmpeg program.
            JobError: the command names no output.
        """

        def needs(what: str) -> NoFFmpegError:
            return NoFFmpegError(f"{str(missing).rstrip('.')}; without it there is no {what}.")

        if not command.outputs:
            raise JobError("the command names no output file.")
        if len(command.inputs) != 1 or len(command.outputs) != 1 or command.trailing:
            raise needs("work on several inputs or outputs")
        (source,), (target,) = command.inputs, command.outputs
        if source.options:
            raise needs(f"-{source.options[0].name} in front of an input")
        for option in command.options:
            if option.name not in _FOR_ALL and not is_complex_graph(option):
                raise needs(f"-{option.name}")
        filters, label = _straight_chain(node, needs)
        place = next(n for n, item in enumerate(filters) if item.name == NAME)
        return cls(
            source.url.removeprefix("file:"),
            _chain(filters[:place]),
            _chain(filters[place + 1 :]),
            target.url.removeprefix("file:"),
            _encoding(target.options, needs),
            _carries(target.options, label, needs),
            command.has("y"),
        )


def _straight_chain(node: Node, needs: _Needs) -> tuple[Sequence[Filter], str | None]:
    """Return the filters of a graph that is one chain, with or without labels inside, and its last label."""
    filters: list[Filter] = []
    label: str | None = None
    for number, chain in enumerate(node.graph.chains):
        for place, item in enumerate(chain):
            source = item.inputs[0] if item.inputs else None
            is_first = number == place == 0
            is_fed = source == label if place == 0 else source is None and label is None
            if not (is_first or is_fed) or max(len(item.inputs), len(item.outputs)) > 1:
                raise needs("filter graph but a straight chain")
            if is_first and source not in (None, *_FIRST_VIDEO):
                raise needs(f"[{source}]")
            label = item.outputs[0] if item.outputs else None
            filters.append(item)
    if node.graph.scaler_flags:
        raise needs("sws_flags")
    return filters, label


def _chain(filters: Sequence[Filter]) -> Chain:
    return tuple((item.name, options_text(item)) for item in filters)


def _encoding(options: Sequence[Option], needs: _Needs) -> Encoding:
    encoder, pixel_format, others = "auto", None, []
    for option in options:
        name, value = option.name.removesuffix(":v"), str(option.value)
        if option.name in _VIDEO_CODECS and value != "copy":
            encoder = _CODECS.get(value, value)
        elif name == "pix_fmt":
            pixel_format = value
        elif name in _ENCODER_OPTIONS:
            others.append((name, value))
        elif not (is_video_graph(option) or name == "map" or (option.name in _COPIED and value == "copy")):
            raise needs(f"-{option.name} {'' if option.value is None else value}".rstrip())
    return Encoding(encoder, pixel_format=pixel_format, options=tuple(others))


def _carries(options: Sequence[Option], label: str | None, needs: _Needs) -> bool:
    """Return True if all other streams are copied, False if none is."""
    maps = {str(option.value) for option in options if option.name == "map"}
    pictures = {f"[{label}]"} if label else set(_FIRST_VIDEO) - {"0"}
    others = maps - pictures
    if not maps or others == {"0"} or {name.rstrip("?") for name in others} == {"0:a", "0:s"}:
        return True
    if others:
        raise needs(f"-map {others.pop()}")
    return False
