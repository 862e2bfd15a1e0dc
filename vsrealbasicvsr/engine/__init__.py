"""The engine: `Restorer` takes windows or streams of frames, `Neighbours` windows in any order.

`Lanes` takes streams on several devices; `open_restorer` makes it where `device` names several.

`steps` computes single steps, `restorer` streams and windows, `any_order` windows on request,
`multi_device` several devices. `memory` plans strips, `acceleration` holds the faster modes.
"""

from vsrealbasicvsr.engine.any_order import Neighbours
from vsrealbasicvsr.engine.multi_device import Lanes, open_restorer
from vsrealbasicvsr.engine.restorer import Restorer
from vsrealbasicvsr.engine.steps import CleanedFrame
from vsrealbasicvsr.engine.to_host import on_host

__all__ = ["CleanedFrame", "Lanes", "Neighbours", "Restorer", "on_host", "open_restorer"]
