"""The benchmarks end with complete reports; what they measure is not judged here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from benchmarks.__main__ import main
from tests.ffmpeg.programs import FFMPEGS
from vsrealbasicvsr.bench.case import Case

SMALL = ("--size", "32x24", "--channels", "8", "--blocks", "1")
MACHINE = {"vsrealbasicvsr", "torch", "python", "system", "processor", "device", "cores", "threads"}


def report(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    target = tmp_path / "results" / "report.json"
    done = CliRunner().invoke(main, [*arguments, *SMALL, "--json", str(target)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "ratio" in done.stdout
    loaded: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    return loaded


def test_memory_reports_two_peaks_and_their_ratio(tmp_path: Path) -> None:
    saved = report(tmp_path, "memory", "--short", "2", "--long", "8")
    result = saved["result"]
    assert result.keys() == {"short", "long", "ratio"}
    assert result["ratio"] == pytest.approx(result["long"] / result["short"])
    assert result["short"] > 2**20
    assert saved["machine"].keys() == MACHINE


def test_pretended_devices_are_reported(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    words = ["lanes", "--frames", "12", "--window", "3", "--seconds", "0.002", "--json", str(target)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    result = json.loads(target.read_text(encoding="utf-8"))["result"]
    assert result["speedup"] == pytest.approx(result["one"] / result["several"])


def test_the_bridge_is_reported_with_the_peak_of_each_process(tmp_path: Path) -> None:
    # So many that the encode half is there when the processes are looked at: with 3 it was missed.
    few = ("--frames", "60", "--rounds", "1", "--ffmpeg", FFMPEGS["packaged"])
    result = report(tmp_path, "bridge", "overhead", *few)["result"]
    assert result["overhead"] == pytest.approx(result["bridge"] / result["restore"] - 1)
    assert {"restore: vsrealbasicvsr", "bridge: vsrealbasicvsr", "bridge: encode half"} <= result[
        "peaks"
    ].keys()


def test_the_pipes_are_reported(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    words = ["bridge", "pipes", "--frames", "20", "--size", "64x48", "--ffmpeg", FFMPEGS["packaged"]]
    done = CliRunner().invoke(main, [*words, "--json", str(target)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(target.read_text(encoding="utf-8"))["result"].keys() == {"read", "written"}


def test_cases_of_one_size_share_frames_and_weights() -> None:
    short, long = (Case(width=16, height=8, frames=frames, channels=8, blocks=1) for frames in (2, 3))
    assert all(torch.equal(a, b) for a, b in zip(short.clip(), long.clip(), strict=False))
    weights = zip(short.network().parameters(), long.network().parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)


def test_the_filters_overhead_is_reported_for_equal_frames(tmp_path: Path) -> None:
    saved = report(
        tmp_path, "filter", "overhead", "--frames", "9", "--window", "4", "--margin", "1", "--rounds", "1"
    )
    result = saved["result"]
    assert result["equal"] is True
    assert result["overhead"] == pytest.approx(result["filter"] / result["engine"] - 1)
    assert saved["machine"].keys() == MACHINE


def test_requests_and_memory_are_those_of_the_real_vspipe(tmp_path: Path) -> None:
    small = ("--window", "4", "--margin", "1")
    runs = report(tmp_path, "filter", "requests", "--frames", "9", *small)["result"]
    assert [run["windows"] for run in runs.values()] == [3, 3, 3]
    assert all(run["rate"] > 0 for run in runs.values())
    short, long = report(
        tmp_path, "filter", "memory", "--short", "4", "--long", "9", "--cache", "64", *small
    )["result"]
    assert (short["windows"], long["windows"]) == (1, 3)
    assert short["bytes"] > 2**20


def test_a_storm_of_seeks_finds_no_wrong_frame(tmp_path: Path) -> None:
    result = report(tmp_path, "filter", "seeks", "--seconds", "1", "--frames", "12")["result"]
    assert result["seeks"] > 0
    assert result["wrong"] == 0
