"""Whole runs: what they write, how they stop and go on, on one process and on two."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors import safe_open
from torch.utils.data import DataLoader

from tests.training.conftest import ALONE
from tests.training.data.synthetic.test_drawings import drawing
from tests.training.data.synthetic.test_text import font_file
from tests.training.model.teacher_files import write_teacher
from training import loop
from training.cli import main as training
from training.commit import commit
from training.configuration import read_stage, written
from training.data.options import DataOptions
from training.errors import TrainingError
from training.losses.options import TeacherOptions
from training.pool.shards import Pool
from training.run import run
from training.stage import CleaningOptions, SourceOptions, Stage
from training.tools.export import export
from vsrealbasicvsr.network import load
from vsrealbasicvsr.weights import RefinementDefaults

ROOT = Path(__file__).parents[2]
LOSSES = ("pixel", "cleaning", "adversarial", "real", "fake", "gradient_norm")
SHARE = (*LOSSES, "perceptual", "lpips_loss", "temporal", "adversarial_weight")


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of eight pictures, 72x64: smooth textures that move."""
    folder = tmp_path_factory.mktemp("footage")
    rng = np.random.default_rng(0)
    for clip in range(3):
        texture = cv2.resize(rng.random((12, 12, 3)), (120, 96), interpolation=cv2.INTER_CUBIC)
        (folder / f"{clip:03}").mkdir()
        for frame in range(8):
            view = texture[frame : frame + 64, 2 * frame : 2 * frame + 72]
            cv2.imwrite(
                str(folder / f"{clip:03}" / f"{frame:08}.png"), np.clip(255 * view, 0, 255).astype(np.uint8)
            )
    return folder


@pytest.fixture
def small(adversarial_stage: Stage, footage: Path) -> Stage:
    """Both networks, 64x64 ground truth, four frames, mirrored from two."""
    data = DataOptions(low_size=16, frames=4, workers=0)
    return replace(adversarial_stage, data=data, sources=SourceOptions(data=(str(footage),)))


@pytest.fixture
def cleaning(stage: Stage, tmp_path: Path) -> Stage:
    """A cleaning stage with a pool of twelve samples of 16x16."""
    pool = Pool(tmp_path / "pool")
    pool.begin({})
    generator = torch.Generator().manual_seed(0)
    for number in range(2):
        names = ("low", "truth_bicubic", "teacher_area")
        shape = (6, 3, 16, 16)
        pool.write(
            number,
            {name: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for name in names},
        )
    options = CleaningOptions(passes=2, again=0.5, truth_bicubic=0.5, teacher_area=1.0)
    data = DataOptions(low_size=16, frames=4, workers=0)
    sources = SourceOptions(pools=(str(pool.folder),))
    return replace(stage, cleaning=options, data=data, sources=sources, batch=4)


@pytest.fixture
def judged_by_features(small: Stage, feature_stage: Stage) -> Stage:
    """The same with a discriminator on features, weighted by its share of the gradient, on 2 of 4 frames."""
    assert feature_stage.losses.perceptual is not None
    perceptual = replace(feature_stage.losses.perceptual, frames=2, lpips=1.0)
    return replace(small, losses=replace(feature_stage.losses, perceptual=perceptual, temporal=1.0))


