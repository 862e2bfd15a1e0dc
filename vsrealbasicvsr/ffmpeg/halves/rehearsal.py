"""One picture through the whole command, with an enlargement in the network's place.

It finds a bad input, filter or encoder before the model is loaded, and tells what arrives at the node and
which stream goes where, in FFmpeg's own words.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import IO

from vsrealbasicvsr.errors import FFmpegFailedError, JobError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, File, Option, words_of
from vsrealbasicvsr.ffmpeg.command.node import Node, with_graph
from vsrealbasicvsr.ffmpeg.command.outputs import rehearsed
from vsrealbasicvsr.ffmpeg.graph.cut import NAME, with_node
from vsrealbasicvsr.ffmpeg.halves.hdr import mastering_display
from vsrealbasicvsr.ffmpeg.process.log import LOGLEVEL, Line, plain_words, read_line
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg, exit_code

_PROBE = "showinfo@vsrealbasicvsr"
_STAND_IN = f"{_PROBE},scale=4*iw:4*ih:flags=neighbor"
_PATIENCE = 10.0
"""Seconds after the first picture in which encoders fail if they are to fail; without sound or subtitles in
sight, FFmpeg would go on reading the whole source for them."""
_SOUND = "5"
"""Seconds of sound that are tried."""
_SEVERAL = 50
"""Pictures of each video that are tried where one shows nothing."""
FOR_THE_USER = frozenset(
    """
    benchmark benchmark_all dump_attachment hide_banner loglevel n nostats nostdin print_graphs
    print_graphs_file print_graphs_format progress report sdp_file stats stats_period stdin v vstats
    vstats_file vstats_version y
    """.split()  # noqa: SIM905
)
"""Options that concern the person in front of the command, not the pictures: for the encode half alone."""

_UNKNOWN = ("unknown", "unspecified", "reserved", "gbr")
_CLOCK = re.compile(r"config in time_base: (\d+)/(\d+), frame_rate: (\d+)/(\d+)")
_FRAME = re.compile(r"n: *\d+ .*?fmt:(\S+) (?:cl:(\S+) )?sar:(\d+/\d+) s:(\d+)x(\d+) i:(\S)", re.MULTILINE)
_TAGS = re.compile(
    r"color_range:(?P<range>\S+) color_space:(?P<colorspace>\S+) color_primaries:(?P<color_primaries>\S+) "
    r"color_trc:(?P<color_trc>\S+)"
)
_NUMBER = r"([\d.]+)"
_MASTERING = re.compile(
    rf"r\({_NUMBER}[ ,]+{_NUMBER}\) g\({_NUMBER}[ ,]+{_NUMBER}\) b\({_NUMBER}[ ,]+{_NUMBER}\) "
    rf"wp\({_NUMBER}[ ,]+{_NUMBER}\) min_luminance={_NUMBER}, max_luminance={_NUMBER}"
)
_ROTATION = re.compile(r"displaymatrix: rotation of (-?[\d.]+)")
_LIGHT = re.compile(r"MaxCLL=(\d+), MaxFALL=(\d+)")
_INPUT = re.compile(r"Input #\d+, (\S+), from ")
_STREAM = re.compile(
    r"\s*Stream #(\d+):(\d+)(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: (Video|Audio|Subtitle|Data|Attachment)\b"
)
_STREAM_TO_STREAM = re.compile(
    r"\s*Stream #(\d+):(\d+) -> #(\d+):(\d+) \((?:(copy)|.* -> (\S+) \((?:native|\S+)\))\)"
)
_STREAM_TO_FILTER = re.compile(r"\s*Stream #(\d+):(\d+) \(.*\) -> (\w+)(?::\S+)?(?: \(graph (\d+)\))?")
_FILTER_TO_STREAM = re.compile(r"\s*(\w+)(?::\S+)?(?: \(graph (\d+)\))? -> Stream #(\d+):(\d+) \((\S+)\)")
_EMPTY_WORDS = re.compile(
    r"Conversion failed|Error while processing|Task finished|Error opening (in|out)put files\b"
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """What arrives at the node.

    Attributes:
        pixel_format: FFmpeg's name.
        size: (width, height).
        pixel_shape: Sample aspect ratio; None where it is not known.
        time_base: Unit of the time stamps, in seconds.
        rate: Frames per second; None where they vary.
        is_interlaced: Whether the first picture is flagged so.
        tags: Colour tags that are set: `range`, `color_primaries`, `color_trc`, `colorspace`,
            `chroma_location`, with the values of FFmpeg's filter `setparams`.
        mastering: HDR10's mastering display as FFmpeg's option `-mastering_display` wants it, if any.
        light: The same for `-content_light`.
        rotation: Degrees counter-clockwise by which players turn them, where FFmpeg was told not to.
    """

    pixel_format: str
    size: tuple[int, int]
    pixel_shape: Fraction | None
    time_base: Fraction
    rate: Fraction | None
    is_interlaced: bool
    tags: dict[str, str]
    mastering: str | None = None
    light: str | None = None
    rotation: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """A line of FFmpeg's stream mapping: from a stream or a filter, to a stream or a filter."""

    source: tuple[int, int] | None
    target: tuple[int, int] | None
    filter: str = ""
    graph: int = 0
    encoder: str = ""
    """The encoder's name; `copy` where packets are copied."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of an input."""

    kind: str
    """`video`, `audio`, `subtitle`, `data` or `attachment`."""
    is_picture: bool = False
    """Whether it is a cover or thumbnail rather than a video."""


