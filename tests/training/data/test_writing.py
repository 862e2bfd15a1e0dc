from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.writing import write_picture
from training.errors import TrainingError


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_pictures_come_back_to_the_bit_in_rgb(suffix: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    path = tmp_path / "new" / f"ä b{suffix}"
    write_picture(path, pixels)
    decoded = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    np.testing.assert_array_equal(decoded[..., ::-1], pixels)
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / f".a.{os.getpid()}.partial.png").symlink_to("/dev/full")
    with pytest.raises(TrainingError, match=r"a\.png cannot be written: No space left on device\. Make room"):
        write_picture(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_two_processes_may_write_the_same_file_at_the_same_time(tmp_path: Path) -> None:
    writer = (
        "import sys; from pathlib import Path; from training.data.writing import write_whole\n"
        "for _ in range(500): write_whole(Path(sys.argv[1]), bytes(100))"
    )
    command = [sys.executable, "-c", writer, str(tmp_path / "known.json")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1] for process in writers] == [b"", b""]
    assert [path.name for path in tmp_path.iterdir()] == ["known.json"]
