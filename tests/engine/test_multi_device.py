from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import islice

import pytest
import torch
from torch import Tensor

from tests.engine.pieces import CHOICES, CUTS, LENGTH, pieces, streamed_piece
from vsrealbasicvsr.engine import CleanedFrame, Lanes, Restorer, open_restorer
from vsrealbasicvsr.errors import ClipError, SettingsError
from vsrealbasicvsr.settings import Settings

Make = Callable[..., Restorer]
Clip = Callable[..., Tensor]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name == "lane"] == []


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(
    ("length", "window", "margin", "cuts"),
    [
        (1, 4, 2, ()),
        (4, 4, 2, ()),
        (13, 4, 2, (6,)),
        (14, 3, 0, (3, 4, 5)),
        (17, 2, 5, (8,)),
        (24, 5, 1, ()),
        (12, 0, 8, (4, 5)),
        (5, 0, 0, ()),
        (9, 4, 9, (1, 8)),
    ],
)
def test_lanes_give_what_one_restorer_gives(
    restorer: Make, clip: Clip, count: int, length: int, window: int, margin: int, cuts: tuple[int, ...]
) -> None:
    frames = clip(length)
    chosen = {"window": window, "margin": margin, "refine": 1.0, "max_passes": 2}
    passes: list[list[tuple[int, int]]] = [[], []]

    def count_in(told: list[tuple[int, int]]) -> Callable[[int, CleanedFrame], None]:
        return lambda n, cleaned: told.append((n, cleaned.passes))

    one = list(restorer(**chosen).stream(frames, cuts, on_cleaned=count_in(passes[0])))
    lanes = Lanes([restorer(**chosen) for _ in range(count)])
    several = list(lanes.stream(frames, cuts, on_cleaned=count_in(passes[1])))
    assert len(several) == length
    # With fewer threads oneDNN may sum in another order.
    torch.testing.assert_close(torch.stack(several), torch.stack(one), rtol=0, atol=1e-5)
    assert passes[0] == passes[1]


def test_a_detector_may_add_cuts_while_frames_are_read(restorer: Make, clip: Clip) -> None:
    frames, found = clip(11), set[int]()

    def read() -> Iterator[Tensor]:
        for n, frame in enumerate(frames):
            if n in (3, 7):
                found.add(n)
            yield frame

    expected = torch.stack(list(restorer(window=4, margin=2).stream(frames, (3, 7))))
    lanes = Lanes([restorer(window=4, margin=2) for _ in range(2)])
    torch.testing.assert_close(torch.stack(list(lanes.stream(read(), found))), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("window", "margin"), CHOICES)
def test_pieces_of_a_clip_equal_its_whole_stream_bit_for_bit(
    restorer: Make, clip: Clip, window: int, margin: int
) -> None:
    """On one thread each, as everywhere in these tests."""
    engine, frames = restorer(window=window, margin=margin), clip(LENGTH, 6, 8)
    whole = torch.stack(list(engine.stream(frames, CUTS)))
    lanes = Lanes([restorer(window=window, margin=margin) for _ in range(2)])
    for piece in pieces(window, margin):
        ours = streamed_piece(lanes, frames, piece)
        assert torch.equal(ours, whole[piece.start : piece.stop]), piece


def test_a_piece_tells_its_context_and_finds_cuts_while_it_reads(restorer: Make, clip: Clip) -> None:
    frames, found = clip(LENGTH, 6, 8), set[int]()
    chosen = {"window": 4, "margin": 7, "refine": 1.0}
    told: list[list[tuple[int, int]]] = [[], []]

    def read() -> Iterator[Tensor]:
        for n, frame in enumerate(frames[9:], 9):
            if n in (18, 23):
                found.add(n)
            yield frame

    engine = restorer(**chosen)
    whole = list(engine.stream(frames, (18, 23), on_cleaned=lambda n, one: told[0].append((n, one.passes))))
    lanes = Lanes([restorer(**chosen) for _ in range(2)])
    ours = lanes.stream(
        read(),
        found,
        first=9,
        core_start=16,
        on_cleaned=lambda n, one: told[1].append((n, one.passes)),
    )
    assert torch.equal(torch.stack(list(ours)), torch.stack(whole[16:]))
    assert told[1] == told[0][9:]


def test_frames_are_not_read_far_ahead(restorer: Make, clip: Clip) -> None:
    read = []

    def reading() -> Iterator[Tensor]:
        for n, frame in enumerate(clip(60)):
            read.append(n)
            yield frame

    pictures = Lanes([restorer(window=2, margin=1) for _ in range(2)]).stream(reading())
    list(islice(pictures, 3))
    assert (
        len(read) <= 2 * 6 + 1
    )  # three windows, their margin, one more for each other lane, one read to end it
    pictures.close()  # type: ignore[attr-defined]


def test_leaving_early_ends_the_work(restorer: Make, clip: Clip) -> None:
    pictures = Lanes([restorer(window=4, margin=2) for _ in range(2)]).stream(clip(40))
    next(pictures)
    pictures.close()  # type: ignore[attr-defined]


def test_a_bad_frame_is_told_where_it_comes(restorer: Make, clip: Clip) -> None:
    frames = [*clip(9), clip(1, 18, 28)[0], *clip(4)]
    came = []
    with pytest.raises(ClipError, match="Frame 9 is 28x18"):
        for picture in Lanes([restorer(window=2, margin=1) for _ in range(2)]).stream(frames):
            came.append(picture)
    assert len(came) == 6  # the window of frames 6 and 7 looks at frame 8, which is of frame 9's core


def test_a_source_that_fails_is_passed_on(restorer: Make, clip: Clip) -> None:
    def failing() -> Iterator[Tensor]:
        yield from clip(5)
        raise OSError("the disk is gone")

    came = []
    with pytest.raises(OSError, match="the disk is gone"):
        for picture in Lanes([restorer(window=2, margin=1) for _ in range(2)]).stream(failing()):
            came.append(picture)
    assert len(came) == 2  # frames 0 to 3 were read as whole cores; the window of 2 and 3 looks at frame 4


@pytest.mark.parametrize("cuts", [(), (4,)])
def test_sizes_that_differ_from_core_to_core_are_refused(
    restorer: Make, clip: Clip, cuts: tuple[int, ...]
) -> None:
    frames = [*clip(4), *clip(6, 24, 28)]
    with pytest.raises(ClipError, match="Frame 4 is 28x24, the frames before it are 28x20"):
        list(Lanes([restorer(window=4, margin=2) for _ in range(2)]).stream(frames, cuts))


def test_a_list_of_devices_opens_lanes() -> None:
    assert isinstance(open_restorer(Settings(device="cpu,cpu")), Lanes)
    assert isinstance(open_restorer(Settings(device="cpu")), Restorer)
    with pytest.raises(SettingsError, match="'cpu,cpu' names several where one is needed"):
        Restorer(settings=Settings(device="cpu,cpu"))
    with pytest.raises(SettingsError, match="device 'cuda:99' is not there"):
        open_restorer(Settings(device="cpu,cuda:99"))
    with pytest.raises(SettingsError, match="each device to be named once"):
        open_restorer(Settings(device="cpu, cpu", acceleration="graphs"))
