"""An ffmpeg command line, split into global, per-input and per-output options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vsrealbasicvsr.errors import JobError

# Options without a value; all other options take one. FFmpeg's list for 4.2 to 9; `-noNAME` switches a
# flag off.
_FLAGS = frozenset(
    """
    accurate_seek an auto_conversion_filters autorotate autoscale benchmark benchmark_all bitexact
    copy_unknown copyinkf copyts deinterlace debug_ts display_hflip display_vflip dn drop_changed dump
    find_stream_info fix_sub_duration fix_sub_duration_heartbeat force_fps hex hide_banner
    ignore_unknown n print_graphs psnr qphist re recast_media report seek_timestamp shortest sn
    start_at_zero stats stdin vn vstats xerror y
    """.split()  # noqa: SIM905
)
_GLOBAL = frozenset(
    """
    abort_on_error auto_conversion_filters benchmark benchmark_all copy_unknown copytb copyts cpucount
    cpuflags debug_ts dts_delta_threshold dts_error_threshold dump filter_buffered_frames filter_complex
    /filter_complex filter_complex_script filter_complex_threads filter_hw_device filter_threads
    frame_drop_threshold hex hide_banner hwaccel_flags ignore_unknown init_hw_device lavfi /lavfi loglevel
    max_alloc max_error_rate n print_graphs print_graphs_file print_graphs_format progress psnr qphist
    recast_media report sdp_file start_at_zero stats stats_period stdin timelimit v vsync vstats vstats_file
    vstats_version xerror y
    """.split()  # noqa: SIM905
)
_COMPLEX = ("filter_complex", "lavfi")
_COMPLEX_FILES = ("filter_complex_script", "/filter_complex", "/lavfi")


@dataclass(frozen=True, slots=True)
class Option:
    """An option: `-name value`, or `-name` alone."""

    name: str
    """The name without the dash, with its stream specifier."""
    value: str | None = None

    @property
    def base(self) -> str:
        """The name without the stream specifier."""
        return self.name.partition(":")[0]

    @property
    def words(self) -> list[str]:
        """The option as arguments."""
        return [f"-{self.name}"] if self.value is None else [f"-{self.name}", self.value]


@dataclass(frozen=True, slots=True)
class File:
    """An input or output with the options in front of it."""

    options: tuple[Option, ...]
    url: str

    def has(self, *names: str) -> bool:
        """Return whether one of these options is given, with or without a stream specifier."""
        return any(option.base in names for option in self.options)

    def last(self, *names: str) -> str | None:
        """Return the value of the last of these options without a stream specifier, or None."""
        return next((option.value for option in reversed(self.options) if option.name in names), None)

    def without(self, *names: str) -> File:
        """Return the file without these options."""
        return replace(self, options=tuple(option for option in self.options if option.base not in names))


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A whole command line.

    Attributes:
        options: Global options.
        inputs: The inputs with their options.
        outputs: The outputs with their options.
        trailing: Options behind the last output; FFmpeg warns about them.
    """

    options: tuple[Option, ...]
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    trailing: tuple[Option, ...] = ()

    def has(self, name: str) -> bool:
        """Return whether this global option is given."""
        return any(option.name == name for option in self.options)

    def last(self, *names: str) -> str | None:
        """Return the value of the last of these global options, or None."""
        return next((option.value for option in reversed(self.options) if option.name in names), None)


def read_command_line(arguments: Sequence[str]) -> CommandLine:
    """Split the arguments of an ffmpeg call; they do not include the program's name.

    Raises:
        JobError: an option lacks its value.
    """
    global_options: list[Option] = []
    inputs: list[File] = []
    outputs: list[File] = []
    file_options: list[Option] = []  # those in front of the next input or output
    words = iter(arguments)
    for word in words:
        url = next(words, None) if word == "--" else word
        if word != "--" and word.startswith("-") and len(word) > 1:
            name = word[1:]
            option = Option(name)
            if option.base not in _FLAGS and option.base.removeprefix("no") not in _FLAGS:
                option = Option(name, next(words, None))
                if option.value is None:
                    raise JobError(f"ffmpeg's option -{name} has no value.")
            if option.base == "i":
                inputs.append(File(tuple(file_options), str(option.value)))
                file_options = []
            else:
                positive = option.base.removeprefix("no") if option.value is None else option.base
                is_global = bool(_GLOBAL & {option.base, positive})
                (global_options if is_global else file_options).append(option)
        elif url is not None:
            outputs.append(File(tuple(file_options), url))
            file_options = []
    return CommandLine(tuple(global_options), tuple(inputs), tuple(outputs), tuple(file_options))


def with_graphs_inline(command: CommandLine) -> CommandLine:
    """Replace graphs that a file holds by their text.

    FFmpeg's options for such files changed twice; its versions 4 to 9 all take graphs as text.

    Raises:
        JobError: a file cannot be read.
    """
    return replace(
        command,
        options=tuple(map(_inline, command.options)),
        outputs=tuple(replace(file, options=tuple(map(_inline, file.options))) for file in command.outputs),
    )


def is_complex_graph(option: Option) -> bool:
    """Return whether the option is `-filter_complex` in any spelling."""
    return option.name in (*_COMPLEX, *_COMPLEX_FILES)


def is_video_graph(option: Option) -> bool:
    """Return whether the option is `-vf` in any spelling."""
    name, _, stream = option.name.removeprefix("/").partition(":")
    return name == "vf" or (name in ("filter", "filter_script") and stream[:1] in ("v", "V"))


def words_of(options: Iterable[Option]) -> list[str]:
    """Return options as arguments."""
    return [word for option in options for word in option.words]


def _inline(option: Option) -> Option:
    is_file = option.name in _COMPLEX_FILES or option.name.startswith(("/", "filter_script"))
    if not is_file or not (is_complex_graph(option) or is_video_graph(option)):
        return option
    name = re.sub("^filter_(complex_)?script", r"filter_\1", option.name.removeprefix("/")).replace("_:", ":")
    return Option(name.removesuffix("_"), _text(Path(str(option.value))))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise JobError(f"the filter graph {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise JobError(f"the filter graph {path} is no text in UTF-8.") from error
