"""The paper's network in plain PyTorch: `RealBasicVSR`, and `load` to build it from weights."""

from vsrealbasicvsr.network.cleaning import Refinement
from vsrealbasicvsr.network.load import load
from vsrealbasicvsr.network.realbasicvsr import RealBasicVSR

__all__ = ["RealBasicVSR", "Refinement", "load"]
