"""Weights: the known ones, fetching, reading untrusted files, conversion.

Importing this loads no torch; its modules `formats` and `convert` do.
"""

from vsrealbasicvsr.weights.known import KNOWN, KnownWeights, resolve

__all__ = ["KNOWN", "KnownWeights", "resolve"]
