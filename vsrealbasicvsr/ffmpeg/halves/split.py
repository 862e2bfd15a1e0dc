"""The two ffmpeg commands that a command with our node becomes.

The *decode half* reads the inputs through the filters in front of the node, and writes raw pictures to a
pipe. The *encode half* is the user's command with one more input, a pipe with restored pictures, in the
node's place. Sound, subtitles, chapters and metadata stay in the encode half and never pass through us.
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
"""The filter that prints what `scdet` or `select` found out, at the end of the decode half's graph."""
_FEW_TIME_BASES = frozenset(
    """
    dvvideo flv h261 h263 h263p libxvid mpeg1video mpeg2video mpeg4 msmpeg4 msmpeg4v2 wmv1 wmv2
    """.split()  # noqa: SIM905
)
"""Encoders that refuse most units of time: they get the frame rate's, as FFmpeg gives it."""
_LARGEST = 1_000_000
"""In a pixel shape's fraction; FFmpeg would round it to hundredths."""


@dataclass(frozen=True, slots=True)
class Halves:
    """Both commands.

    Attributes:
        decode: Arguments of the decode half, which writes NUT to its stdout.
        tells_cuts: Whether it prints scene cuts to its stderr, see `MARKS`.
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
            colour: Options of the pipe as an input that say what its codes mean.
            first: Time of the first picture in seconds: FFmpeg moves the pipe, as every input, to zero.
        """
        command, program = self._encode, self._program
        asked = (option for option in command.options if option.name not in ("n", "y"))
        words = [program.path, *words_of(asked), "-nostdin", "-y"]
        for file in command.inputs:
            words += [*words_of(file.options), "-i", file.url]
        is_kept = command.has("copyts") and not command.has("start_at_zero")
        late = Fraction(0) if is_kept else first
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
        program: Which ffmpeg will run them.
        command: The user's, its graphs given inline.
        node: Where our node stands in it.
        rehearsal: What FFmpeg made of the command.

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
    marked = any(map(tells_cuts, parts.before))
    before = _marked(parts.before) if marked else parts.before
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
    return Halves(decode, marked, pixel_format, program, encode, rehearsal.pictures, keepers)


def _split_complex(
    program: FFmpeg, command: CommandLine, node: Node, rehearsal: Rehearsal, pipe: str
) -> tuple[CommandLine, CutGraph, str]:
    graph = _labelled(node, rehearsal.links, command)
    parts = cut(graph, node.text, pipe=pipe, leaving=_arriving(program, rehearsal.pictures))
    encode = with_graph(command, node, str(parts.after))
    outputs = [
        file if file.has("map") or _from_filter(rehearsal.links, number) else _mapped(file, number, rehearsal)
        for number, file in enumerate(encode.outputs)
    ]
    return replace(encode, outputs=tuple(outputs)), parts, f"[{CUT}]"


def _split_simple(
    program: FFmpeg, command: CommandLine, node: Node, rehearsal: Rehearsal, pipe: str
) -> tuple[CommandLine, CutGraph, str]:
    parts = cut(node.graph, node.text, leaving=_arriving(program, rehearsal.pictures))
    if parts.shared:
        what = "the filters behind need the unrestored pictures as well: write it as a -filter_complex"
        raise GraphError.at(what, node.text, node.item.position)
    assert node.output is not None
    link = _restored_link(rehearsal, node)
    videos = [other for other in _links_to(rehearsal.links, node.output) if _is_video(other, rehearsal)]
    # Of this stream alone: covers and other streams that are copied take no filter.
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


def _arriving(program: FFmpeg, pictures: Pictures) -> str:
    """The filters behind the pipe: NUT chooses a finer unit of time, and PyAV cannot write the pixels' shape.

    FFmpeg 4's encoders know of full range by the pixel format alone.
    """
    shape = pictures.pixel_shape
    time_base = pictures.time_base
    filters = [f"settb={time_base.numerator}/{time_base.denominator}"]
    filters += [f"setsar={shape.numerator}/{shape.denominator}:{_LARGEST}"] if shape else []
    if program.major < 5 and pictures.pixel_format.startswith("yuvj"):
        filters.append(f"format={pictures.pixel_format}")
    return ",".join(filters)


