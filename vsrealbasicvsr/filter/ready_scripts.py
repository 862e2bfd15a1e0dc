"""What the ready scripts in `plugins/` share: settings as texts, a file as a clip, mpv's clip."""

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
from vsrealbasicvsr.filter.errors import told
from vsrealbasicvsr.filter.restore import restore
from vsrealbasicvsr.weights.known import KNOWN, cache_folder


def texts_of(names: Mapping[str, object]) -> dict[str, str]:
    """The settings that a host has put among the names of a script.

    Args:
        names: a script's `globals()`. vspipe puts in texts, other hosts bytes or numbers; modules, functions
            and clips, and names that start with `_`, are no settings.
    """
    settings = {}
    for name, value in names.items():
        if not name.startswith("_") and isinstance(value, str | bytes | int | float):
            settings[name] = value.decode() if isinstance(value, bytes) else str(value)
    return settings


def restore_arguments(settings: Mapping[str, str]) -> dict[str, Any]:
    """The keywords of `restore` that some texts mean.

    Args:
        settings: texts by name: numbers; lists with commas, as device="cuda:0,cuda:1" or cuts="0,240"; "none"
            where None is allowed; files, which may be relative to the folder that vspipe was started in.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." for a name that is unknown or a text that is no number.
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
        raise told(error) from None


def open_source(source: str | None, **options: Any) -> vs.VideoNode:
    """A video file as a clip, by the plugin BestSource; each of its frames says how long it lasts.

    BestSource's index, which spares a later run the reading of a long file, goes to the cache folder.

    Args:
        source: any file that FFmpeg reads; may be relative to the folder that vspipe was started in.
        options: other arguments of BestSource's `VideoSource`, as `rff=True`.

    Raises:
        vapoursynth.Error: "realbasicvsr: ..." where no source is given, the plugin is missing, or the file
            cannot be read.
    """
    if not source:
        raise told("no source is given; name the video with vspipe -a source=FILE.")
    if not hasattr(vs.core, "bs"):
        raise told("the plugin BestSource is missing; run `pip install vapoursynth-bestsource`.")
    try:
        clip = vs.core.bs.VideoSource(
            _as_seen_from_the_shell(source),
            **{"cachemode": 1, "cachepath": str(cache_folder() / "bestsource"), **options},
        )
    except vs.Error as error:
        hint = "" if Path(source).is_absolute() else "; give its whole path"
        raise told(f"cannot read {source}: {error}{hint}.") from None
    return _with_durations(clip)


def from_mpv(clip: vs.VideoNode) -> vs.VideoNode:
    """The `video_in` of mpv with its matrix where VapourSynth looks for it: mpv calls it `_ColorSpace`."""

    def tag(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        if "_Matrix" in f.props or "_ColorSpace" not in f.props:
            return f
        tagged = f.copy()
        tagged.props["_Matrix"] = f.props["_ColorSpace"]
        return tagged

    return clip.std.ModifyFrame(clip, tag)


def _with_durations(clip: vs.VideoNode) -> vs.VideoNode:
    """The clip's mean duration for frames without one: BestSource's last, and all of an MPEG program stream.

    vspipe --timecodes ends with an error at such a frame.
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
    """What a text means where a hint stands; a ValueError where it means nothing."""
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
        return _as_seen_from_the_shell(text)
    if str in kinds or any(get_origin(kind) is Literal for kind in kinds):
        return text
    raise ValueError


def _kinds(hint: Any) -> Iterator[Any]:
    """The types that a hint allows, without aliases and unions around them."""
    if isinstance(hint, TypeAliasType):
        yield from _kinds(hint.__value__)
    elif get_origin(hint) in (Union, UnionType):
        for part in get_args(hint):
            yield from _kinds(part)
    else:
        yield hint


def _as_seen_from_the_shell(file: str) -> str:
    """A file's name that holds although vspipe enters the script's folder before it runs the script.

    Shells tell their own folder in PWD.
    """
    with suppress(OSError, RuntimeError):  # RuntimeError: an unknown user after `~`
        path = Path(os.environ.get("PWD", ""), Path(file).expanduser())
        if path.exists():
            return str(path)
    return file
