from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLE_CLIP, decode_rgb
from training.degradation.apply import apply
from training.degradation.options import CompressionOptions, DegradationOptions
from training.degradation.parameters import Compression
from training.degradation.sample import Degradation
from training.degradation.sharpen import sharpen
from training.errors import TrainingError
from training.tools.degrade import degrade_clip, read_parameters, read_truth, write_parameters
from vsrealbasicvsr.errors import VideoError

RELEASED = DegradationOptions()


def rgb(path: Path) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return pixels[..., ::-1].astype(np.uint8, copy=False)


def frames(folder: Path) -> list[NDArray[np.uint8]]:
    return [rgb(path) for path in sorted(folder.iterdir())]


def degrade(
    target: Path, source: Path = EXAMPLE_CLIP, *, degradation: DegradationOptions = RELEASED,
    count: int | None = 5, seed: int = 3, crop: int | None = 64,
) -> Path:  # fmt: skip
    degrade_clip(source, target, degradation=degradation, frames=count, seed=seed, crop=crop)
    return target


def test_the_parameters_make_the_same_low_frames_again(tmp_path: Path) -> None:
    target = degrade(tmp_path / "out")
    truth = read_truth(EXAMPLE_CLIP, 5, 64)
    sharpened = np.stack([sharpen((frame / 255).astype(np.float32)) for frame in truth])
    low = apply(sharpened, read_parameters(target / "parameters.json"))
    np.testing.assert_array_equal(frames(target / "low"), low)
    assert np.abs(np.stack(frames(target / "sharpened")) - sharpened * 255).max() <= 0.501


def test_without_sharpening_the_truth_itself_is_written(tmp_path: Path) -> None:
    target = degrade(tmp_path / "out", degradation=replace(RELEASED, sharpen=False))
    np.testing.assert_array_equal(frames(target / "sharpened"), read_truth(EXAMPLE_CLIP, 5, 64))


def test_the_crop_is_the_centre_of_the_frames() -> None:
    expected = decode_rgb(EXAMPLE_CLIP, 2).permute(0, 2, 3, 1)[:, 40:104, 96:160] * 255
    assert np.abs(read_truth(EXAMPLE_CLIP, 2, 64) - expected.numpy()).mean() < 2  # swscale rounds its own way


def test_the_seed_decides(tmp_path: Path) -> None:
    one, two, other = (degrade(tmp_path / str(n), seed=seed, count=2) for n, seed in enumerate((3, 3, 4)))
    np.testing.assert_array_equal(frames(one / "low"), frames(two / "low"))
    assert (one / "parameters.json").read_bytes() == (two / "parameters.json").read_bytes()
    assert np.any(np.stack(frames(one / "low")) != np.stack(frames(other / "low")))


def test_the_overview_shows_truth_beside_enlarged_low(tmp_path: Path) -> None:
    target = degrade(tmp_path / "out")
    overview, truth, low = (
        rgb(target / "overview.png"),
        read_truth(EXAMPLE_CLIP, 5, 64),
        frames(target / "low"),
    )
    assert overview.shape == (4 * 64, 2 * 64, 3)
    np.testing.assert_array_equal(overview[:64, :64], truth[0])
    np.testing.assert_array_equal(overview[-64:, :64], truth[-1])
    np.testing.assert_array_equal(overview[-64::4, 64::4], low[-1])
    np.testing.assert_array_equal(overview[-61::4, 67::4], low[-1])


def test_options_and_versions_are_written_down(tmp_path: Path) -> None:
    told = json.loads((degrade(tmp_path / "out", count=2) / "parameters.json").read_text())
    assert (told["seed"], told["crop"], told["frames"], told["source"]) == (3, 64, 2, str(EXAMPLE_CLIP))
    assert told["options"]["first"]["noise"]["sigma"] == {"low": 1.0, "high": 30.0, "step": 0.1}
    assert told["versions"]["opencv"] == cv2.__version__
    assert len(told["operations"]) >= 8


def test_a_picture_is_held_still_and_a_later_run_replaces_the_files(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.random.default_rng(0).integers(0, 256, (45, 61, 3), dtype=np.uint8))
    target = degrade(tmp_path / "out", picture, count=None, crop=None)
    assert len(frames(target / "low")) == len(frames(target / "sharpened")) == 30
    assert frames(target / "low")[0].shape == (10, 14, 3)  # 40x56, the multiples of 8
    assert len({frame.tobytes() for frame in frames(target / "sharpened")}) == 1
    assert len(frames(degrade(target, picture, count=3, crop=None) / "low")) == 3


@pytest.mark.parametrize("seed", range(12))
def test_parameters_come_back_as_they_were(seed: int, tmp_path: Path) -> None:
    parameters = Degradation(RELEASED, 16, 16).sample(np.random.default_rng(seed), 4)
    write_parameters(tmp_path / "parameters.json", parameters, {})
    assert read_parameters(tmp_path / "parameters.json") == parameters


def test_a_drawn_crf_is_written_down_and_comes_back(tmp_path: Path) -> None:
    order = replace(RELEASED.second, compression=CompressionOptions(crf=(28, 28)))
    target = degrade(tmp_path / "out", degradation=replace(RELEASED, second=order), count=2)
    told = json.loads((target / "parameters.json").read_text())["operations"]
    made = [item for item in told if item["operation"] == "Compression"]
    assert [item["crf"] for item in made] == [None, 28]
    assert made[1]["bit_rate"] is None
    assert Compression(**{k: v for k, v in made[1].items() if k != "operation"}) in (
        read_parameters(target / "parameters.json").operations
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no parameters"),
        ('{"frames": 2, "operations": [{"operation": "Melt"}]}', "operation 0: .*Blur, Resize.* not 'Melt'"),
        ('{"frames": 2, "operations": [{"operation": "Jpeg", "swapped": true}]}', "quality is missing"),
        (
            '{"frames": 2, "operations": [{"operation": "Compression", "codec": "mpeg4", "wraps": false, '
            '"bit_rate": null, "crf": null}]}',
            "operation 0: A compression needs either a bit_rate or a crf, not None and None",
        ),
        (
            '{"frames": 2, "operations": [{"operation": "Jpeg", "swapped": 1, "quality": []}]}',
            "swapped must be true or false",
        ),
    ],
)
def test_damaged_parameters_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "parameters.json").write_text(text)
    with pytest.raises(TrainingError, match=said):
        read_parameters(tmp_path / "parameters.json")


def test_impossible_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"frames are 256x144; a crop of 200 does not fit"):
        degrade(tmp_path / "out", crop=200)
    with pytest.raises(VideoError, match="no file"):
        degrade(tmp_path / "out", tmp_path / "nowhere.mp4")
    with pytest.raises(TrainingError, match=r"parameters\.json cannot be read: No such file"):
        read_parameters(tmp_path / "parameters.json")
    picture = tmp_path / "a.png"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(TrainingError, match="do not fit into memory; take 3125000 or fewer with --frames"):
        degrade(tmp_path / "out", picture, count=4_000_000, crop=None)
    assert not (tmp_path / "out").exists()
