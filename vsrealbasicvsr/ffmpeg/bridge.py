"""A whole ffmpeg command with our node in it: decode half, network and encode half, from start to end."""

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
"""Exit code where all that could be read was restored, but the source is cut off."""
_TRUNCATED = re.compile(r"ended prematurely|partial file|truncat", re.IGNORECASE)

_DESCRIPTORS = ("pipe:", "fd:", "/dev/stdin", "/dev/fd/", "/proc/self/fd/")
"""Names of what is open in this process; in a child they name something else."""

OpenRestorer = Callable[[Settings], Restorer | Lanes]


def run_command(
    arguments: Sequence[str],
    *,
    ffmpeg: str | None = None,
    dry_run: bool = False,
    open_restorer: OpenRestorer = open_restorer,
) -> int:
    """Run an ffmpeg command line that may hold a `realbasicvsr` node; without one ffmpeg gets it as it is.

    Outputs that are one file get their name when they are whole; until then they are `NAME.partial.EXT`.

    Args:
        arguments: What stands behind `ffmpeg`.
        ffmpeg: Name or path of the program; None takes `ffmpeg` on the PATH.
        dry_run: Print the commands that would run, instead of running them.
        open_restorer: Makes what restores the pictures.

    Returns:
        The exit code: 0, or that of the ffmpeg that failed.

    Raises:
        GraphError: a graph with the node cannot be read or cut, or an option of the node is wrong.
        FFmpegFailedError: ffmpeg refuses the command before the work has begun.
        RestorationError: one of its other kinds.
        KeyboardInterrupt: passed on; what was done so far stays in files named `.partial`.
    """
    found = None if asks_for_help(arguments) else _with_node(arguments)
    if asks_for_help(arguments) or (found and is_help(found[1].item)):
        click.echo(options_help())
        return 0
    try:
        program = FFmpeg.find(ffmpeg)
    except NoFFmpegError as missing:
        if ffmpeg is not None:
            raise
        if found is None:
            raise
        return _run_in_process(*found, missing, dry_run, open_restorer)
    if found is None and dry_run:
        click.echo(shlex.join([program.path, *arguments]))
        return 0
    if found is None:
        return _run_unchanged(program, arguments)
    command, node = found
    settings = settings_of(node.item, node.text)
    given = given_cuts(settings.cuts)
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
    run = _Run(halves, rehearsal.pictures, open_restorer(settings), given, _loglevel(command))
    return Outputs(command).publish(run, run.outcome)


def _run_in_process(
    command: CommandLine, node: Node, missing: NoFFmpegError, dry_run: bool, open_restorer: OpenRestorer
) -> int:
    """Without an ffmpeg: what PyAV can do of the command."""
    settings = settings_of(node.item, node.text)
    given = given_cuts(settings.cuts)
    simple = SimpleCommand.of(command, node, missing)
    check_outputs(command)
    if dry_run:
        click.echo("# there is no ffmpeg: this command would run in this process, through PyAV")
    else:
        run_in_process(simple, lambda: open_restorer(settings), given)
    return 0


def _with_node(arguments: Sequence[str]) -> tuple[CommandLine, Node] | None:
    """The command and its node; None where it has none, however wrong it may be otherwise."""
    try:
        command = with_graphs_inline(read_command_line(arguments))
    except JobError:
        if any(NAME in word for word in arguments):
            raise
        return None
    node = find_node(command)
    return (command, node) if node else None


def _run_unchanged(program: FFmpeg, arguments: Sequence[str]) -> int:
    """The program itself, on the same terminal; Ctrl-C reaches it as well as us, and it decides."""
    with subprocess.Popen([program.path, *arguments], close_fds=False) as child:
        while True:
            try:
                return exit_code(child.wait())
            except KeyboardInterrupt:
                continue


def _check_inputs(command: CommandLine) -> None:
    """Refuse what can be read only once, and what would read all twice.

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
    """What the user wants to hear of the decode half, at most warnings."""
    wanted = str(command.last("v", "loglevel") or "warning").rpartition("+")[2]
    if wanted.lstrip("-").isdecimal():
        wanted = LEVELS[min(max(int(wanted) // 8 + 1, 0), len(LEVELS) - 1)]
    return wanted if wanted in LEVELS[: LEVELS.index("warning")] else "warning"


def _as_shell(halves: Halves, pictures: Pictures) -> str:
    """Both commands to be read and pasted; the network stands between them."""
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
        given: frozenset[int] | None,
        loglevel: str,
    ) -> None:
        self._halves, self._pictures, self._given, self._loglevel = halves, pictures, given, loglevel
        self._marks = Marks(pictures.time_base)
        self._passage = Passage(restorer, self._describe, self._converted, self._write, stop=self._stop)
        self._conversion: Conversion | None = None
        self._colour_options: list[str] = []
        self._decode: Child | None = None
        self._reader: PictureReader | None = None
        self._truncated = ""
        self.outcome = Outcome()
        self._encode = EncodeHalf(self.outcome)

    def __call__(self) -> None:
        """Restore all pictures; both ffmpegs have ended when this returns or raises."""
        with self._encode, Child(self._halves.decode, self._hear) as self._decode:
            self._reader = PictureReader(self._decode.stdout, self._pictures)
            try:
                self._passage.run(self._judged(self._reader))
                self._encode.end()
            except EncodeHalfEndedError:
                self._encode.judge()
            else:
                self._encode.judge()
                self._judge_decode_half()

    def _hear(self, line: Line) -> None:
        """Runs in the thread that listens to the decode half."""
        if line.speaker == MARKS:
            self._marks.hear(line.text)
        elif line.is_at_least(self._loglevel):
            click.echo(str(line), err=True)
        if line.is_complaint and _TRUNCATED.search(line.text):
            self._truncated = str(line)

    def _judged(self, reader: PictureReader) -> Iterator[tuple[SourceFrame, bool]]:
        """Pictures and whether each starts a shot; runs in the decoding thread."""
        if self._given is not None:
            return ((frame, n in self._given) for n, frame in enumerate(reader))
        if self._halves.tells_cuts:
            return ((frame, self._marks.is_cut(frame.pts * reader.time_base)) for frame in reader)
        return find_cuts(reader)

    def _describe(self, picture: VideoFrame) -> Colour:
        """What the numbers mean, settled by the first picture."""
        if self._conversion is None:
            colour, notes = describe_colour(picture)
            layout = self._halves.wire_format.replace("yuvj", "yuv")
            self._conversion = Conversion(layout, colour, SCALE * picture.width, SCALE * picture.height)
            # The other guesses change no pixel, and what is not tagged stays so.
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
            if self._halves.wire_format.startswith("yuv"):  # others would guess another from the larger size
                tags.setdefault("colorspace", str(colour.matrix))
            self._colour_options = colour_options(tags)
        return self._conversion.colour

    def _converted(self) -> Conversion:
        assert self._conversion is not None  # by the first picture
        return self._conversion

    def _write(self, picture: VideoFrame, restored: Restored) -> None:
        """Hand over; runs in the encoding thread."""
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
        """End a wait for pictures, and on Ctrl-C one for the encoder as well."""
        if self._decode is not None:
            self._decode.stop()
        if isinstance(sys.exception(), KeyboardInterrupt):
            self._encode.stop()

    def _judge_decode_half(self) -> None:
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
