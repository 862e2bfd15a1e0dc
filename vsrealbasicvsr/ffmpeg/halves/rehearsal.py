"""A rehearsal of the whole command with one frame, and with a plain enlargement in place of the network.

It finds a bad input, filter or encoder before the model is loaded. FFmpeg's log then tells what arrives at
the node and which stream goes where.
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
_TIMEOUT_SECONDS = 10.0
"""Time after the first frame in which a bad encoder fails. Without a limit FFmpeg would read the whole source
in search of sound or subtitles that do not come."""
_SOUND = "5"
"""Seconds of sound in the rehearsal."""
_SEVERAL = 50
"""Frames of each video in a second rehearsal, if one frame shows nothing."""
FOR_THE_USER = frozenset(
    """
    benchmark benchmark_all dump_attachment hide_banner loglevel n nostats nostdin print_graphs
    print_graphs_file print_graphs_format progress report sdp_file stats stats_period stdin v vstats
    vstats_file vstats_version y
    """.split()  # noqa: SIM905
)
"""Options for the user at the terminal that do not change frames; only the encode half gets them."""

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
    """Properties of the frames that arrive at the node.

    Attributes:
        pixel_format: FFmpeg's name.
        size: (width, height).
        pixel_shape: Sample aspect ratio; None if it is not known.
        time_base: Unit of the time stamps, in seconds.
        rate: Frames per second; None if the rate varies.
        is_interlaced: True if the first frame is flagged as interlaced.
        tags: Colour tags that are set: `range`, `color_primaries`, `color_trc`, `colorspace`,
            `chroma_location`, with the values of FFmpeg's filter `setparams`.
        mastering: HDR10's mastering display in the form of FFmpeg's option `-mastering_display`, or None.
        light: The same for the option `-content_light`.
        rotation: Degrees counter-clockwise by which players turn the frames, if FFmpeg does not turn them.
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
    """A line of FFmpeg's stream mapping: from a stream or a filter to a stream or a filter."""

    source: tuple[int, int] | None
    target: tuple[int, int] | None
    filter: str = ""
    graph: int = 0
    encoder: str = ""
    """The encoder's name; `copy` if packets are copied."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of an input."""

    kind: str
    """`video`, `audio`, `subtitle`, `data` or `attachment`."""
    is_picture: bool = False
    """True if it is a cover or a thumbnail, not a video."""


@dataclass(slots=True)
class Rehearsal:
    """The results of the rehearsal."""

    pictures: Pictures
    links: list[Link] = field(default_factory=list)
    streams: dict[tuple[int, int], Stream] = field(default_factory=dict)
    formats: list[str] = field(default_factory=list)
    """FFmpeg's name of the demuxer of each input."""

    def encoders(self, output: int) -> set[str]:
        """Return the encoders of the streams of an output."""
        return encoders_of(self.links, output)


def rehearse(program: FFmpeg, command: CommandLine, node: Node) -> Rehearsal:
    """Run the command for one frame, with its outputs in a temporary folder.

    Raises:
        FFmpegFailedError: FFmpeg refuses an input, a filter or an encoder.
        JobError: no frame arrives at the node.
    """
    lines = _lines(program, command, node, 1)
    pictures = _pictures(lines)
    streams = dict(_streams(lines))
    if pictures is None and len(_videos(lines, streams)) > 1:
        # FFmpeg before 6 ends an output when the first of its videos has its one frame.
        lines = _lines(program, command, node, _SEVERAL)
        pictures = _pictures(lines)
    if pictures is None:
        raise JobError(f"no picture arrives at realbasicvsr: {_complaint(lines) or 'the source is empty.'}")
    return Rehearsal(pictures, list(links_of(lines)), streams, list(_formats(lines)))


def _lines(program: FFmpeg, command: CommandLine, node: Node, pictures: int) -> list[Line]:
    """Return FFmpeg's log of the command; each video ends after so many frames."""
    with tempfile.TemporaryDirectory(prefix="vsrealbasicvsr-") as folder:
        words = [program.path, *_rehearsal_words(command, node, Path(folder), pictures)]
        lines = trial(
            words, Path(folder), lambda line: bool(line.speaker == _PROBE and _FRAME.search(line.text))
        )
    return [replace(line, text=line.text.replace(_STAND_IN, NAME)) for line in lines]


def _videos(lines: list[Line], streams: dict[tuple[int, int], Stream]) -> list[Link]:
    """Return the links to outputs that are or may be videos."""
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
    """Run a command whose outputs are `rehearsed`, and return FFmpeg's log.

    Args:
        words: The command.
        folder: The folder of the outputs.
        is_enough: Returns True for the line after which a slow command may be stopped.
        stdin: The input of the command, or None.

    Raises:
        FFmpegFailedError: FFmpeg refuses the command.
    """
    lines, code = _run(words, is_enough, stdin)
    own_names = re.compile(rf"file:{re.escape(str(folder))}.\d+.")
    lines = [replace(line, text=own_names.sub("", line.text)) for line in lines]
    if code:
        complaint = _complaint(lines).replace(_STAND_IN, NAME)
        message = f"ffmpeg says: {complaint}" if complaint else f"ffmpeg ended with {code}."
        raise FFmpegFailedError(message, code)
    return lines


