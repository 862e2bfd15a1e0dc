"""The command, on tiny clips and a tiny network."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.conftest import with_refinement
from vsrealbasicvsr.cli.main import main
from vsrealbasicvsr.errors import ClipError, JobError, VideoError
from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
from vsrealbasicvsr.evaluate.evaluate import TRUTH
from vsrealbasicvsr.evaluate.footage import load_footage, read
from vsrealbasicvsr.evaluate.samples import Sample
from vsrealbasicvsr.files import write_text


def run(*arguments: str | Path) -> Result:
    words = ["evaluate", *map(str, arguments), "--device", "cpu", "--quiet"]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_a_degraded_clip_is_compared_with_its_truth(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    done = run(
        *(clip, "--model", tiny_model, "--peer", "bicubic", "--frames", "3", "--degrade", "mild"),
        *("--metrics", "psnr-y,psnr-rgb,e-warp,nrqm", "--csv", tmp_path / "a.csv"),
        *("--json", tmp_path / "new/a.json", "--markdown", tmp_path / "a.md"),
    )
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads((tmp_path / "new" / "a.json").read_text(encoding="utf-8"))
    rows = {row["peer"]: row for row in report["rows"]}
    assert list(rows) == [TRUTH, "ours: tiny", "bicubic"]
    assert rows["bicubic"]["frames"] == 3
    assert 10 < rows["bicubic"]["psnr-y"] < 60
    assert rows[TRUTH]["psnr-y"] is None
    assert "nrqm" in rows["bicubic"]["reasons"]
    assert rows["bicubic"]["parameters"] == 0
    assert rows["ours: tiny"]["parameters"] > 1
    assert rows[TRUTH]["memory"] is None
    assert report["setup"]["settings"]["model"] == str(tiny_model)
    assert report["setup"]["degrade"] == ["mild"]
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert "### mild (mean of 1 clips)" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert "bicubic" in done.stdout


@pytest.mark.parametrize("option", ["--peer", "--metrics", "--degrade", "--layout"])
def test_unknown_names_are_refused_with_the_known_ones(option: str, clip: Path) -> None:
    done = run(clip, option, "nonsense")
    assert done.exit_code == 2
    assert "there is no 'nonsense'; there are" in done.output


def test_wrong_weights_are_an_error_and_no_dash(clip: Path, tmp_path: Path) -> None:
    done = run(clip, "--model", tmp_path / "none.pth")
    assert done.exit_code == 1
    assert "none.pth" in done.stderr


def test_the_list_names_everything() -> None:
    done = CliRunner().invoke(main, ["evaluate", "--list"])
    assert done.exit_code == 0
    for name in ("bicubic", "realesrgan-x4plus", "psnr-y", "e-warp", "heavy", "videolq"):
        assert name in done.output


def test_frames_are_counted_from_the_start(clip: Path) -> None:
    assert read(clip, 2, 3).equal(read(clip)[3:5])
    with pytest.raises(VideoError, match="has no frame 99"):
        read(clip, 2, 99)


def test_truth_must_be_four_times_as_large(clip: Path, ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    low = tmp_path / "low.mkv"
    ffmpeg("-i", clip, "-vf", "scale=16:12", "-c:v", "ffv1", low)
    sample = Sample(set="s", clip="c", low=low, truth=clip, recipe=None)
    footage = load_footage(sample, 2)
    assert footage.truth is not None
    assert (footage.low.shape, footage.truth.shape) == ((2, 3, 12, 16), (2, 3, 48, 64))
    with pytest.raises(ClipError, match="asks for"):
        load_footage(Sample(set="s", clip="c", low=clip, truth=low, recipe=None))


def test_degraded_footage_keeps_a_truth_of_whole_pixels(
    clip: Path, ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    odd = tmp_path / "odd.mkv"
    ffmpeg("-i", clip, "-vf", "crop=62:46", "-c:v", "ffv1", odd)
    footage = load_footage(Sample(set="s", clip="c", low=None, truth=odd, recipe=RECIPES[0]), 1)
    assert footage.truth is not None
    assert (footage.low.shape, footage.truth.shape) == ((1, 3, 11, 15), (1, 3, 44, 60))


def test_every_combination_of_varied_settings_is_a_row_and_a_point(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    done = run(
        *(clip, "--model", tiny_model, "--frames", "2", "--metrics", "psnr-y"),
        *("--vary", "window=1,0", "--vary", "max-passes=1"),
        *("--json", tmp_path / "a.json", "--plot", tmp_path / "new" / "a.svg"),
    )
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [row["peer"] for row in report["rows"]] == [
        "ours: tiny, window 1, max_passes 1", "ours: tiny, window 0, max_passes 1",
    ]  # fmt: skip
    assert report["setup"]["vary"] == {"window": [1, 0], "max_passes": [1]}
    for row in report["rows"]:
        assert row["reasons"]["psnr-y"] == "the clip has no ground truth"
        assert row["seconds"] > 0
        assert row["memory"] > 50
    assert "<svg" in (tmp_path / "new" / "a.svg").read_text(encoding="utf-8")


def test_the_report_tells_the_refinement_of_each_row(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    telling = with_refinement(tiny_model, tmp_path / "telling.safetensors", 2.5, 4)
    done = run(
        *(clip, "--frames", "1", "--metrics", "psnr-y", "--max-passes", "1", "--json", tmp_path / "a.json"),
        *("--vary", f"model={tiny_model},{telling}"),
    )
    assert done.exit_code == 0, done.output
    setup = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["setup"]
    assert (setup["settings"]["refine"], setup["settings"]["max_passes"]) == (None, 1)
    assert setup["refinement"] == {
        "ours: tiny": {"refine": 5.0, "max_passes": 1}, "ours: telling": {"refine": 2.5, "max_passes": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--vary", "window"), "window takes whole numbers"),
        (("--vary", "margin=1,x"), "margin takes whole numbers"),
        (("--vary", "cuts=none"), "varies no setting; write NAME=VALUE"),
        (("--vary", "window=-3"), "window must lie between"),
        (("--vary", "refine=None"), "refine takes numbers"),
        (("--plot", "a.png"), "give --vary, too"),
    ],
)
def test_what_cannot_be_varied_is_refused(arguments: tuple[str, ...], reason: str, clip: Path) -> None:
    done = run(clip, *arguments)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.split())


def test_a_plot_of_no_known_kind_is_refused_before_the_work(clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = run(clip, "--vary", "window=1", "--plot", tmp_path / "a.xyz")
    assert done.exit_code == 1
    assert "give it one of the endings" in done.stderr


def test_a_report_that_cannot_be_written_whole_leaves_the_one_before(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.csv"
    write_text(target, "before")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "after \ud800")
    assert target.read_text(encoding="utf-8") == "before"
    link = tmp_path / "link"
    link.symlink_to(target)
    write_text(link, "through")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "through"
    assert [path.name for path in target.parent.iterdir()] == ["a.csv"]
    with pytest.raises(JobError, match=r"a\.csv/b\.csv cannot be written: "):
        write_text(target / "b.csv", "below a file")