@dataclass(slots=True)
class Rehearsal:
    """What one picture's way through the command showed."""

    pictures: Pictures
    links: list[Link] = field(default_factory=list)
    streams: dict[tuple[int, int], Stream] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)
    """Of each input; FFmpeg's name of the demuxer."""

    def encoders(self, output: int) -> set[str]:
        """Of the streams of an output."""
        return encoders_of(self.links, output)


def rehearse(program: FFmpeg, command: CommandLine, node: Node) -> Rehearsal:
    """Run the command for one picture, into a temporary folder.

    Raises:
        FFmpegFailedError: FFmpeg refuses an input, a filter or an encoder.
        JobError: no picture arrives at the node.
    """
    lines = _lines(program, command, node, 1)
    pictures = _pictures(lines)
    streams = dict(_streams(lines))
    if pictures is None and len(_videos(lines, streams)) > 1:
        # FFmpeg before 6 ends an output when the first of its videos has its one picture.
        lines = _lines(program, command, node, _SEVERAL)
        pictures = _pictures(lines)
    if pictures is None:
        raise JobError(f"no picture arrives at realbasicvsr: {_complaint(lines) or 'the source is empty.'}")
    return Rehearsal(pictures, list(links_of(lines)), streams, list(_formats(lines)))


def _lines(program: FFmpeg, command: CommandLine, node: Node, pictures: int) -> list[Line]:
    """What FFmpeg says of the command when each of its videos ends after so many pictures."""
    with tempfile.TemporaryDirectory(prefix="vsrealbasicvsr-") as folder:
        words = [program.path, *_rehearsal_words(command, node, Path(folder), pictures)]
        lines = trial(
            words, Path(folder), lambda line: bool(line.speaker == _PROBE and _FRAME.search(line.text))
        )
    return [replace(line, text=line.text.replace(_STAND_IN, NAME)) for line in lines]


def _videos(lines: list[Line], streams: dict[tuple[int, int], Stream]) -> list[Link]:
    """The links to outputs that are videos, or may be."""
    links = (link for link in links_of(lines) if link.target is not None)
    return [link for link in links if link.source is None or streams[link.source].kind == "video"]


def _rehearsal_words(command: CommandLine, node: Node, folder: Path, pictures: int) -> list[str]:
    command = with_graph(command, node, str(with_node(node.graph, _STAND_IN)))
    words = ["-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", LOGLEVEL]
    words += words_of(option for option in command.options if option.name not in FOR_THE_USER)
    for file in command.inputs:
        words += [*words_of(file.without(*FOR_THE_USER).options), "-i", file.url]
    for number, file in enumerate(command.outputs):
        file = shortened(file, folder, number, pictures)
        words += [*words_of(file.options), file.url]
    return words


def trial(
    words: list[str], folder: Path, is_enough: Callable[[Line], bool], stdin: IO[bytes] | None = None
) -> list[Line]:
    """Run a command whose outputs are `rehearsed`; returns what FFmpeg says.

    Args:
        words: The command.
        folder: Where the outputs are.
        is_enough: Whether after this line it may be stopped when it takes long.
        stdin: What it reads, if anything.

    Raises:
        FFmpegFailedError: FFmpeg refuses the command.
    """
    lines, code = _run(words, is_enough, stdin)
    own_names = re.compile(rf"file:{re.escape(str(folder))}.\d+.")
    lines = [replace(line, text=own_names.sub("", line.text)) for line in lines]
    if code:
        said = _complaint(lines).replace(_STAND_IN, NAME)
        raise FFmpegFailedError(f"ffmpeg says: {said}" if said else f"ffmpeg ended with {code}.", code)
    return lines


def shortened(file: File, folder: Path, number: int, pictures: int = 1) -> File:
    """An output as it is tried: a picture or a few, and a little sound, in a folder of its own."""
    short = (Option("t", _SOUND), Option("frames:v", str(pictures)))
    return rehearsed(replace(file, options=(*file.options, *short)), folder, number)


