"""Running an ffmpeg command with our node in it: decode half, network and encode half."""

from __future__ import annotations

import logging
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

import click
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from vsrealbasicvsr.cuts import given_cuts
from vsrealbasicvsr.engine import Lanes, Restorer, open_restorer
from vsrealbasicvsr.errors import JobError, NoFFmpegError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, read_command_line, with_graphs_inline
from vsrealbasicvsr.ffmpeg.command.node import Node, find_node
from vsrealbasicvsr.ffmpeg.command.options import asks_for_help, is_help, options_help, settings_of
from vsrealbasicvsr.ffmpeg.command.outputs import Outcome, Outputs, check_outputs
from vsrealbasicvsr.ffmpeg.graph.cut import NAME
from vsrealbasicvsr.ffmpeg.graph.found_cuts import Marks
from vsrealbasicvsr.ffmpeg.halves import hdr
from vsrealbasicvsr.ffmpeg.halves.encode_half import EncodeHalf, EncodeHalfEndedError
from vsrealbasicvsr.ffmpeg.halves.rehearsal import Pictures, rehearse
from vsrealbasicvsr.ffmpeg.halves.split import MARKS, Halves, split
from vsrealbasicvsr.ffmpeg.halves.wire import PictureReader, PictureWriter, colour_options
from vsrealbasicvsr.ffmpeg.process.child import Child
from vsrealbasicvsr.ffmpeg.process.log import LEVELS, Line
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg, exit_code
from vsrealbasicvsr.ffmpeg.without_ffmpeg.run import run_in_process
from vsrealbasicvsr.ffmpeg.without_ffmpeg.simple_command import SimpleCommand
from vsrealbasicvsr.network.basicvsr import SCALE
from vsrealbasicvsr.pipeline import Passage, Restored
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.colour.tags import Colour, describe_colour
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import SourceFrame

log = logging.getLogger("vsrealbasicvsr")

SOURCE_ENDED_EARLY = 3
"""Exit code if the source is cut off; everything that could be read was restored."""
_TRUNCATED = re.compile(r"ended prematurely|partial file|truncat", re.IGNORECASE)

