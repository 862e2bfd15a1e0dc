"""The report: all probes in turn; a failing probe does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vsrealbasicvsr.doctor import machine, programs, software
from vsrealbasicvsr.doctor.finding import Finding

PROBES: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
    ("software", software.versions),
    ("installs", software.installs),
    ("weights", software.weights),
    ("devices", machine.devices),
    ("memory", machine.memory),
    ("disk", machine.disk),
    ("environment", machine.environment),
    ("VapourSynth's plugins", programs.plugins),
    ("programs", programs.programs),
)


def examine() -> Iterator[tuple[str, Finding]]:
    """Run all probes, and yield each finding as soon as it is known, with the name of its part."""
    for part, probe in PROBES:
        for finding in guarded(part, probe):
            yield part, finding


def guarded(part: str, probe: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of a probe; if it fails, yield a note with the reason."""
    try:
        yield from probe()
    except Exception as error:  # no problem of the machine may stop the report
        reason = str(error).partition("\n")[0] or type(error).__name__
        yield Finding("note", part, f"could not be found out: {reason}")
