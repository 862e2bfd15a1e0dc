"""The VapourSynth filter: `realbasicvsr` for RGB float clips, `restore` for clips of any format.

Importing this loads VapourSynth, but no torch: that waits for the first frame.
"""

from vsrealbasicvsr.filter.realbasicvsr import realbasicvsr
from vsrealbasicvsr.filter.restore import restore

__all__ = ["realbasicvsr", "restore"]