def shortened(file: File, folder: Path, number: int, pictures: int = 1) -> File:
    """Return an output as it is rehearsed: a few frames and a little sound, in a folder of its own."""
    short = (Option("t", _SOUND), Option("frames:v", str(pictures)))
    return rehearsed(replace(file, options=(*file.options, *short)), folder, number)


def encoders_of(links: Iterable[Link], output: int) -> set[str]:
    """Return the encoders of an output's streams."""
    return {link.encoder for link in links if link.target is not None and link.target[0] == output}


def _run(
    words: list[str], is_enough: Callable[[Line], bool], stdin: IO[bytes] | None
) -> tuple[list[Line], int]:
    """Return FFmpeg's log and exit code; the code is also 0 if it was stopped after a frame had passed."""
    try:
        child = subprocess.Popen(
            words,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=plain_words(),
        )
    except OSError as error:  # for example, a graph of more than 128 KiB
        raise JobError(f"{words[0]} cannot be started with this command: {error.strerror}.") from error
    stop_timer = threading.Timer(_TIMEOUT_SECONDS, child.kill)
    stop_timer.daemon = True
    lines: list[Line] = []
    try:
        assert child.stderr is not None
        for raw in child.stderr:
            lines.append(read_line(raw))
            if is_enough(lines[-1]) and not stop_timer.is_alive():
                stop_timer.start()
        code = child.wait()
    finally:
        was_stopped = stop_timer.finished.is_set()
        stop_timer.cancel()
        child.kill()
        child.wait()
        if child.stderr is not None:
            child.stderr.close()
    return lines, 0 if was_stopped else exit_code(code)


def _complaint(lines: list[Line]) -> str:
    """Return FFmpeg's errors as one text: the first lines name the cause, the last line the result."""
    wrong = [str(line) for line in lines if line.is_at_least("error") and not _EMPTY_WORDS.match(line.text)]
    wrong = wrong or [str(line) for line in lines if line.is_at_least("warning")]
    messages = list(dict.fromkeys(wrong))
    return " / ".join(messages if len(messages) < 4 else [*messages[:2], messages[-1]])


def _pictures(lines: list[Line]) -> Pictures | None:
    """Return the properties of the first frame, from the probe's lines before its second frame."""
    texts = [line.text for line in lines if line.speaker == _PROBE]
    frame_lines = [place for place, text in enumerate(texts) if _FRAME.match(text)]
    text = "\n".join(texts[: frame_lines[1]] if len(frame_lines) > 1 else texts)
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
    last_match = [*_TAGS.finditer(text)][-1:]
    tags = last_match[0].groupdict() if last_match else {}
    tags["chroma_location"] = location or _UNKNOWN[0]
    return {name: value for name, value in tags.items() if value not in _UNKNOWN}


def _hdr(text: str) -> tuple[str | None, str | None]:
    """Return HDR10's static metadata in the units of the bitstream: mastering display, light."""
    display, light = _MASTERING.search(text), _LIGHT.search(text)
    mastering = None
    if display:
        *points, low, high = map(float, display.groups())
        mastering = mastering_display(points, low, high)
    return mastering, ",".join(light.groups()) if light else None


def links_of(lines: list[Line]) -> Iterator[Link]:
    """Yield the links of FFmpeg's stream mapping."""
    for line in lines:
        if match := _STREAM_TO_STREAM.match(line.text):
            source, target = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
            yield Link(source, target, encoder="copy" if match[5] == "copy" else match[6] or "")
        elif match := _STREAM_TO_FILTER.match(line.text):
            yield Link((int(match[1]), int(match[2])), None, match[3], int(match[4] or 0))
        elif match := _FILTER_TO_STREAM.match(line.text):
            target = int(match[3]), int(match[4])
            yield Link(None, target, match[1], int(match[2] or 0), encoder=match[5])


def _formats(lines: list[Line]) -> Iterator[str]:
    for line in lines:
        if match := _INPUT.match(line.text):
            yield match[1]


def _streams(lines: list[Line]) -> Iterator[tuple[tuple[int, int], Stream]]:
    for line in itertools.takewhile(lambda line: not line.text.startswith("Output #"), lines):
        if match := _STREAM.match(line.text):
            yield (int(match[1]), int(match[2])), Stream(match[3].lower(), "(attached pic)" in line.text)