def _restored_link(rehearsal: Rehearsal, node: Node) -> Link:
    """The one video stream that passes the node of a `-vf`."""
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
    """The output with each of its streams mapped by number, the restored one from the pipe.

    Covers that would have gone through the node, too, are copied.
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
    found = [link for link in links if link.target is not None and link.target[0] == output]
    return sorted(found, key=lambda link: link.target or (0, 0))


def _from_filter(links: Iterable[Link], output: int) -> bool:
    """Whether a filter's unlabelled output goes there, and FFmpeg chooses the rest."""
    return any(link.source is None for link in _links_to(links, output))


def _labelled(node: Node, links: list[Link], command: CommandLine) -> Graph:
    """The graph with the streams named that FFmpeg took for filters without an input.

    It takes the first that is not used yet, which is another one in a half of the command.
    """
    graphs = [option for option in command.options if is_complex_graph(option)]
    number = next(n for n, option in enumerate(graphs) if option is node.option)
    taken = [link for link in links if link.target is None and link.graph == number]
    made = {label for item in node.graph for label in item.outputs}
    named = [label for item in node.graph for label in item.inputs if label not in made]
    if len(named) == len(taken):
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


def _marked(before: Graph) -> Graph:
    """The graph with a filter in the node's place that prints each picture's metadata."""
    chains = list(before.chains)
    for number, chain in enumerate(chains):
        if chain[-1].text == "null" and (chain[-1].outputs in ((CUT,), ())):
            chains[number] = (*chain[:-1], replace(chain[-1], name="metadata", text=f"{MARKS}=mode=print"))
    return replace(before, chains=tuple(chains))


def _keepers(command: CommandLine, rehearsal: Rehearsal) -> list[str]:
    """An output that uses all the streams the command uses, and keeps nothing.

    FFmpeg takes a transport stream's zero, the length of a looped file, and where to go on after a seek from
    the streams in use, which would be others in each half; picture and sound would part.
    """
    is_discontinuous = any(_flags(name) & cast(int, Flags.ts_discont.value) for name in rehearsal.formats)
    if not is_discontinuous and not any(file.has("stream_loop", "ss", "sseof") for file in command.inputs):
        return []
    streams = sorted({link.source for link in rehearsal.links if link.source is not None})
    words = [word for stream in streams for word in ("-map", "{}:{}".format(*stream))]
    if not words:
        return []
    limits: list[Option] = []
    if len(command.outputs) == 1:  # or it would go on where the others have ended
        limits = [option for option in command.outputs[0].options if option.name in ("ss", "t", "to")]
    return [*words, *words_of(limits), "-c", "copy", "-f", "null", "-"]


def timed(program: FFmpeg, file: File, encoders: set[str], time_base: Fraction) -> File:
    """The output with every picture at its own time, where its format and encoders can have that.

    Args:
        program: The ffmpeg that writes it.
        file: The output.
        encoders: FFmpeg's names of those at work for it.
        time_base: Unit of the pictures' times.
    """
    if file.has("r", "fpsmax", "fps_mode", "vsync", "enc_time_base") or not _has_any_time(file):
        return file
    if encoders & _FEW_TIME_BASES:
        return file
    words = [*program.every_picture, *program.ticks(time_base)]
    options = (Option(name.removeprefix("-"), value) for name, value in itertools.batched(words, 2))
    return replace(file, options=(*file.options, *options))


def _has_any_time(file: File) -> bool:
    """Whether FFmpeg lets pictures of this file stand at any time rather than at a constant rate."""
    path, kind = target_of(file).path, file.last("f")
    suffix = path.suffix.lstrip(".").lower() if path else ""
    for name in [kind] if kind else av.formats_available:
        variable = _flags(name, "w") & cast(int, Flags.variable_fps.value)
        if variable and (kind or suffix in ContainerFormat(name, "w").extensions):
            return True
    return False


def _flags(name: str, mode: Literal["r", "w"] = "r") -> int:
    """What FFmpeg says of a container; nothing where it cannot read or write it, or does not know it."""
    try:
        return ContainerFormat(name, mode).flags
    except ValueError:
        return 0
