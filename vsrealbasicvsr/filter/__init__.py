"""The VapourSynth filter: `realbasicvsr` for RGB float clips, `restore` for clips of any format.

Importing this package loads VapourSynth but not torch. The first requested frame loads torch.

`graph` builds the nodes, `worker` holds the network, `colours` and `clips` convert formats, `shot_props`
reads cuts, `script` serves the ready scripts.
"""

from vsrealbasicvsr.filter.realbasicvsr import realbasicvsr
from vsrealbasicvsr.filter.restore import restore

__all__ = ["realbasicvsr", "restore"]
