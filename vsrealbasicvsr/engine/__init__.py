"""The engine: `Restorer` takes windows or streams of frames and returns restored ones."""

from vsrealbasicvsr.engine.restorer import Restorer
from vsrealbasicvsr.engine.steps import CleanedFrame

__all__ = ["CleanedFrame", "Restorer"]
