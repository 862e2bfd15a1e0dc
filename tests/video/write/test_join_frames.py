"""Folders of frames joined to one sequence: names, kills, other disks, files of somebody else."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import av
import pytest

from tests.video.numbered import cfr, make_plan, read_number, write
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.join_frames import join_frames


def png_job(folder, **choices):
    """Three folders of frames and the plan of the whole."""
    plan = make_plan(folder / "frames", cfr(), "png", **choices)
    pieces = []
    for begin, end in ((0, 3), (3, 4), (4, 9)):
        part = folder / "pieces" / f"{begin}"
        part.mkdir(parents=True)
        write(replace(plan, target=part / "%06d.png", overwrite=True), cfr(), range(begin, end))
        pieces.append((part, begin, end - begin))
    return plan, pieces


def frame_numbers(folder):
    numbers = {}
    for path in folder.iterdir():
        with av.open(str(path)) as container:
            numbers[path.name] = read_number(next(container.decode(video=0)))
    return numbers


def test_frames_are_moved_to_their_numbers(tmp_path):
    plan, pieces = png_job(tmp_path)
    seen = []
    join_frames(plan, pieces, on_progress=seen.append)
    assert frame_numbers(tmp_path / "frames") == {f"{n:06d}.png": n for n in range(9)}
    assert seen == list(range(1, 10))
    assert len(list((tmp_path / "pieces").rglob("*.png"))) == 9
    join_frames(plan, pieces)
    assert len(frame_numbers(tmp_path / "frames")) == 9


def test_moving_frames_goes_on_where_it_was_killed(tmp_path):
    plan, pieces = png_job(tmp_path)

    def stop(done):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        join_frames(plan, pieces, on_progress=stop)
    assert len(list((tmp_path / "frames").iterdir())) == 5
    join_frames(plan, pieces)
    assert frame_numbers(tmp_path / "frames") == {f"{n:06d}.png": n for n in range(9)}


def test_a_frame_in_neither_place_is_an_error_before_any_is_moved(tmp_path):
    plan, pieces = png_job(tmp_path)
    (pieces[2][0] / "000004.png").unlink()
    with pytest.raises(VideoError, match=r"the frame \S+000004.png is missing"):
        join_frames(plan, pieces)
    assert list((tmp_path / "frames").iterdir()) == []


def test_frames_are_copied_where_the_disk_knows_no_second_names(tmp_path, monkeypatch):
    plan, pieces = png_job(tmp_path)

    def refuse(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):
        join_frames(plan, pieces)
        assert frame_numbers(tmp_path / "frames") == {f"{n:06d}.png": n for n in range(9)}


def test_someone_elses_frame_is_replaced_only_where_allowed(tmp_path):
    plan, pieces = png_job(tmp_path)
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "000007.png").write_bytes(b"someone else's")
    with pytest.raises(VideoError, match="has appeared meanwhile"):
        join_frames(plan, pieces)
    join_frames(replace(plan, overwrite=True), pieces)
    assert frame_numbers(tmp_path / "frames") == {f"{n:06d}.png": n for n in range(9)}


def test_one_name_takes_one_frame(tmp_path):
    plan, pieces = png_job(tmp_path)
    alone = replace(plan, target=tmp_path / "one.png")
    with pytest.raises(VideoError, match="one picture"):
        join_frames(alone, pieces)
    join_frames(alone, pieces[1:2])
    assert read_number(next(av.open(str(tmp_path / "one.png")).decode(video=0))) == 3
