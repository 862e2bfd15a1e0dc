"""Probes of other programs that this one works with, and of VapourSynth's plugins."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from vsrealbasicvsr.doctor.child import UnansweredError, facts_of, said_by
from vsrealbasicvsr.doctor.finding import Finding

_PLUGINS = {
    "bs": ("reads files (BestSource)", "vapoursynth-bestsource"),
    "bwdif": ("deinterlaces, in the examples for discs", "vapoursynth-bwdif"),
    "vivtc": ("undoes telecine, in the example for film on discs", "vapoursynth-vivtc"),
    "resize2": ("resizes, for vs-jetpack", "vapoursynth-resize2"),
    "descale": ("undoes enlargement, for vs-jetpack", "vapoursynth-descale"),
}
_OTHER_READERS = ("lsmas", "ffms2")


def plugins() -> Iterator[Finding]:
    """Examine VapourSynth's core, and which of the plugins that our scripts use are installed."""
    facts = facts_of("vapoursynth")
    present = facts["plugins"]
    yield Finding("ok", "VapourSynth's core", f"R{facts['version']}")
    for name, (purpose, package) in _PLUGINS.items():
        if name in present:
            yield Finding("ok", f"plugin {name}", purpose)
        else:
            yield Finding("note", f"plugin {name}", f"absent; it {purpose}", f"Run `pip install {package}`.")
    readers = [name for name in _OTHER_READERS if name in present]
    if readers:
        yield Finding("ok", "other readers", ", ".join(readers))


def programs() -> Iterator[Finding]:
    """Examine ffmpeg, ffprobe, vspipe and mpv: their paths and versions."""
    ffmpeg_advice = "Install FFmpeg, or name one with `vsrealbasicvsr ffmpeg --ffmpeg PATH`."
    yield _program("ffmpeg", "-version", r"ffmpeg version (\S+)", ffmpeg_advice)
    yield _program(
        "ffprobe", "-version", r"ffprobe version (\S+)", "Install FFmpeg; only some examples need it."
    )
    yield _vspipe()
    yield _mpv()


def _vspipe() -> Finding:
    finding = _program(
        "vspipe",
        "--version",
        r"Core (R\d+)",
        "Run `pip install vapoursynth`; its folder of programs "
        "must be on the PATH, as it is in an activated environment.",
    )
    try:
        ours = f"R{facts_of('vapoursynth')['version']}"
    except UnansweredError:  # the probe of VapourSynth itself reports this
        return finding
    if finding.state == "ok" and not finding.text.startswith(f"{ours},"):
        return Finding(
            "note",
            "vspipe",
            f"{finding.text}: not the VapourSynth of this Python, which is {ours}",
            f"Put {Path(sys.executable).parent} first on the PATH, so that vspipe finds this program.",
        )
    return finding


def _mpv() -> Finding:
    finding = _program(
        "mpv", "--version", r"mpv v?(\S+)", "Only needed to restore while playing: install mpv."
    )
    if finding.state == "ok" and not re.search(
        r"^\s*vapoursynth\b", said_by(["mpv", "--vf=help"]), re.MULTILINE
    ):
        return Finding(
            "note",
            "mpv",
            f"{finding.text}: built without VapourSynth",
            "Install a build with the filter vapoursynth.",
        )
    return finding


def _program(name: str, option: str, pattern: str, advice: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        beside = shutil.which(name, path=str(Path(sys.executable).parent))
        return Finding("note", name, f"not on the PATH, but at {beside}" if beside else "not found", advice)
    try:
        version = re.search(pattern, said_by([path, option]))
    except UnansweredError as error:
        return Finding("note", name, f"{path} cannot be run: {error}", advice)
    return Finding("ok", name, f"{version[1] if version else 'unknown version'}, {path}")
