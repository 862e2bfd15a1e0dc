"""A segment is ended beside the next one, and what goes wrong then is told all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ffmpeg.stand_in import open_nearest
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.job import Delivery
from vsrealbasicvsr.job.segments.frames_with_cuts import frames_with_cuts
from vsrealbasicvsr.job.segments.walk import Walk
from vsrealbasicvsr.job.spec import make_order
from vsrealbasicvsr.job.store.record import Done
from vsrealbasicvsr.job.workers.maker import Maker
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import open_source
from vsrealbasicvsr.video.write.encoders import Encoding

SEGMENT = 4


def make(clip: Path, target: Path, on_done: Callable[[Done], None], on_frame: Callable[[int], None]) -> Maker:
    """Ten frames in three segments, of which none is waited for; gives the maker as it was left."""
    settings = Settings(device="cpu", window=SEGMENT, margin=1)
    delivery = Delivery(encoding=Encoding(encoder="ffv1"), segment_length=SEGMENT)
    with open_source(clip) as source:
        order = make_order(source.info, target, settings, delivery)
        order.folder().path.mkdir()
        maker = Maker(order, open_nearest(settings), on_frame)
        walk = Walk(frames_with_cuts(source, ()), order.rule(), settings.margin, lambda _: True)
        for stretch in walk.stretches():
            try:
                maker.make(stretch, on_done)
            except VideoError as error:
                error.add_note(f"at {maker.start}")
                raise
    return maker


def test_the_next_segment_is_written_while_one_is_ended(clip: Path, tmp_path: Path) -> None:
    went_on, done, frames = threading.Event(), list[tuple[int, int]](), 0

    def on_frame(_: int) -> None:
        nonlocal frames
        frames += 1
        if frames > SEGMENT:
            went_on.set()

    def on_done(one: Done) -> None:
        assert went_on.wait(30), "the second segment waits for the first"
        done.append((one.start, one.stop))

    make(clip, tmp_path / "out.mkv", on_done, on_frame)
    assert done == [(0, 4), (4, 8), (8, 10)]
    assert frames == 10


@pytest.mark.parametrize("bad", [0, 4, 8])
def test_a_segment_that_cannot_be_ended_is_told_with_its_number(clip: Path, tmp_path: Path, bad: int) -> None:
    done: list[int] = []

    def on_done(one: Done) -> None:
        if one.start == bad:
            raise VideoError("the disk has gone.")
        done.append(one.start)

    with pytest.raises(VideoError, match="the disk has gone") as caught:
        make(clip, tmp_path / "out.mkv", on_done, lambda _: None)
    assert caught.value.__notes__ == [f"at {bad}"]
    assert done == [start for start in (0, 4, 8) if start < bad]
    assert not list((tmp_path / "out.mkv.parts").glob("*.partial.*"))


def test_a_whole_segment_is_kept_when_the_next_one_fails(clip: Path, tmp_path: Path) -> None:
    failed, done, frames = threading.Event(), list[int](), 0

    def on_frame(_: int) -> None:
        nonlocal frames
        frames += 1
        if frames == SEGMENT + 2:
            failed.set()
            raise VideoError("the second segment fails.")

    def on_done(one: Done) -> None:
        assert failed.wait(30)
        done.append(one.start)

    with pytest.raises(VideoError, match="the second segment fails") as caught:
        make(clip, tmp_path / "out.mkv", on_done, on_frame)
    assert (done, caught.value.__notes__) == ([0], ["at 4"])
    assert [path.name for path in (tmp_path / "out.mkv.parts").iterdir()] == ["00000000.mkv"]
