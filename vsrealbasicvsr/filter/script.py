"""Functions for the ready scripts in `plugins/`: settings from text, a file as a clip, mpv's clip."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeAliasType, Union, get_args, get_origin, get_type_hints

import vapoursynth as vs

from vsrealbasicvsr.errors import RestorationError, SettingsError
from vsrealbasicvsr.filter.errors import vs_error
from vsrealbasicvsr.filter.restore import restore
from vsrealbasicvsr.weights.known import KNOWN, cache_folder


def texts_of(names: Mapping[str, object]) -> dict[str, str]:
    """Return the settings that a host program has set as global names of a script.

    Args:
        names: the script's `globals()`. vspipe sets texts, other hosts set bytes or numbers. Modules,
            functions, clips, and names that start with `_` are ignored.
    """
    settings = {}
    for name, value in names.items():
        if not name.startswith("_") and isinstance(value, str | bytes | int | float):
            settings[name] = value.decode() if isinstance(value, bytes) else str(value)
    return settings


def restore_arguments(settings: Mapping[str, str]) -> dict[str, Any]:
    """Convert settings from text to the keywords of `restore`.

    Args:
        settings: texts by name: numbers; lists with commas, such as device="cuda:0,cuda:1" or cuts="0,240";
            "none" where None is allowed; files, which may be relative to the folder where vspipe was started.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." if a name is unknown or a text is not a number.
    """
    parameters = list(inspect.signature(restore).parameters)[1:]
    hints = get_type_hints(restore)
    try:
        unknown = next((name for name in settings if name not in parameters), None)
        if unknown is not None:
            known = ", ".join(["source", *parameters])
            raise SettingsError(f"There is no setting {unknown!r}; there are {known}.")
        return {name: _value(name, text, hints[name]) for name, text in settings.items()}
    except RestorationError as error:
        raise vs_error(error) from None


def open_source(source: str | None, **options: Any) -> vs.VideoNode:
    """Open a video file as a clip with the plugin BestSource; every frame of the clip has a duration.

    BestSource writes its index into the cache folder. With the index, a later run need not read a long file
    first.

    Args:
        source: any file that FFmpeg reads; may be relative to the folder where vspipe was started.
        options: other arguments of BestSource's `VideoSource`, such as `rff=True`.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." if no source is given, the plugin is missing, or the file
            cannot be read.
    """
    if not source:
        raise vs_error("no source is given; name the video with vspipe -a source=FILE.")
    if not hasattr(vs.core, "bs"):
        raise vs_error("the plugin BestSource is missing; run `pip install vapoursynth-bestsource`.")
    try:
        clip = vs.core.bs.VideoSource(
            _path_from_shell(source),
            **{"cachemode": 1, "cachepath": str(cache_folder() / "bestsource"), **options},
        )
    except vs.Error as error:
        hint = "" if Path(source).is_absolute() else "; give its whole path"
        raise vs_error(f"cannot read {source}: {error}{hint}.") from None
    return _with_durations(clip)


def from_mpv(clip: vs.VideoNode) -> vs.VideoNode:
    """Return mpv's `video_in` with the property `_Matrix`, which mpv calls `_ColorSpace`."""

    def tag(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        if "_Matrix" in f.props or "_ColorSpace" not in f.props:
            return f
        tagged = f.copy()
        tagged.props["_Matrix"] = f.props["_ColorSpace"]
        return tagged

    return clip.std.ModifyFrame(clip, tag)


def _with_durations(clip: vs.VideoNode) -> vs.VideoNode:
    """Give frames without a duration the mean duration of the clip.

    BestSource sets no duration for the last frame, and none for any frame of an MPEG program stream.
    `vspipe --timecodes` ends with an error at such a frame.
    """
    seconds = 1 / clip.fps if clip.fps else None

    def fill(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        if seconds is None or "_DurationNum" in f.props:
            return f
        filled = f.copy()
        filled.props["_DurationNum"], filled.props["_DurationDen"] = seconds.numerator, seconds.denominator
        return filled

    return clip.std.ModifyFrame(clip, fill)


def _value(name: str, text: str, hint: Any) -> Any:
    try:
        return _read(text, hint)
    except ValueError:
        kind = "a whole number" if int in _kinds(hint) else "a number"
        raise SettingsError(f"{name} must be {kind}, not {text!r}.") from None


def _read(text: str, hint: Any) -> Any:
    """Convert a text to a type that the hint allows.

    Raises:
        ValueError: the text is no value of these types.
    """
    kinds = list(_kinds(hint))
    if NoneType in kinds and text.lower() == "none":
        return None
    for kind in kinds:
        with suppress(ValueError):
            if kind in (int, float):
                return kind(text)
            if get_origin(kind) is Sequence:
                return [_read(item.strip(), get_args(kind)[0]) for item in text.split(",")]
    if Path in kinds and text not in {known.name for known in KNOWN}:
        return _path_from_shell(text)
    if str in kinds or any(get_origin(kind) is Literal for kind in kinds):
        return text
    raise ValueError


def _kinds(hint: Any) -> Iterator[Any]:
    """Yield the types that a hint allows, without the aliases and unions around them."""
    if isinstance(hint, TypeAliasType):
        yield from _kinds(hint.__value__)
    elif get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _kinds(part)
    else:
        yield hint


def _path_from_shell(file: str) -> str:
    """Resolve a path against the folder of the shell, and return it unchanged if there is no such file.

    vspipe changes to the folder of the script before it runs the script. The folder of the shell is in PWD.
    """
    with suppress(OSError, RuntimeError):  # RuntimeError: unknown user after `~`
        path = Path(os.environ.get("PWD", ""), Path(file).expanduser())
        if path.exists():
            return str(path)
    return file
