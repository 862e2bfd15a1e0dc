"""The VapourSynth filter: `realbasicvsr` for RGB float clips, `restore` for clips of any format.

Importing this package loads VapourSynth but not torch. The first requested frame loads torch.
"""

from vsrealbasicvsr.filter.realbasicvsr import realbasicvsr
from vsrealbasicvsr.filter.restore import restore

__all__ = ["realbasicvsr", "restore"]
