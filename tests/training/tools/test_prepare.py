from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.writing import ImageFormat
from training.errors import TrainingError
from training.tools.prepare import Prepared, prepare

ROOT = Path(__file__).parents[3]


def write(folder: Path, count: int, height: int = 300, width: int = 500) -> Path:
    folder.mkdir(parents=True)
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        pixels = np.stack((x, y, x + y + number), axis=-1).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:08}.png"), pixels)
    return folder


def read(path: Path) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return pixels.astype(np.uint8, copy=False)


def names(target: Path) -> set[str]:
    """Of the pictures, and of anything half-written beside them."""
    return {str(path.relative_to(target)) for path in target.glob("*/*")}


@pytest.mark.parametrize("image", ["png", "webp"])
def test_windows_of_a_frame_folder_keep_its_pixels_and_names(image: ImageFormat, tmp_path: Path) -> None:
    source, target = write(tmp_path / "data" / "train" / "000", 2), tmp_path / "out"
    done = prepare([tmp_path / "data"], target, size=260, step=130, image=image)
    lefts = (0, 130, 240)
    assert done == Prepared(written=12, already=0, damaged=())
    assert names(target) == {
        f"train_000_s{window:03}/{frame:08}.{image}" for window in range(1, 7) for frame in range(2)
    }
    for window, (top, left) in enumerate(((top, left) for top in (0, 40) for left in lefts), 1):
        made = read(target / f"train_000_s{window:03}" / f"00000001.{image}")
        expected = read(source / "00000001.png")[top : top + 260, left : left + 260]
        np.testing.assert_array_equal(made, expected)


def test_a_second_run_writes_only_what_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 3)
    target = tmp_path / "out"
    prepare([tmp_path / "data"], target, size=256, step=256)
    kept, lost = target / "000_s001" / "00000001.png", target / "000_s002" / "00000002.png"
    before = kept.stat().st_mtime_ns
    lost.unlink()
    assert prepare([tmp_path / "data"], target, size=256, step=256) == Prepared(1, 11, ())
    assert lost.is_file()
    assert kept.stat().st_mtime_ns == before


def test_progress_counts_the_pictures_to_the_end(tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 3)
    write(tmp_path / "data" / "small", 2, 90, 90)
    told: list[tuple[int, int | None]] = []
    prepare([tmp_path / "data"], tmp_path / "out", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_what_is_damaged_or_too_small_is_named_and_the_rest_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "data" / "000", 4)
    write(tmp_path / "data" / "tiny", 2, 255, 900)
    (tmp_path / "data" / "text.mp4").write_text("no video")
    whole = (folder / "00000001.png").read_bytes()
    (folder / "00000001.png").write_bytes(whole[: len(whole) // 2])
    cv2.imwrite(str(folder / "00000002.png"), np.zeros((400, 400, 3), np.uint8))
    cv2.imwrite(str(folder / "00000003.bmp"), np.zeros((300, 500, 3), np.uint8))
    done = prepare([tmp_path / "data"], tmp_path / "out")
    assert (done.written, done.already) == (4, 0)
    assert names(tmp_path / "out") == {
        f"000_s00{window}/0000000{frame}.png" for window in (1, 2) for frame in (0, 3)
    }
    reasons = (
        "00000001.png", "00000002.png: it is 400x400, the first of its clip 500x300.",
        "another picture of its folder has the same name", "tiny: its pictures are 900x255, below 256x256.",
        "text.mp4",
    )  # fmt: skip
    assert len(done.damaged) == len(reasons)
    for reason in reasons:
        assert sum(reason in message for message in done.damaged) == 1, reason


def test_shots_of_a_video_become_clips(ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=320x288:r=25:d=0.32", "-f", "lavfi", "-i", "mandelbrot=s=320x288"),
        *("-filter_complex", "[1]trim=end_frame=6[m];[0][m]concat,format=gbrp", "-c:v", "ffv1", film),
    )
    target = tmp_path / "out"
    done = prepare([film], target, size=256, step=64)
    with av.open(film) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert done == Prepared(written=4 * 14, already=0, damaged=())
    assert len(names(target)) == 4 * 14
    for shot, number, frame in ((1, 7, frames[7]), (2, 0, frames[8]), (2, 5, frames[13])):
        made = read(target / f"film_shot{shot:04}_s004" / f"{number:08}.png")[..., ::-1]
        np.testing.assert_array_equal(made, frame[32:, 64:])
    assert prepare([film], target, size=256, step=64) == Prepared(0, 4 * 14, ())


def test_a_full_disk_ends_it_with_one_sentence_and_no_half_file(tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 3)
    target = tmp_path / "out"
    (target / "000_s002").mkdir(parents=True)
    (target / "000_s002" / f".00000001.{os.getpid()}.partial.png").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"No space left on device\. Make room .*, then run it again\.$"):
        prepare([tmp_path / "data"], target)
    assert not [name for name in names(target) if "partial" in name]
    assert prepare([tmp_path / "data"], target).damaged == ()
    assert len(names(target)) == 6


def test_a_target_inside_a_source_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 1)
    with pytest.raises(TrainingError, match="lies inside the source"):
        prepare([tmp_path / "data"], tmp_path / "data" / "cut")


def test_ctrl_c_ends_it_and_a_second_run_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 60, 400, 600)
    arguments = ["prepare", str(tmp_path / "data"), str(tmp_path / "out"), "--jobs", "1"]
    command = [sys.executable, "-m", "training", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out").exists() or len(names(tmp_path / "out")) < 3:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    made = names(tmp_path / "out")
    assert 3 <= len(made) < 120
    assert all(read(tmp_path / "out" / name).shape == (400, 480, 3) for name in made)
    done = prepare([tmp_path / "data"], tmp_path / "out")
    assert (done.already, done.written) == (len(made), 120 - len(made))


@pytest.mark.parametrize(("step", "image"), [(128, "png"), (256, "webp")])
def test_a_target_with_other_sub_images_is_refused(step: int, image: ImageFormat, tmp_path: Path) -> None:
    write(tmp_path / "data" / "000", 1)
    prepare([tmp_path / "data"], tmp_path / "out", size=256, step=256)
    with pytest.raises(TrainingError, match=r'out was begun with \{"size": 256, "step": 256, .*same options'):
        prepare([tmp_path / "data"], tmp_path / "out", size=256, step=step, image=image)
