from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from training.data.footage import find_footage
from training.errors import TrainingError


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    return path


def video(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_folders_and_videos_are_found_at_any_depth_and_named_by_their_path(tmp_path: Path) -> None:
    frames = [picture(tmp_path / "a" / "b" / f"{number}.png") for number in (9, 10)]
    film = video(tmp_path / "a" / "film.MKV")
    top = picture(tmp_path / "still.png")
    video(tmp_path / ".hidden" / "x.mp4")
    video(tmp_path / "notes.txt")
    found = {footage.name: footage for footage in find_footage([tmp_path])}
    assert set(found) == {"a_b", "a_film", tmp_path.name}
    assert found["a_b"].pictures == tuple(frames)
    assert found["a_film"].path == film
    assert found["a_film"].pictures == ()
    assert found[tmp_path.name].pictures == (top,)


def test_a_video_can_be_a_source_itself(tmp_path: Path) -> None:
    (found,) = find_footage([video(tmp_path / "film.mp4")])
    assert (found.name, found.pictures) == ("film", ())


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "0.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert [footage.name for footage in find_footage([tmp_path])] == ["a"]


def test_two_finds_of_one_name_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "b" / "0.png")
    picture(tmp_path / "a_b" / "0.png")
    with pytest.raises(TrainingError, match=r"a/b and .*a_b would both be called a_b"):
        find_footage([tmp_path])


def test_what_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no folder or video .*nowhere; check the name"):
        find_footage([tmp_path / "nowhere"])
    with pytest.raises(TrainingError, match="holds neither pictures nor videos"):
        find_footage([tmp_path])
    with pytest.raises(TrainingError, match="holds neither pictures nor videos"):
        find_footage([picture(tmp_path / "still.png")])


def test_a_folder_that_cannot_be_read_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "a" / "0.png")
    listed = os.scandir

    def scandir(path: str) -> Any:
        if Path(path).name == "a":  # the tests may run as root, whom no permission stops
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(TrainingError, match=r"/a cannot be read: Permission denied\."):
        find_footage([tmp_path])
