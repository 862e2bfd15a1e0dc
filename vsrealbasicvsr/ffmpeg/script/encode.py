"""Encoding the clip of a VapourSynth script with ffmpeg, including what its frame properties say."""

from __future__ import annotations

import logging
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO

import click
import vapoursynth as vs
from av.stream import Disposition
from av.video.frame import VideoFrame

from vsrealbasicvsr.channel import Room, write_behind
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.ffmpeg.command.commandline import CommandLine, read_command_line, words_of
from vsrealbasicvsr.ffmpeg.command.outputs import Outcome, Outputs, check_outputs, renamed, target_of
from vsrealbasicvsr.ffmpeg.halves import hdr
from vsrealbasicvsr.ffmpeg.halves.encode_half import EncodeHalf, EncodeHalfEndedError
from vsrealbasicvsr.ffmpeg.halves.rehearsal import FOR_THE_USER, encoders_of, links_of, shortened, trial
from vsrealbasicvsr.ffmpeg.halves.split import timed
from vsrealbasicvsr.ffmpeg.halves.wire import PictureWriter, colour_options, pipe_input
from vsrealbasicvsr.ffmpeg.process.log import LOGLEVEL, Line
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg
from vsrealbasicvsr.ffmpeg.script.open import open_script
from vsrealbasicvsr.ffmpeg.script.pictures import (
    Clock,
    Properties,
    blank_picture,
    carried,
    picture_of,
    pixel_format_of,
    properties_of,
)

log = logging.getLogger("vsrealbasicvsr")

_BEHIND = 2
"""Frames that wait for ffmpeg, in addition to those that VapourSynth makes ahead."""
_OUTPUT_FORMAT = re.compile(r"\s*Stream #\d+:\d+.*: Video: \w+[^,]*(?:\([^)]*\))*, (\w+)")


def encode_script(
    script: str | Path,
    arguments: Sequence[str],
    *,
    output: int = 0,
    names: Mapping[str, str] | None = None,
    delay: Fraction = Fraction(0),
    ffmpeg: str | None = None,
    dry_run: bool = False,
) -> int:
    """Encode the clip of a script with ffmpeg; the clip is ffmpeg's first input.

    Samples are passed bit for bit. Matrix, primaries, transfer, range, chroma location, pixel shape and
    HDR10's metadata come from the properties of the first frame. Each frame lasts as long as its properties
    say.

    Args:
        script: A `.vpy` file.
        arguments: Arguments of ffmpeg: further inputs, maps, options, outputs.
        output: Number of the script's output.
        names: Names that are set in the script, as with `vspipe -a`.
        delay: Time of the first frame in seconds, relative to other inputs.
        ffmpeg: Name or path of the program; None takes `ffmpeg` on the PATH.
        dry_run: True to print the command instead of running it.

    Returns:
        The exit code: 0; that of ffmpeg; or 1 if ffmpeg did not finish its file.

    Raises:
        FFmpegFailedError: ffmpeg refuses the command before the first frame is made.
        JobError: the script or the command is wrong, or a frame cannot be made.
        KeyboardInterrupt: passed on; the frames written so far stay in files named `.partial`.
    """
    program = FFmpeg.find(ffmpeg)
    command = read_command_line(arguments)
    if not dry_run:
        check_outputs(command)
    with open_script(Path(script), output, names) as clip:
        clip = carried(clip)
        log_lines = _rehearse(program, command, clip)
        if not dry_run:
            run = _Run(program, command, clip, log_lines, delay)
            return Outputs(command).publish(run, run.outcome)
        first = clip.get_frame(0)
        time_base = Clock(Fraction(clip.fps), first).time_base
        words = _words(program, command, log_lines, properties_of(first), time_base, delay)
    click.echo(shlex.join(words))
    return 0


def _rehearse(program: FFmpeg, command: CommandLine, clip: vs.VideoNode) -> list[Line]:
    """Return the log of ffmpeg for one blank frame."""
    with tempfile.TemporaryDirectory(prefix="vsrealbasicvsr-") as name:
        folder = Path(name)
        blank = folder / "blank.nut"
        with blank.open("wb") as written:
            picture = blank_picture(clip)
            writer = _open_writer(written, picture, Fraction(1, 25), Fraction(clip.fps) or Fraction(25))
            writer.write(picture, 0)
            writer.close()
        words = [program.path, "-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", LOGLEVEL]
        words += words_of(option for option in command.options if option.name not in FOR_THE_USER)
        words += pipe_input(program, [], None, None)
        for file in command.inputs:
            words += [*words_of(file.without(*FOR_THE_USER).options), "-i", file.url]
        for number, file in enumerate(command.outputs):
            file = shortened(file, folder, number)
            words += [*words_of(file.options), file.url]
        with blank.open("rb") as stdin:
            return trial(words, folder, lambda line: line.text.startswith("Output #"), stdin)