def encoders_of(links: Iterable[Link], output: int) -> set[str]:
    """The encoders of an output's streams."""
    return {link.encoder for link in links if link.target is not None and link.target[0] == output}


def _run(
    words: list[str], is_enough: Callable[[Line], bool], stdin: IO[bytes] | None
) -> tuple[list[Line], int]:
    """What FFmpeg says, and its exit code: 0 as well if it had to be stopped after a picture had passed."""
    try:
        child = subprocess.Popen(
            words,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=plain_words(),
        )
    except OSError as error:  # a graph of more than 128 KiB, for one
        raise JobError(f"{words[0]} cannot be started with this command: {error.strerror}.") from error
    enough = threading.Timer(_PATIENCE, child.kill)
    enough.daemon = True
    lines: list[Line] = []
    try:
        assert child.stderr is not None
        for raw in child.stderr:
            lines.append(read_line(raw))
            if is_enough(lines[-1]) and not enough.is_alive():
                enough.start()
        code = child.wait()
    finally:
        was_enough = enough.finished.is_set()
        enough.cancel()
        child.kill()
        child.wait()
        if child.stderr is not None:
            child.stderr.close()
    return lines, 0 if was_enough else exit_code(code)


def _complaint(lines: list[Line]) -> str:
    """What is wrong: the first lines name the cause, the last one what came of it."""
    wrong = [str(line) for line in lines if line.is_at_least("error") and not _EMPTY_WORDS.match(line.text)]
    wrong = wrong or [str(line) for line in lines if line.is_at_least("warning")]
    said = list(dict.fromkeys(wrong))
    return " / ".join(said if len(said) < 4 else [*said[:2], said[-1]])


def _pictures(lines: list[Line]) -> Pictures | None:
    """What the probe says before its second picture."""
    said = [line.text for line in lines if line.speaker == _PROBE]
    numbers = [place for place, text in enumerate(said) if _FRAME.match(text)]
    text = "\n".join(said[: numbers[1]] if len(numbers) > 1 else said)
    frame = _FRAME.search(text)
    clock = _CLOCK.search(text)
    if not frame or not clock:
        return None
    pixel_format, location, shape, width, height, interlaced = frame.groups()
    numerator, denominator = map(int, clock.groups()[2:])
    turned = _ROTATION.search(text)
    return Pictures(
        pixel_format,
        (int(width), int(height)),
        _fraction(shape),
        Fraction(int(clock[1]), int(clock[2])),
        Fraction(numerator, denominator) if numerator and denominator else None,
        interlaced in "TB",
        _tags(text, location),
        *_hdr(text),
        float(turned[1]) if turned else 0.0,
    )


def _fraction(text: str) -> Fraction | None:
    numerator, denominator = map(int, text.split("/"))
    return Fraction(numerator, denominator) if numerator and denominator else None


def _tags(text: str, location: str | None) -> dict[str, str]:
    found = [*_TAGS.finditer(text)][-1:]
    tags = found[0].groupdict() if found else {}
    tags["chroma_location"] = location or _UNKNOWN[0]
    return {name: value for name, value in tags.items() if value not in _UNKNOWN}


def _hdr(text: str) -> tuple[str | None, str | None]:
    """HDR10's static metadata, in the units of the bitstream."""
    display, light = _MASTERING.search(text), _LIGHT.search(text)
    mastering = None
    if display:
        *points, low, high = map(float, display.groups())
        mastering = mastering_display(points, low, high)
    return mastering, ",".join(light.groups()) if light else None


def links_of(lines: list[Line]) -> Iterator[Link]:
    """FFmpeg's stream mapping."""
    for line in lines:
        if found := _STREAM_TO_STREAM.match(line.text):
            source, target = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
            yield Link(source, target, encoder="copy" if found[5] == "copy" else found[6] or "")
        elif found := _STREAM_TO_FILTER.match(line.text):
            yield Link((int(found[1]), int(found[2])), None, found[3], int(found[4] or 0))
        elif found := _FILTER_TO_STREAM.match(line.text):
            target = int(found[3]), int(found[4])
            yield Link(None, target, found[1], int(found[2] or 0), encoder=found[5])


def _formats(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if found := _INPUT.match(line.text):
            yield found[1]


def _streams(lines: list[Line]) -> Iterator[tuple[tuple[int, int], Stream]]:
    for line in itertools.takewhile(lambda line: not line.text.startswith("Output #"), lines):
        if found := _STREAM.match(line.text):
            yield (int(found[1]), int(found[2])), Stream(found[3].lower(), "(attached pic)" in line.text)
