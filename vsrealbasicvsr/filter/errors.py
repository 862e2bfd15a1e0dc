"""Errors in the form that users of VapourSynth see."""

from __future__ import annotations

import vapoursynth as vs

from vsrealbasicvsr.errors import RestorationError


def vs_error(error: RestorationError | str) -> vs.Error:
    """Return the error to raise for a `RestorationError` or for a message.

    If it is raised while a frame is made, VapourSynth puts its own traceback in front of the message.
    """
    return vs.Error(f"realbasicvsr: {error}")