def _open_writer(
    pipe: IO[bytes],
    picture: VideoFrame,
    time_base: Fraction,
    rate: Fraction,
    shape: Fraction | None = None,
) -> PictureWriter:
    return PictureWriter(
        pipe,
        picture,
        time_base=time_base,
        rate=rate,
        shape=shape,
        metadata={},
        disposition=Disposition(0),
    )


def _words(
    program: FFmpeg,
    command: CommandLine,
    log_lines: list[Line],
    properties: Properties,
    time_base: Fraction,
    delay: Fraction,
) -> list[str]:
    """Return the command that reads the clip from its stdin."""
    links = list(links_of(log_lines))
    options = (option for option in command.options if option.name not in ("n", "y"))
    words = [program.path, *words_of(options), "-nostdin", "-y"]
    words += pipe_input(
        program, colour_options(properties.tags), properties.mastering, properties.light, delay
    )
    for file in command.inputs:
        words += [*words_of(file.options), "-i", file.url]
    for number, file in enumerate(command.outputs):
        if not command.has("vsync"):
            file = timed(program, file, encoders_of(links, number), time_base)
        file = renamed(file, target_of(file))
        words += [*words_of(file.options), file.url]
    return words + words_of(command.trailing)


class _Run:
    """One run through a clip."""

    def __init__(
        self,
        program: FFmpeg,
        command: CommandLine,
        clip: vs.VideoNode,
        log_lines: list[Line],
        delay: Fraction,
    ) -> None:
        self._delay = delay
        self._program, self._command, self._clip, self._log_lines = program, command, clip, log_lines
        self.outcome = Outcome()
        self._encode = EncodeHalf(self.outcome)

    def __call__(self) -> None:
        """Encode all frames; ffmpeg has ended when this returns or raises."""
        with self._encode:
            try:
                # In the main thread, a write to a full pipe would delay Ctrl-C.
                with write_behind(self._write, Room(_BEHIND)) as put:
                    self._make(put)
                self._encode.end()
            except EncodeHalfEndedError:
                pass
            self._encode.judge()

    def _make(self, put: Callable[[tuple[VideoFrame, int]], None]) -> None:
        """Put all frames in order; VapourSynth makes as many at once as it has threads."""
        number, clock, pixel_format = 0, None, pixel_format_of(self._clip)
        try:
            for number, frame in enumerate(self._clip.frames(close=True)):
                picture = picture_of(frame, pixel_format)
                if clock is None:
                    clock = Clock(Fraction(self._clip.fps), frame)
                    self._start(frame, picture, clock)
                put((picture, clock.pts(frame, number)))
        except vs.Error as error:
            reason = str(error).strip().splitlines()[-1].removeprefix("vapoursynth.Error: ")
            raise JobError(f"frame {number + 1 if clock else 0} cannot be made: {reason}") from error
        except KeyboardInterrupt:
            self._encode.stop()
            raise

    def _start(self, frame: vs.VideoFrame, picture: VideoFrame, clock: Clock) -> None:
        """Start ffmpeg; the first frame says what the samples mean."""
        properties = properties_of(frame)
        _warn(self._program, properties, self._clip, self._log_lines)
        open_writer = partial(
            _open_writer,
            picture=picture,
            time_base=clock.time_base,
            rate=clock.rate,
            shape=properties.shape,
        )
        words = _words(
            self._program, self._command, self._log_lines, properties, clock.time_base, self._delay
        )
        self._encode.start(words, open_writer)

    def _write(self, timed_picture: tuple[VideoFrame, int]) -> None:
        """Write a frame; runs in the writing thread."""
        self._encode.write(*timed_picture)


def _warn(program: FFmpeg, properties: Properties, clip: vs.VideoNode, log_lines: list[Line]) -> None:
    if (properties.mastering or properties.light) and not program.takes_side_data:
        log.warning(hdr.LOST)
    if properties.is_interlaced:
        log.warning("the frames are interlaced, which the pipe does not say: deinterlace them in the script.")
    output_formats = [match[1] for line in log_lines if (match := _OUTPUT_FORMAT.match(line.text))]
    if clip.format.color_family == vs.RGB and any(name.startswith("yuv") for name in output_formats):
        log.warning(
            "the clip is RGB, and ffmpeg makes it YUV by BT.601: convert it in the script, with "
            'resize.Bicubic(format=vs.YUV420P10, matrix_s="709") for example.'
        )
