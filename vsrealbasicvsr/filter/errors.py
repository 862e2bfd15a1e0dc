"""Errors as VapourSynth's users see them."""

from __future__ import annotations

import vapoursynth as vs

from vsrealbasicvsr.errors import RestorationError


def told(error: RestorationError | str) -> vs.Error:
    """The error to raise; inside frames VapourSynth puts a traceback of its own in front of the sentence."""
    return vs.Error(f"realbasicvsr: {error}")
