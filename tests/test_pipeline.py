"""Frames on their way: what happens when the host has no room for them."""

from __future__ import annotations

import av
import numpy as np
import pytest
import torch

from vsrealbasicvsr.engine import Lanes, Restorer
from vsrealbasicvsr.errors import RestorationError
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.pipeline import DECODED_AHEAD, ENCODED_BEHIND, Passage, Restored
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.conversion import Conversion
from vsrealbasicvsr.video.colour.tags import Colour
from vsrealbasicvsr.video.read.source import SourceFrame

BT709 = Colour(1, False, 1, 1, 1)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 8 bytes")]
)
@pytest.mark.parametrize("where", ["decoding", "encoding"])
def test_no_room_on_the_host_is_one_sentence(where: str, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    def colour_of(_: av.VideoFrame) -> Colour:
        if where == "decoding":
            raise error
        return BT709

    restorer = Restorer(RealBasicVSR(8, 1, 1), Settings(window=1, margin=0, max_passes=0), "cpu")
    frames = [(SourceFrame(av.VideoFrame(4, 4, "yuv420p"), 0, 1), False)]
    with pytest.raises(RestorationError, match="The machine is out of memory; lower window"):
        Passage(restorer, colour_of, lambda: Conversion("yuv420p", BT709, 16, 16), fail).run(frames)


@pytest.mark.parametrize(
    ("width", "height", "decoded", "restored"), [(320, 180, 8, 4), (1920, 1080, 2, 1), (7680, 4320, 1, 1)]
)
def test_large_frames_wait_in_smaller_numbers(width: int, height: int, decoded: int, restored: int) -> None:
    source = SourceFrame(av.VideoFrame(2, 2, "yuv420p"), 0, 1)
    low = (torch.empty(3, height, width, device="meta"), source, False)
    large = Restored(torch.empty(3, 4 * height, 4 * width, device="meta"), 0, 1, 0, 1, 0.0)
    assert [n for n in range(1, 10) if DECODED_AHEAD.has([low] * (n - 1), low)][-1] == decoded
    assert [n for n in range(1, 10) if ENCODED_BEHIND.has([large] * (n - 1), large)][-1] == restored


def noise(pixel_format: str, count: int) -> list[tuple[SourceFrame, bool]]:
    made = []
    for n in range(count):
        picture = av.VideoFrame(34, 26, pixel_format)
        for plane in picture.planes:
            plane.update(np.random.default_rng(n).integers(0, 256, plane.buffer_size, np.uint8))
        made.append((SourceFrame(picture, n, 1), n == 3))
    return made


def network_of_seed(seed: int) -> RealBasicVSR:
    torch.manual_seed(seed)
    return RealBasicVSR(8, 1, 1)


def run(count: int, conversion: Conversion, *, lanes: int, there: bool) -> list[bytes]:
    """The frames' bytes; `there` as on a GPU, but for the copies."""
    chosen = Settings(window=2, margin=1, max_passes=1)
    network = network_of_seed(3)
    restorers = [Restorer(network, chosen, "cpu") for _ in range(lanes)]
    written = []
    passage = Passage(
        restorers[0] if lanes == 1 else Lanes(restorers),
        lambda _: BT709,
        lambda: conversion,
        lambda frame, restored: written.append((restored.picture.ndim, bytes_of(frame))),
        codes_on_device=there,
    )
    passage.run(noise("yuv420p", count))
    assert {dimensions for dimensions, _ in written} == {1 if there else 3}
    return [raw for _, raw in written]


def bytes_of(frame: av.VideoFrame) -> bytes:
    lines = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size) for p in frame.planes]
    bits = frame.format.components[0].bits
    return b"".join(
        rows[:, : plane.width * (-(-bits // 8))].tobytes()
        for rows, plane in zip(lines, frame.planes, strict=True)
    )


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize(
    ("pixel_format", "width", "height"),
    [("yuv420p10le", 136, 104), ("yuv420p", 68, 52), ("gbrp", 136, 104), ("gbrpf32le", 136, 104)],
)
def test_codes_made_beside_the_network_give_the_same_frames(
    pixel_format: str, width: int, height: int, lanes: int
) -> None:
    conversion = Conversion(pixel_format, BT709, width, height)
    there = run(5, conversion, lanes=lanes, there=True)
    assert len(set(there)) == 5
    assert there == run(5, conversion, lanes=lanes, there=False)


def test_where_the_device_has_no_room_for_codes_the_host_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    conversion = Conversion("yuv420p", BT709, 136, 104)
    expected = run(4, conversion, lanes=1, there=False)

    def no_room(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(Conversion, "codes", no_room)
    restorer = Restorer(network_of_seed(3), Settings(window=2, margin=1, max_passes=1), "cpu")
    written = []
    Passage(
        restorer,
        lambda _: BT709,
        lambda: conversion,
        lambda frame, _: written.append(bytes_of(frame)),
        codes_on_device=True,
    ).run(noise("yuv420p", 4))
    assert written == expected
