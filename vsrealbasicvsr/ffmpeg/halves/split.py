"""Splitting a command with our node into two ffmpeg commands.

The *decode half* reads the inputs through the filters in front of the node, and writes raw frames to a pipe.
The *encode half* is the user's command with one more input in place of the node: a pipe with restored frames.
Sound, subtitles, chapters and metadata stay in the encode half and never pass through our process.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, cast

import av
from av.format import ContainerFormat, Flags

from vsrealbasicvsr.errors import GraphError, JobError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, File, Option, is_complex_graph, words_of
from vsrealbasicvsr.ffmpeg.command.node import Node, with_graph
from vsrealbasicvsr.ffmpeg.command.outputs import renamed, target_of
from vsrealbasicvsr.ffmpeg.graph.cut import CUT, NAME, CutGraph, cut
from vsrealbasicvsr.ffmpeg.graph.found_cuts import tells_cuts
from vsrealbasicvsr.ffmpeg.graph.grammar import Filter, Graph
from vsrealbasicvsr.ffmpeg.halves.rehearsal import FOR_THE_USER, Link, Pictures, Rehearsal
from vsrealbasicvsr.ffmpeg.halves.wire import HEAD_START, pipe_input, wire_format
from vsrealbasicvsr.ffmpeg.process.log import LOGLEVEL
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg

MARKS = "metadata@vsrealbasicvsr"
"""The filter at the end of the decode half's graph that prints the cuts of `scdet` or `select`."""
_FEW_TIME_BASES = frozenset(
    """
    dvvideo flv h261 h263 h263p libxvid mpeg1video mpeg2video mpeg4 msmpeg4 msmpeg4v2 wmv1 wmv2
    """.split()  # noqa: SIM905
)
"""Encoders that refuse most time bases; they get the time base of the frame rate, as FFmpeg sets it."""
_LARGEST = 1_000_000
"""Largest number in the fraction of a pixel shape; FFmpeg's default would round the shape to hundredths."""


@dataclass(frozen=True, slots=True)
class Halves:
    """Both commands.

    Attributes:
        decode: Arguments of the decode half, which writes NUT to its stdout.
        tells_cuts: True if the decode half prints scene cuts to its stderr, see `MARKS`.
        wire_format: Pixel format on both pipes.
    """

    decode: list[str]
    tells_cuts: bool
    wire_format: str
    _program: FFmpeg
    _encode: CommandLine
    _pictures: Pictures
    _keepers: list[str]

    def encode(self, colour: list[str], first: Fraction) -> list[str]:
        """Arguments of the encode half, which reads NUT from its stdin.

        Args:
            colour: Input options of the pipe that say what its samples mean.
            first: Time of the first frame in seconds. FFmpeg moves every input to zero, also the pipe.
        """
        command, program = self._encode, self._program
        options = (option for option in command.options if option.name not in ("n", "y"))
        words = [program.path, *words_of(options), "-nostdin", "-y"]
        for file in command.inputs:
            words += [*words_of(file.options), "-i", file.url]
        keeps_times = command.has("copyts") and not command.has("start_at_zero")
        late = Fraction(0) if keeps_times else first
        pictures = self._pictures
        if pictures.rotation and program.takes_side_data:
            words += ["-noautorotate", "-display_rotation", f"{pictures.rotation:g}"]
        words += pipe_input(program, colour, pictures.mastering, pictures.light, late)
        for file in command.outputs:
            file = renamed(file, target_of(file))
            words += [*words_of(file.options), file.url]
        return words + self._keepers + words_of(command.trailing)


def split(program: FFmpeg, command: CommandLine, node: Node, rehearsal: Rehearsal) -> Halves:
    """Make the two commands.

    Args:
        program: The ffmpeg that will run them.
        command: The user's command, with its graphs as text.
        node: Our node in the command.
        rehearsal: The results of the rehearsal.

    Raises:
        GraphError: the graph cannot be cut.
        JobError: the command asks for what the bridge cannot do.
    """
    pipe = f"{len(command.inputs)}:v:0"
    encode, parts, source = (
        _split_complex(program, command, node, rehearsal, pipe)
        if node.output is None
        else _split_simple(program, command, node, rehearsal, pipe)
    )
    has_cuts = any(map(tells_cuts, parts.before))
    before = _with_printer(parts.before) if has_cuts else parts.before
    graph = ["-vf", str(before)] if node.output is not None else ["-filter_complex", str(before)]
    pixel_format = wire_format(rehearsal.pictures.pixel_format)
    decode = [program.path, "-hide_banner", "-nostdin", "-nostats", "-loglevel", LOGLEVEL]
    decode += words_of(
        option
        for option in command.options
        if option.name not in FOR_THE_USER and not is_complex_graph(option)
    )
    for file in command.inputs:
        decode += [*words_of(file.without(*FOR_THE_USER).options), "-i", file.url]
    decode += [*graph, "-map", source, *program.every_picture, *program.ticks(rehearsal.pictures.time_base)]
    decode += ["-pix_fmt", pixel_format, "-c:v", "rawvideo", "-output_ts_offset", str(HEAD_START)]
    decode += ["-f", "nut", "pipe:1"]
    keepers = _keepers(command, rehearsal)
    decode += keepers
    if not command.has("vsync"):
        encode = replace(
            encode,
            outputs=tuple(
                timed(program, file, rehearsal.encoders(n), rehearsal.pictures.time_base)
                for n, file in enumerate(encode.outputs)
            ),
        )
    return Halves(decode, has_cuts, pixel_format, program, encode, rehearsal.pictures, keepers)


