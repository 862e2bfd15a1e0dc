"""How good frames are spoilt: parameters are drawn, then applied (SPEC 7, 8; paper section 3.3)."""

from training.degradation.apply import apply
from training.degradation.options import DegradationOptions
from training.degradation.parameters import Parameters
from training.degradation.sample import Degradation
from training.degradation.sharpen import sharpen

__all__ = ["Degradation", "DegradationOptions", "Parameters", "apply", "sharpen"]
