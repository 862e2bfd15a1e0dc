"""The paper's network, plain PyTorch: `RealBasicVSR` and how to `load` it."""

from vsrealbasicvsr.network.cleaning import Refinement
from vsrealbasicvsr.network.load import load
from vsrealbasicvsr.network.realbasicvsr import RealBasicVSR

__all__ = ["RealBasicVSR", "Refinement", "load"]