def _split_complex(
    program: FFmpeg, command: CommandLine, node: Node, rehearsal: Rehearsal, pipe: str
) -> tuple[CommandLine, CutGraph, str]:
    graph = _labelled(node, rehearsal.links, command)
    parts = cut(graph, node.text, pipe=pipe, leaving=_filters_behind_pipe(program, rehearsal.pictures))
    encode = with_graph(command, node, str(parts.after))
    outputs = [
        file if file.has("map") or _from_filter(rehearsal.links, number) else _mapped(file, number, rehearsal)
        for number, file in enumerate(encode.outputs)
    ]
    return replace(encode, outputs=tuple(outputs)), parts, f"[{CUT}]"


def _split_simple(
    program: FFmpeg, command: CommandLine, node: Node, rehearsal: Rehearsal, pipe: str
) -> tuple[CommandLine, CutGraph, str]:
    parts = cut(node.graph, node.text, leaving=_filters_behind_pipe(program, rehearsal.pictures))
    if parts.shared:
        what = "the filters behind need the unrestored pictures as well: write it as a -filter_complex"
        raise GraphError.at(what, node.text, node.item.position)
    assert node.output is not None
    link = _restored_link(rehearsal, node)
    videos = [other for other in _links_to(rehearsal.links, node.output) if _is_video(other, rehearsal)]
    # The filter is for this stream only: covers and other copied streams take no filter.
    encode = with_graph(command, node, str(parts.after), f"filter:v:{videos.index(link)}")
    outputs = [
        _mapped(file, number, rehearsal, link, pipe)
        if number == node.output
        else file
        if file.has("map")
        else _mapped(file, number, rehearsal)
        for number, file in enumerate(encode.outputs)
    ]
    assert link.source is not None
    return replace(encode, outputs=tuple(outputs)), parts, "{}:{}".format(*link.source)


def _filters_behind_pipe(program: FFmpeg, pictures: Pictures) -> str:
    """Return the filters behind the pipe, which restore the time base, the pixel shape and the range.

    NUT chooses a finer time base, and PyAV cannot write the pixel shape. FFmpeg 4's encoders know full range
    only by the pixel format.
    """
    shape = pictures.pixel_shape
    time_base = pictures.time_base
    filters = [f"settb={time_base.numerator}/{time_base.denominator}"]
    filters += [f"setsar={shape.numerator}/{shape.denominator}:{_LARGEST}"] if shape else []
    if program.major < 5 and pictures.pixel_format.startswith("yuvj"):
        filters.append(f"format={pictures.pixel_format}")
    return ",".join(filters)


def _restored_link(rehearsal: Rehearsal, node: Node) -> Link:
    """Return the only video stream that passes the node of a `-vf`."""
    videos = [
        link
        for link in rehearsal.links
        if link.target is not None and link.target[0] == node.output and _is_video(link, rehearsal)
    ]
    number = node.option.name.rpartition(":")[2]
    if number.isdecimal():
        videos = videos[int(number) : int(number) + 1]
    videos = [link for link in videos if link.source is not None and link.encoder != "copy"]
    films = [link for link in videos if not rehearsal.streams[link.source or (0, 0)].is_picture]
    if len(films or videos) != 1:
        raise JobError(
            f"{NAME} would have to restore {len(films)} video streams of one output: take one of them, "
            "with -map 0:v:0 for example."
        )
    return (films or videos)[0]


def _is_video(link: Link, rehearsal: Rehearsal) -> bool:
    return link.source is None or rehearsal.streams[link.source].kind == "video"


def _mapped(
    file: File, number: int, rehearsal: Rehearsal, restored: Link | None = None, pipe: str = ""
) -> File:
    """Return the output with each of its streams mapped by number; the restored stream comes from the pipe.

    Covers that would also have passed the node are copied.
    """
    maps = (str(option.value) for option in file.options if option.name == "map")
    labels = (value for value in maps if value.startswith("["))
    options = list(file.without("map").options)
    videos = 0
    for link in _links_to(rehearsal.links, number):
        if link is restored:
            source = pipe
        elif link.source is None:
            source = next(labels, "")
        else:
            source = "{}:{}".format(*link.source)
            if restored and link.encoder != "copy" and rehearsal.streams[link.source].is_picture:
                options.append(Option(f"c:v:{videos}", "copy"))
        if source:
            options.append(Option("map", source))
        videos += _is_video(link, rehearsal)
    return replace(file, options=tuple(options))


