"""All probes in turn, none of which can end the others."""

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
    """Everything that is found, each with the part of the report that it belongs to, as it is found."""
    for part, probe in PROBES:
        for finding in guarded(part, probe):
            yield part, finding


def guarded(part: str, probe: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a probe finds; where it fails, that it could not find out."""
    try:
        yield from probe()
    except Exception as error:  # whatever is wrong with a machine must not end the report on it
        said = str(error).partition("\n")[0] or type(error).__name__
        yield Finding("note", part, f"could not be found out: {said}")
