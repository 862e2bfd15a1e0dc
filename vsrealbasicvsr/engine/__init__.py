"""The engine: `Restorer` takes windows or streams of frames, `Neighbours` windows in any order."""

from vsrealbasicvsr.engine.neighbours import Neighbours
from vsrealbasicvsr.engine.restorer import Restorer
from vsrealbasicvsr.engine.steps import CleanedFrame

__all__ = ["CleanedFrame", "Neighbours", "Restorer"]