def _links_to(links: Iterable[Link], output: int) -> list[Link]:
    links_to_output = [link for link in links if link.target is not None and link.target[0] == output]
    return sorted(links_to_output, key=lambda link: link.target or (0, 0))


def _from_filter(links: Iterable[Link], output: int) -> bool:
    """Return whether an unlabelled filter output goes to this output, so that FFmpeg chooses the rest."""
    return any(link.source is None for link in _links_to(links, output))


def _labelled(node: Node, links: list[Link], command: CommandLine) -> Graph:
    """Return the graph with labels for the streams that FFmpeg took for filters without an input.

    FFmpeg takes the first stream that is not used yet. In one half of the command that is another stream.
    """
    graphs = [option for option in command.options if is_complex_graph(option)]
    number = next(n for n, option in enumerate(graphs) if option is node.option)
    taken = [link for link in links if link.target is None and link.graph == number]
    output_labels = {label for item in node.graph for label in item.outputs}
    inputs = [label for item in node.graph for label in item.inputs if label not in output_labels]
    if len(inputs) == len(taken):
        return node.graph

    def labelled(item: Filter) -> Filter:
        name = "showinfo" if item.name == NAME else item.name
        streams = [link.source for link in taken if link.filter == name]
        if item.inputs or not streams:
            return item
        if len(streams) > 1 or streams[0] is None:
            what = f"it is not clear which stream {item.name} takes: give it a label, such as [0:v]"
            raise GraphError.at(what, node.text, item.position)
        return replace(item, inputs=("{}:{}".format(*streams[0]),))

    chains = tuple((labelled(first), *rest) for first, *rest in node.graph.chains)
    return replace(node.graph, chains=chains)


def _with_printer(before: Graph) -> Graph:
    """Return the graph with a filter in place of the node that prints the metadata of each frame."""
    chains = list(before.chains)
    for number, chain in enumerate(chains):
        if chain[-1].text == "null" and (chain[-1].outputs in ((CUT,), ())):
            chains[number] = (*chain[:-1], replace(chain[-1], name="metadata", text=f"{MARKS}=mode=print"))
    return replace(before, chains=tuple(chains))


def _keepers(command: CommandLine, rehearsal: Rehearsal) -> list[str]:
    """Return an output that uses all the streams that the command uses, and writes nothing.

    FFmpeg derives three times from the streams in use: the zero of a transport stream, the length of a looped
    file, and the position after a seek. Each half uses other streams, so picture and sound would lose sync.
    """
    is_discontinuous = any(_flags(name) & cast(int, Flags.ts_discont.value) for name in rehearsal.formats)
    if not is_discontinuous and not any(file.has("stream_loop", "ss", "sseof") for file in command.inputs):
        return []
    streams = sorted({link.source for link in rehearsal.links if link.source is not None})
    words = [word for stream in streams for word in ("-map", "{}:{}".format(*stream))]
    if not words:
        return []
    limits: list[Option] = []
    if len(command.outputs) == 1:  # otherwise it would go on after the end of the others
        limits = [option for option in command.outputs[0].options if option.name in ("ss", "t", "to")]
    return [*words, *words_of(limits), "-c", "copy", "-f", "null", "-"]


def timed(program: FFmpeg, file: File, encoders: set[str], time_base: Fraction) -> File:
    """Return the output with every frame at its own time, if its format and encoders allow that.

    Args:
        program: The ffmpeg that writes the output.
        file: The output.
        encoders: FFmpeg's names of the output's encoders.
        time_base: Unit of the frames' times, in seconds.
    """
    if file.has("r", "fpsmax", "fps_mode", "vsync", "enc_time_base") or not _allows_any_time(file):
        return file
    if encoders & _FEW_TIME_BASES:
        return file
    words = [*program.every_picture, *program.ticks(time_base)]
    options = (Option(name.removeprefix("-"), value) for name, value in itertools.batched(words, 2))
    return replace(file, options=(*file.options, *options))


def _allows_any_time(file: File) -> bool:
    """Return whether FFmpeg allows any frame times in this file, not only a constant rate."""
    path, kind = target_of(file).path, file.last("f")
    suffix = path.suffix.lstrip(".").lower() if path else ""
    for name in [kind] if kind else av.formats_available:
        variable = _flags(name, "w") & cast(int, Flags.variable_fps.value)
        if variable and (kind or suffix in ContainerFormat(name, "w").extensions):
            return True
    return False


def _flags(name: str, mode: Literal["r", "w"] = "r") -> int:
    """Return FFmpeg's flags of a container; 0 if FFmpeg does not know it, or cannot read or write it."""
    try:
        return ContainerFormat(name, mode).flags
    except ValueError:
        return 0
