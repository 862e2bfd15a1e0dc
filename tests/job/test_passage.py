"""Frames on their way: what happens when the host has no room for them."""

from __future__ import annotations

import av
import pytest
import torch

from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.job.passage import DECODED_AHEAD, ENCODED_BEHIND, Passage, Restored
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour import Colour
from vsrealbasicvsr.video.source import SourceFrame

BT709 = Colour(1, False, 1, 1, 1)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")]
)
@pytest.mark.parametrize("where", ["decoding", "encoding"])
def test_no_room_on_the_host_is_one_sentence(where: str, error: Exception) -> None:
    def fail(_: object) -> None:
        raise error

    def colour_of(_: av.VideoFrame) -> Colour:
        if where == "decoding":
            raise error
        return BT709

    restorer = Restorer(RealBasicVSR(8, 1, 1), Settings(window=1, margin=0, max_passes=0), "cpu")
    frames = [(SourceFrame(av.VideoFrame(4, 4, "yuv420p"), 0, 1), False)]
    with pytest.raises(RestorationError, match="The machine is out of memory; lower window"):
        Passage(restorer, colour_of, fail).run(frames)


@pytest.mark.parametrize(
    ("width", "height", "decoded", "restored"), [(320, 180, 8, 4), (1920, 1080, 2, 1), (7680, 4320, 1, 1)]
)
def test_large_frames_wait_in_smaller_numbers(width: int, height: int, decoded: int, restored: int) -> None:
    source = SourceFrame(av.VideoFrame(2, 2, "yuv420p"), 0, 1)
    low = (torch.empty(3, height, width, device="meta"), source, False)
    large = Restored(torch.empty(3, 4 * height, 4 * width, device="meta"), 0, 1, 0, 1, 0.0)
    assert [n for n in range(1, 10) if DECODED_AHEAD.has([low] * (n - 1), low)][-1] == decoded
    assert [n for n in range(1, 10) if ENCODED_BEHIND.has([large] * (n - 1), large)][-1] == restored
