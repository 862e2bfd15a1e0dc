"""Weights: known weights, download, reading of untrusted files, conversion.

Importing this package does not load torch; its modules `formats` and `convert` do.
"""

from vsrealbasicvsr.weights.known import KNOWN, KnownWeights, resolve
from vsrealbasicvsr.weights.refinement import RefinementDefaults, completed, read_refinement

__all__ = ["KNOWN", "KnownWeights", "RefinementDefaults", "completed", "read_refinement", "resolve"]