def rows(folder: Path, name: str = "losses.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses(folder: Path, names: tuple[str, ...] = LOSSES) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in names) for row in rows(folder)]


def toml(stage: Stage, path: Path) -> Path:
    path.write_text(written(stage), encoding="utf-8")
    return path


def start(*arguments: str | Path, processes: int = 1) -> subprocess.Popen[str]:
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *(torchrun if processes > 1 else []), "-m", "training", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def wait_for_rows(folder: Path, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not (folder / "losses.csv").exists() or len(rows(folder)) < count:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def stopped() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that must not outlive their test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate()


def test_a_run_leaves_losses_checkpoints_and_its_configuration(small: Stage, tmp_path: Path) -> None:
    stage = replace(small, record=replace(small.record, pictures=4, tensorboard=True))
    assert run(stage, tmp_path / "run", ALONE, resume=False) == 0
    table = rows(tmp_path / "run")
    assert [row["iteration"] for row in table] == ["1", "2", "3", "4"]
    assert all(float(row[name]) > 0 for row in table for name in LOSSES)
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {
        "iteration_00000002.pth", "iteration_00000004.pth",
    }  # fmt: skip
    assert read_stage([tmp_path / "run" / "stage.toml"]) == stage
    picture = cv2.imread(str(tmp_path / "run" / "pictures" / "00000004.png"))
    assert picture is not None
    assert picture.shape == (64, 4 * 64, 3)
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    assert (tmp_path / "run" / "run.json").is_file()


def test_a_resumed_run_gives_the_losses_of_an_unstopped_one_to_the_bit(small: Stage, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    run(replace(small, iterations=5), whole, ALONE, resume=False)
    run(replace(small, iterations=2), parted, ALONE, resume=False)
    run(replace(small, iterations=5), parted, ALONE, resume=True)
    assert losses(parted) == losses(whole)
    assert len(losses(whole)) == 5
    states = [
        torch.load(path / "checkpoints" / "iteration_00000005.pth", weights_only=True)
        for path in (whole, parted)
    ]
    one, two = (state["state_dict"] for state in states)
    assert all(torch.equal(two[key], tensor) for key, tensor in one.items())


def test_a_cleaning_stage_resumes_to_the_bit_and_validates_the_whole_network(
    cleaning: Stage, footage: Path, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    sources = replace(cleaning.sources, validation=str(footage))
    stage = replace(
        cleaning, sources=sources, record=replace(cleaning.record, validation_frames=3, pictures=2)
    )
    run(replace(stage, iterations=5), whole, ALONE, resume=False)
    run(replace(stage, iterations=2), parted, ALONE, resume=False)
    run(replace(stage, iterations=5), parted, ALONE, resume=True)
    names = ("cleaning", "first_pass", "last_pass", "gradient_norm")
    assert [[row[name] for name in names] for row in rows(whole)] == [
        [row[name] for name in names] for row in rows(parted)
    ]
    one, two = (
        torch.load(path / "checkpoints" / "iteration_00000005.pth", weights_only=True)["state_dict"]
        for path in (whole, parted)
    )
    assert all(torch.equal(two[key], tensor) for key, tensor in one.items())
    assert [row["iteration"] for row in rows(whole, "validation.csv")] == ["2", "4", "5"]
    picture = cv2.imread(str(whole / "pictures" / "00000004.png"))
    assert picture is not None
    assert picture.shape == (16, 5 * 16, 3)
    load(whole / "checkpoints" / "best.pth")  # the filter takes it as it is


def test_folders_that_a_stage_does_not_read_are_told(
    cleaning: Stage, small: Stage, footage: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = SourceOptions(data=(str(footage),), pools=cleaning.sources.pools)
    with caplog.at_level("WARNING", logger="training"):
        run(replace(cleaning, iterations=1), tmp_path / "neither", ALONE, resume=False)
        assert not caplog.messages
        run(replace(cleaning, iterations=1, sources=both), tmp_path / "one", ALONE, resume=False)
        run(replace(small, iterations=1, sources=both), tmp_path / "other", ALONE, resume=False)
    assert [message for message in caplog.messages if "is not read" in message] == [
        "--data is not read: a cleaning stage learns from its pools alone",
        "--pool is not read: without a table [cleaning] a stage learns from clips",
    ]


def test_two_processes_clean_as_one_with_the_whole_batch(
    cleaning: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    # Of one pass, for each process has its own share of frames that are cleaned again.
    stage = replace(cleaning, cleaning=replace(cleaning.cleaning, passes=1), iterations=3)
    run(stage, tmp_path / "one", ALONE, resume=False)
    process = start(toml(stage, tmp_path / "stage.toml"), "--out", tmp_path / "two", processes=2)
    stopped.append(process)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    for a, b in zip(rows(tmp_path / "one"), rows(tmp_path / "two"), strict=True):
        assert float(b["cleaning"]) == pytest.approx(float(a["cleaning"]), abs=1e-5)


def test_heads_their_scale_and_their_share_are_resumed_to_the_bit(
    judged_by_features: Stage, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    run(replace(judged_by_features, iterations=4), whole, ALONE, resume=False)
    run(replace(judged_by_features, iterations=2), parted, ALONE, resume=False)
    run(replace(judged_by_features, iterations=4), parted, ALONE, resume=True)
    assert losses(parted, SHARE) == losses(whole, SHARE)
    assert float(losses(whole, SHARE)[3][-1]) > 0
    one, two = (
        torch.load(path / "checkpoints" / "iteration_00000004.pth", weights_only=True)
        for path in (whole, parted)
    )
    assert one["meta"]["gradient_ratio"] == two["meta"]["gradient_ratio"]
    assert all(torch.equal(two["state_dict"][key], tensor) for key, tensor in one["state_dict"].items())


def test_a_teacher_out_of_ncnns_files_teaches(small: Stage, tmp_path: Path) -> None:
    model = write_teacher(tmp_path)
    teacher = TeacherOptions(model=str(model), pixel=0.5)
    taught = replace(small, losses=replace(small.losses, teacher=teacher), iterations=2)
    run(taught, tmp_path / "run", ALONE, resume=False)
    assert all(float(row["teacher_pixel"]) > 0 for row in rows(tmp_path / "run"))
    missing = replace(teacher, model=str(tmp_path / "nowhere"))
    stage = replace(small, losses=replace(small.losses, teacher=missing))
    with pytest.raises(TrainingError, match="There is no teacher"):
        run(stage, tmp_path / "other", ALONE, resume=False)


def test_lines_from_before_a_column_was_added_are_kept_on_resuming(small: Stage, tmp_path: Path) -> None:
    run(replace(small, iterations=2), tmp_path, ALONE, resume=False)
    table = rows(tmp_path)
    with (tmp_path / "losses.csv").open("w", newline="", encoding="utf-8") as file:
        older = csv.DictWriter(
            file, [name for name in table[0] if name != "adversarial_weight"], extrasaction="ignore"
        )
        older.writeheader()
        older.writerows(table)
    run(replace(small, iterations=3), tmp_path, ALONE, resume=True)
    assert [row["iteration"] for row in rows(tmp_path)] == ["1", "2", "3"]
    assert [row["adversarial_weight"] for row in rows(tmp_path)] == ["", "", "0.05"]


def test_lines_beyond_the_checkpoint_are_taken_out_on_resuming(small: Stage, tmp_path: Path) -> None:
    run(replace(small, iterations=3), tmp_path, ALONE, resume=False)
    (tmp_path / "checkpoints" / "iteration_00000003.pth").unlink()
    run(replace(small, iterations=4), tmp_path, ALONE, resume=True)
    assert [row["iteration"] for row in rows(tmp_path)] == ["1", "2", "3", "4"]


def test_accumulation_changes_nothing_but_memory(small: Stage, tmp_path: Path) -> None:
    stage = replace(small, losses=replace(small.losses, adversarial=None), iterations=2)
    run(stage, tmp_path / "one", ALONE, resume=False)
    run(replace(stage, accumulation=2), tmp_path / "two", ALONE, resume=False)
    for a, b in zip(rows(tmp_path / "one"), rows(tmp_path / "two"), strict=True):
        assert float(a["pixel"]) == pytest.approx(float(b["pixel"]), abs=1e-5)
        assert float(a["cleaning"]) == pytest.approx(float(b["cleaning"]), abs=1e-5)


def test_degradation_on_the_training_device_sees_the_same_samples(small: Stage, tmp_path: Path) -> None:
    quiet = replace(small, losses=replace(small.losses, adversarial=None), iterations=2)
    run(quiet, tmp_path / "workers", ALONE, resume=False)
    run(replace(quiet, data=replace(quiet.data, degrade="device")), tmp_path / "device", ALONE, resume=False)
    for a, b in zip(rows(tmp_path / "workers"), rows(tmp_path / "device"), strict=True):
        assert float(a["pixel"]) == pytest.approx(float(b["pixel"]), rel=0.02)


def test_a_folder_with_a_run_is_not_overwritten(small: Stage, tmp_path: Path) -> None:
    run(replace(small, iterations=2), tmp_path, ALONE, resume=False)
    with pytest.raises(TrainingError, match="holds a run already; add --resume"):
        run(small, tmp_path, ALONE, resume=False)
    with pytest.raises(TrainingError, match="has all of its 2 iterations"):
        run(replace(small, iterations=2), tmp_path, ALONE, resume=True)


def test_resuming_needs_nothing_that_the_stage_started_from(small: Stage, tmp_path: Path) -> None:
    run(replace(small, iterations=2), tmp_path / "one", ALONE, resume=False)
    first = tmp_path / "one" / "checkpoints" / "iteration_00000002.pth"
    network = replace(small.network, init=str(first), flow="init")
    second = replace(small, network=network, iterations=2)
    run(second, tmp_path / "two", ALONE, resume=False)
    first.unlink()
    assert run(replace(second, iterations=3), tmp_path / "two", ALONE, resume=True) == 0


def test_drawings_and_fonts_are_enough_to_train_on(small: Stage, tmp_path: Path) -> None:
    drawing(tmp_path / "drawings" / "disc.png")
    font_file(tmp_path / "fonts" / "font.ttf")
    sources = SourceOptions(drawings=(str(tmp_path / "drawings"),), fonts=(str(tmp_path / "fonts"),))
    assert run(replace(small, sources=sources, iterations=1), tmp_path / "run", ALONE, resume=False) == 0
    assert read_stage([tmp_path / "run" / "stage.toml"]).sources == sources


def test_nothing_to_train_on_is_said_at_once(small: Stage, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="name a folder with --data or --photos"):
        run(replace(small, sources=SourceOptions()), tmp_path, ALONE, resume=False)


def test_a_run_that_explodes_gives_up_after_some_skips(
    small: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    optimizer = replace(small.optimizer, learning_rate=1e30, skips_allowed=2)
    with pytest.raises(TrainingError, match=r"3 iterations in a row gave no finite gradient.*learning_rate"):
        run(replace(small, iterations=50, optimizer=optimizer), tmp_path, ALONE, resume=False)
    assert "was skipped" in caplog.text


def test_a_disk_that_is_full_for_a_while_does_not_end_the_run(
    small: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / ".iteration_00000002.partial.pth").symlink_to("/dev/full")
    assert run(small, tmp_path, ALONE, resume=False) == 0
    assert "Training goes on; the checkpoints before it are whole." in caplog.text
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["iteration_00000004.pth"]


def test_validation_measures_and_keeps_the_best(small: Stage, footage: Path, tmp_path: Path) -> None:
    sources = replace(small.sources, validation=str(footage))
    stage = replace(small, sources=sources, record=replace(small.record, validation_frames=3, keep=1))
    run(stage, tmp_path, ALONE, resume=False)
    measured = rows(tmp_path, "validation.csv")
    assert [row["iteration"] for row in measured] == ["2", "4"]
    assert all(5 < float(row["psnr"]) < 60 and 0 < float(row["ssim"]) < 1 for row in measured)
    assert all(float(row["lpips"]) > 0 and float(row["clips"]) == 3 for row in measured)
    best = torch.load(tmp_path / "checkpoints" / "best.pth", weights_only=True)["meta"]
    assert best["best"] == max(float(row["psnr"]) for row in measured)


@pytest.fixture
def validated(small: Stage, footage: Path, tmp_path: Path) -> Stage:
    """A stage of which two iterations are done, with the best of them, in `tmp_path`."""
    sources = replace(small.sources, validation=str(footage))
    stage = replace(small, sources=sources, record=replace(small.record, validation_frames=3), iterations=2)
    run(stage, tmp_path, ALONE, resume=False)
    return stage


def test_the_best_is_chosen_anew_where_frames_are_cleaned_more_often(
    validated: Stage, tmp_path: Path
) -> None:
    """Nothing beats 1000 dB; the best checkpoint must not stay that of one pass."""
    best = tmp_path / "checkpoints" / "best.pth"
    meta = torch.load(best, weights_only=True)["meta"]
    saved = torch.load(best, weights_only=True) | {"meta": meta | {"best": 1000.0}}
    for path in (best, tmp_path / "checkpoints" / "iteration_00000002.pth"):
        torch.save(saved, path)
    network = replace(validated.network, refinement_threshold=0.0, max_passes=2)
    run(replace(validated, network=network, iterations=4), tmp_path, ALONE, resume=True)
    assert torch.load(best, weights_only=True)["meta"]["iteration"] == 4


def test_the_best_is_chosen_anew_where_another_measure_chooses(validated: Stage, tmp_path: Path) -> None:
    """No SSIM beats 20 dB of PSNR; the best checkpoint must not stay that of the measure before."""
    record = replace(validated.record, best="ssim")
    run(replace(validated, record=record, iterations=4), tmp_path, ALONE, resume=True)
    best = torch.load(tmp_path / "checkpoints" / "best.pth", weights_only=True)["meta"]
    assert best["iteration"] == 4
    assert best["best"] == pytest.approx(float(rows(tmp_path, "validation.csv")[-1]["ssim"]))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_save_and_end_the_run(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]], number: int, code: int
) -> None:
    stage = replace(small, iterations=5000, record=replace(small.record, checkpoint=5000))
    out = tmp_path / "run"
    process = start(toml(stage, tmp_path / "stage.toml"), "--out", out, "--set", "data.workers=1")
    stopped.append(process)
    wait_for_rows(out, 2, process)
    os.killpg(process.pid, number)  # the loader's process too, as a terminal or a scheduler does
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert "--resume goes on from there" in errors
    done = len(rows(out))
    assert [path.name for path in (out / "checkpoints").iterdir()] == [f"iteration_{done:08}.pth"]


def test_a_signal_during_a_validation_ends_the_run_after_it(
    small: Stage, footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = loop.validate

    def validate(*arguments: Any) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGTERM)
        return measure(*arguments)

    monkeypatch.setattr(loop, "validate", validate)
    sources = replace(small.sources, validation=str(footage))
    record = replace(small.record, validation_frames=3, checkpoint=2)
    stage = replace(small, sources=sources, iterations=4, record=record)
    assert run(stage, tmp_path, ALONE, resume=False) == signal.SIGTERM
    assert len(losses(tmp_path)) == 2
    assert (tmp_path / "checkpoints" / "iteration_00000002.pth").is_file()


def test_sigterm_to_torchrun_saves_in_all_processes(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    """Torchrun passes the signal on to its processes' whole groups, loader processes included."""
    stage = replace(small, iterations=5000, record=replace(small.record, checkpoint=5000))
    out = tmp_path / "run"
    configuration = toml(stage, tmp_path / "stage.toml")
    process = start(configuration, "--out", out, "--set", "data.workers=1", processes=2)
    stopped.append(process)
    wait_for_rows(out, 3, process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=100)
    assert errors.count("stopped after iteration") == 1
    done = len(rows(out))
    assert [path.name for path in (out / "checkpoints").iterdir()] == [f"iteration_{done:08}.pth"]


def test_two_processes_give_the_losses_of_one_with_the_whole_batch(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    stage = replace(small, batch=4, iterations=3)
    run(stage, tmp_path / "one", ALONE, resume=False)
    process = start(toml(stage, tmp_path / "stage.toml"), "--out", tmp_path / "two", processes=2)
    stopped.append(process)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert errors.count("every option with its value is in") == 1, "one process speaks"
    for a, b in zip(rows(tmp_path / "one"), rows(tmp_path / "two"), strict=True):
        for name in LOSSES:
            assert float(b[name]) == pytest.approx(float(a[name]), abs=1e-5), (a["iteration"], name)


def test_two_processes_measure_the_share_of_one_with_the_whole_batch(
    judged_by_features: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    stage = replace(judged_by_features, batch=4, iterations=3)
    run(stage, tmp_path / "one", ALONE, resume=False)
    process = start(toml(stage, tmp_path / "stage.toml"), "--out", tmp_path / "two", processes=2)
    stopped.append(process)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    for a, b in zip(rows(tmp_path / "one"), rows(tmp_path / "two"), strict=True):
        for name in SHARE:
            assert float(b[name]) == pytest.approx(float(a[name]), abs=2e-5, rel=1e-4), (a["iteration"], name)


def test_processes_that_found_different_pools_do_not_begin(
    tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    """As where a shard was added between their looks; each process says the same."""
    script = tmp_path / "ranks.py"
    script.write_text(
        "import sys\n"
        "import torch, torch.distributed as dist\n"
        "from training.errors import TrainingError\n"
        "from training.processes import Processes\n"
        "from training.run import _require_the_same_pools\n"
        "rank = int(sys.argv[1])\n"
        "dist.init_process_group('gloo', init_method='file://' + sys.argv[2], rank=rank, world_size=2)\n"
        "processes = Processes(rank, 2, torch.device('cpu'))\n"
        "_require_the_same_pools(64, processes)\n"
        "try:\n"
        "    _require_the_same_pools(64 + 32 * rank, processes)\n"
        "except TrainingError as error:\n"
        "    print(error)\n"
    )
    ranks = [
        subprocess.Popen(
            [sys.executable, script, str(rank), tmp_path / "meeting"],
            env=os.environ | {"PYTHONPATH": str(ROOT)}, text=True, stdout=subprocess.PIPE,
        )
        for rank in range(2)
    ]  # fmt: skip
    for process in ranks:
        stopped.append(process)
        output, _ = process.communicate(timeout=100)
        assert output.startswith("The processes of this run found 64 to 96 samples")


def test_a_lost_process_ends_the_run_with_a_sentence_and_a_checkpoint(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    stage = replace(small, iterations=5000, record=replace(small.record, checkpoint=2))
    out, configuration = tmp_path / "run", toml(stage, tmp_path / "stage.toml")
    process = start(configuration, "--out", out, processes=2)
    stopped.append(process)
    wait_for_rows(out, 3, process)
    os.kill(_child_of(process.pid, rank=1), signal.SIGKILL)
    _, errors = process.communicate(timeout=200)
    assert process.returncode != 0
    assert "training: Another process of this run was lost" in errors
    assert "--resume goes on from the newest checkpoint." in errors
    newest = sorted((out / "checkpoints").glob("iteration_*.pth"))[-1]
    done = torch.load(newest, weights_only=True)["meta"]["iteration"]
    assert run(replace(stage, iterations=done + 1), out, ALONE, resume=True) == 0


def _child_of(parent: int, rank: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in map(int, children):
        environment = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        if f"RANK={rank}".encode() in environment:
            return child
    raise AssertionError(f"no process of rank {rank} among {children}")


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError(104, "Connection reset by peer")])
def test_a_loader_process_lost_while_it_hands_over_a_clip_is_told_as_well(
    small: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    whole = DataLoader.__iter__

    def torn(loader: DataLoader[Any]) -> Iterator[Any]:
        yield next(whole(loader))
        raise error

    monkeypatch.setattr(DataLoader, "__iter__", torn)
    with pytest.raises(TrainingError, match="A loader process ended, perhaps for want of memory"):
        run(small, tmp_path / "run", ALONE, resume=False)


def test_a_lost_loader_process_ends_the_run_with_a_sentence_and_a_checkpoint(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    stage = replace(small, iterations=5000, record=replace(small.record, checkpoint=5000))
    out = tmp_path / "run"
    process = start(toml(stage, tmp_path / "stage.toml"), "--out", out, "--set", "data.workers=1")
    stopped.append(process)
    wait_for_rows(out, 2, process)
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "A loader process ended, perhaps for want of memory" in errors
    assert list((out / "checkpoints").glob("iteration_*.pth"))


def test_the_smoke_stage_runs_on_the_sample_clip(
    tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    out = tmp_path / "run"
    process = start("smoke.toml", "--data", "examples/media", "--out", out, "--set", "iterations=2")
    stopped.append(process)
    output, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors
    assert output == ""
    assert f"training: every option with its value is in {out / 'stage.toml'}\n" in errors
    assert tomllib.loads((out / "stage.toml").read_text(encoding="utf-8"))["iterations"] == 2
    assert "training: left out: examples/media: damaged, or pictures of mixed sizes (" in errors
    table = rows(out)
    assert len(table) == 2
    for name in ("pixel", "cleaning", "perceptual", "adversarial", "real", "fake"):
        assert all(0 < float(row[name]) < 100 for row in table), name


def test_release_weights_say_where_they_come_from_and_load(
    small: Stage, tmp_path: Path, stopped: list[subprocess.Popen[str]]
) -> None:
    run(replace(small, iterations=2), tmp_path / "run", ALONE, resume=False)
    target = tmp_path / "mine.safetensors"
    process = start("export", tmp_path / "run", target, "--licence", "CC-BY-4.0")
    stopped.append(process)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert "iteration_00000002.pth" in output
    assert "after 2 iterations the averaged weights are still 100 % what the run began with" in errors
    with safe_open(target, framework="pt") as file:
        told = json.loads(file.metadata()["origin"])
    assert (told["licence"], told["iterations"]) == ("CC-BY-4.0", 2)
    assert told["commit"] == commit()
    assert all(Path(folder).is_absolute() for folder in small.sources.data)
    assert told["data"]["data"] == [Path(folder).name for folder in small.sources.data]
    assert str(tmp_path) not in json.dumps(told)
    assert told["configuration"]["network"]["mid_channels"] == 8
    network = load(target)
    saved = torch.load(tmp_path / "run" / "checkpoints" / "iteration_00000002.pth", weights_only=True)
    for key, tensor in network.state_dict().items():
        wanted = saved["state_dict"][f"generator_ema.{key}"]
        torch.testing.assert_close(tensor, wanted.half().float(), atol=0, rtol=0)


def test_release_weights_say_the_refinement_that_they_were_trained_with(
    cleaning: Stage, tmp_path: Path
) -> None:
    network = replace(cleaning.network, refinement_threshold=1.5, max_passes=4)
    run(replace(cleaning, network=network, iterations=2), tmp_path / "run", ALONE, resume=False)
    target = tmp_path / "mine.safetensors"
    export(tmp_path / "run", target)
    assert load(target).refinement_defaults == RefinementDefaults(1.5, 4)
    export(tmp_path / "run", target, refinement=RefinementDefaults(max_passes=2))
    assert load(target).refinement_defaults == RefinementDefaults(1.5, 2)


def test_release_weights_say_their_refinement_where_it_is_asked_for(small: Stage, tmp_path: Path) -> None:
    run(replace(small, iterations=1), tmp_path / "run", ALONE, resume=False)
    target = tmp_path / "mine.safetensors"
    export(tmp_path / "run", target)
    assert load(target).refinement_defaults == RefinementDefaults()
    done = CliRunner().invoke(
        training, ["export", str(tmp_path / "run"), str(target), "--refine", "2.5", "--max-passes", "3"]
    )
    assert done.exit_code == 0, done.output
    assert load(target).refinement_defaults == RefinementDefaults(2.5, 3)
    with safe_open(target, framework="pt") as file:
        assert json.loads(file.metadata()["origin"])["iterations"] == 1
    before = target.read_bytes()
    done = CliRunner().invoke(training, ["export", str(tmp_path / "run"), str(target), "--refine", "nan"])
    assert done.exit_code == 2
    assert "refine must lie between 0 and 255, not nan" in done.output
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stage3.toml", "--out", "x"), "There is no configuration stage3.toml"),
        (("stage1.toml", "--out", "x", "--data", "nowhere"), "--data: there is no folder nowhere"),
        (
            ("stage1.toml", "--out", "x", "--data", ".", "--validate", "no"),
            "--validate: there is no folder no",
        ),
        (("stage2.toml", "--out", "x", "--data", "."), "Stage 2 begins with a checkpoint of stage 1"),
        (
            ("stage1.toml", "--out", "x", "--data", ".", "--set", "accumulation=3"),
            "A batch of 16 cannot be shared out evenly",
        ),
        (("stage1.toml", "--out", "x", "--data", ".", "--device", "tpu9"), "device"),
        (("stage1.toml", "--out", "x", "--set", "batch=0"), "batch and accumulation must be 1 or more."),
        (("stage1.toml", "--out", "x", "--set", "cleaning.passes=2"), "A cleaning stage learns from pools"),
        (
            ("stage1.toml", "--out", "x", "--set", "cleaning.passes=2", "--pool", "none"),
            "none holds no pool",
        ),
        (("pool", "stage1.toml", "--out", "x"), "name a folder with --data or --photos"),
        (("export", "nowhere", "x.safetensors"), "holds no checkpoint to export"),
    ],
)
def test_mistakes_get_one_line_and_exit_1(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from training.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("training: ")]
    assert said in lines[-1]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    from training.cli import main

    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in ("run", "pool", "prepare", "degrade", "export"))