_DESCRIPTORS = ("pipe:", "fd:", "/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Prefixes of inputs that are open in this process; in a child process they mean something else."""

OpenRestorer = Callable[[Settings], Restorer | Lanes]


def run_command(
    arguments: Sequence[str],
    *,
    ffmpeg: str | None = None,
    dry_run: bool = False,
    open_restorer: OpenRestorer = open_restorer,
) -> int:
    """Run an ffmpeg command line with a `realbasicvsr` node; without a node ffmpeg runs it unchanged.

    An output that is a single file is called `NAME.partial.EXT` until it is complete.

    Args:
        arguments: The arguments of `ffmpeg`.
        ffmpeg: Name or path of the program; None takes `ffmpeg` on the PATH.
        dry_run: True to print the commands instead of running them.
        open_restorer: Makes the restorer from the settings.

    Returns:
        The exit code: 0; that of the ffmpeg that failed; `SOURCE_ENDED_EARLY`; or 1 if no frame arrived or
        ffmpeg did not finish its file.

    Raises:
        GraphError: a graph with the node cannot be parsed or cut, or an option of the node is wrong.
        FFmpegFailedError: ffmpeg refuses the command before the work begins.
        RestorationError: any other failure.
        KeyboardInterrupt: passed on; the frames written so far stay in files named `.partial`.
    """
    parsed = None if asks_for_help(arguments) else _with_node(arguments)
    if asks_for_help(arguments) or (parsed and is_help(parsed[1].item)):
        click.echo(options_help())
        return 0
    try:
        program = FFmpeg.find(ffmpeg)
    except NoFFmpegError as missing:
        if ffmpeg is not None:
            raise
        if parsed is None:
            raise
        return _run_in_process(*parsed, missing, dry_run, open_restorer)
    if parsed is None and dry_run:
        click.echo(shlex.join([program.path, *arguments]))
        return 0
    if parsed is None:
        return _run_unchanged(program, arguments)
    command, node = parsed
    settings = settings_of(node.item, node.text)
    known_cuts = given_cuts(settings.cuts)
    _check_inputs(command)
    if not dry_run:
        check_outputs(command)
    rehearsal = rehearse(program, command, node)
    halves = split(program, command, node, rehearsal)
    if dry_run:
        click.echo(_as_shell(halves, rehearsal.pictures))
        return 0
    if _loglevel(command) == "warning":
        _warn(program, rehearsal.pictures)
    run = _Run(halves, rehearsal.pictures, open_restorer(settings), known_cuts, _loglevel(command))
    return Outputs(command).publish(run, run.outcome)


def _run_in_process(
    command: CommandLine, node: Node, missing: NoFFmpegError, dry_run: bool, open_restorer: OpenRestorer
) -> int:
    """Run a simple command through PyAV, if there is no ffmpeg program."""
    settings = settings_of(node.item, node.text)
    known_cuts = given_cuts(settings.cuts)
    simple = SimpleCommand.of(command, node, missing)
    check_outputs(command)
    if dry_run:
        click.echo("# there is no ffmpeg: this command would run in this process, through PyAV")
    else:
        run_in_process(simple, lambda: open_restorer(settings), known_cuts)
    return 0


def _with_node(arguments: Sequence[str]) -> tuple[CommandLine, Node] | None:
    """Return the command and its node, or None without a node, even if the command has other errors."""
    try:
        command = with_graphs_inline(read_command_line(arguments))
    except JobError:
        if any(NAME in word for word in arguments):
            raise
        return None
    node = find_node(command)
    return (command, node) if node else None


def _run_unchanged(program: FFmpeg, arguments: Sequence[str]) -> int:
    """Run ffmpeg on the same terminal. Ctrl-C reaches both processes, and ffmpeg decides what to do."""
    with subprocess.Popen([program.path, *arguments], close_fds=False) as child:
        while True:
            try:
                return exit_code(child.wait())
            except KeyboardInterrupt:
                continue


def _check_inputs(command: CommandLine) -> None:
    """Refuse inputs that can be read only once, and commands that encode in two passes.

    Raises:
        JobError: an input is a pipe, or the command is one of two passes.
    """
    for file in command.inputs:
        path = Path(file.url.removeprefix("file:"))
        is_file = not path.exists() or path.is_file() or path.is_dir()
        if file.url == "-" or file.url.startswith(_DESCRIPTORS) or not is_file:
            raise JobError(f"the input {file.url} is a pipe, but {NAME} reads its source twice: give a file.")
    for file in command.outputs:
        if file.has("pass"):
            raise JobError(
                f"two passes would run {NAME} twice: use -crf, or restore to a lossless file first."
            )


def _warn(program: FFmpeg, pictures: Pictures) -> None:
    if (pictures.mastering or pictures.light) and not program.takes_side_data:
        log.warning(hdr.LOST)
    if pictures.is_interlaced:
        log.warning("the pictures are interlaced: put bwdif in front of realbasicvsr.")
    if any(component.is_alpha for component in VideoFormat(pictures.pixel_format).components):
        log.warning("the pictures' alpha is dropped: realbasicvsr restores opaque pictures.")


def _loglevel(command: CommandLine) -> str:
    """Return the level of the decode half's messages to show: the user's level, but at most warnings."""
    level = str(command.last("v", "loglevel") or "warning").rpartition("+")[2]
    if level.lstrip("-").isdecimal():
        level = LEVELS[min(max(int(level) // 8 + 1, 0), len(LEVELS) - 1)]
    return level if level in LEVELS[: LEVELS.index("warning")] else "warning"


def _as_shell(halves: Halves, pictures: Pictures) -> str:
    """Return both commands as text to read and paste; the network runs between them."""
    colour = colour_options(pictures.tags)
    return "\n".join(
        (
            shlex.join(halves.decode),
            f"# {NAME} reads NUT ({halves.wire_format}) from the command above, and writes it to that below",
            shlex.join(halves.encode(colour, Fraction(0))),
        )
    )


class _Run:
    """One run of the halves, with the network between them."""

    def __init__(
        self,
        halves: Halves,
        pictures: Pictures,
        restorer: Restorer | Lanes,
        known_cuts: frozenset[int] | None,
        loglevel: str,
    ) -> None:
        self._halves, self._pictures = halves, pictures
        self._known_cuts, self._loglevel = known_cuts, loglevel
        self._marks = Marks(pictures.time_base)
        self._passage = Passage(restorer, self._describe, self._get_conversion, self._write, stop=self._stop)
        self._conversion: Conversion | None = None
        self._colour_options: list[str] = []
        self._decode: Child | None = None
        self._reader: PictureReader | None = None
        self._truncated = ""
        self.outcome = Outcome()
        self._encode = EncodeHalf(self.outcome)

    def __call__(self) -> None:
        """Restore all frames; both ffmpeg processes have ended when this returns or raises."""
        with self._encode, Child(self._halves.decode, self._hear) as self._decode:
            self._reader = PictureReader(self._decode.stdout, self._pictures)
            try:
                self._passage.run(self._with_cuts(self._reader))
                self._encode.end()
            except EncodeHalfEndedError:
                self._encode.judge()
            else:
                self._encode.judge()
                self._judge_decode_half()

    def _hear(self, line: Line) -> None:
        """Handle a line of the decode half's log; runs in the thread that reads the log."""
        if line.speaker == MARKS:
            self._marks.hear(line.text)
        elif line.is_at_least(self._loglevel):
            click.echo(str(line), err=True)
        if line.is_complaint and _TRUNCATED.search(line.text):
            self._truncated = str(line)

    def _with_cuts(self, reader: PictureReader) -> Iterator[tuple[SourceFrame, bool]]:
        """Return the frames, each with True if it starts a shot; runs in the decoding thread."""
        if self._known_cuts is not None:
            return ((frame, n in self._known_cuts) for n, frame in enumerate(reader))
        if self._halves.tells_cuts:
            return ((frame, self._marks.is_cut(frame.pts * reader.time_base)) for frame in reader)
        return find_cuts(reader)

    def _describe(self, picture: VideoFrame) -> Colour:
        """Return the colours of the frames; the first frame decides them."""
        if self._conversion is None:
            colour, notes = describe_colour(picture)
            layout = self._halves.wire_format.replace("yuvj", "yuv")
            self._conversion = Conversion(layout, colour, SCALE * picture.width, SCALE * picture.height)
            # Other guesses change no pixel; a missing tag stays missing.
            guesses = "; ".join(note for note in notes if note.startswith(("matrix", "range")))
            if guesses and self._loglevel == "warning":
                log.warning("%s", guesses)
            numbers = {
                "range": picture.color_range,
                "colorspace": picture.colorspace,
                "color_primaries": picture.color_primaries,
                "color_trc": picture.color_trc,
                "chroma_location": picture.chroma_location,
            }
            tags = {tag: str(int(numbers[tag])) for tag in self._pictures.tags}
            if self._halves.wire_format.startswith("yuv"):
                # Other programs would guess a different matrix from the larger size.
                tags.setdefault("colorspace", str(colour.matrix))
            self._colour_options = colour_options(tags)
        return self._conversion.colour

    def _get_conversion(self) -> Conversion:
        assert self._conversion is not None  # set by the first frame
        return self._conversion

    def _write(self, picture: VideoFrame, restored: Restored) -> None:
        """Give a restored frame to the encode half; runs in the encoding thread."""
        if not self._encode.is_started:
            self._start_encode_half(picture, restored.pts)
        self._encode.write(picture, restored.pts)

    def _start_encode_half(self, picture: VideoFrame, pts: int) -> None:
        assert self._reader is not None
        open_writer = partial(
            PictureWriter,
            picture=picture,
            time_base=self._reader.time_base,
            rate=self._pictures.rate,
            metadata=self._reader.metadata,
            disposition=self._reader.disposition,
        )
        self._encode.start(
            self._halves.encode(self._colour_options, pts * self._reader.time_base), open_writer
        )

    def _stop(self) -> None:
        """End the wait for frames, and on Ctrl-C also the wait for the encoder."""
        if self._decode is not None:
            self._decode.stop()
        if isinstance(sys.exception(), KeyboardInterrupt):
            self._encode.stop()

    def _judge_decode_half(self) -> None:
        """Wait for the end of the decode half, and note its failure if the encode half did not fail."""
        assert self._decode is not None
        code = self._decode.wait()
        if self.outcome.failure:
            return
        if code:
            self.outcome.code = code
            self.outcome.failure = f"the decoding ffmpeg stopped with exit code {code}"
        elif self._truncated:
            self.outcome.code = SOURCE_ENDED_EARLY
            self.outcome.failure = f"the source ends early, says ffmpeg: {self._truncated}"
        elif not self.outcome.written:
            self.outcome.code = 1
            self.outcome.failure = "no picture arrived at realbasicvsr"
