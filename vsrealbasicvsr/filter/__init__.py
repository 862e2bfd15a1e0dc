"""The VapourSynth filter: `realbasicvsr` for RGB float clips, `restore` for clips of any format.

Importing this loads VapourSynth, but no torch: that waits for the first frame.
"""

from vsrealbasicvsr.filter.any_format import restore
from vsrealbasicvsr.filter.rgb import realbasicvsr

__all__ = ["realbasicvsr", "restore"]
