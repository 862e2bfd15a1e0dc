"""`vsrealbasicvsr job plan` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vsrealbasicvsr.cli import main


def plan(*arguments: str | Path | int) -> Result:
    return CliRunner().invoke(main, ["job", "plan", *map(str, arguments)])


def test_a_file_is_read_and_planned(clip: Path, tmp_path: Path) -> None:
    cuts, report = tmp_path / "cuts.txt", tmp_path / "plan.json"
    cuts.write_text("4\n")
    result = plan(clip, "--rate", 2, "--workers", 1, "--workers", 2, "--cuts", cuts, "--json", report)
    assert result.exit_code == 0, result.output
    assert "10 frames of 64x48 (0:00:00), 1 cuts, 1 segments" in result.stdout
    made = json.loads(report.read_text())
    assert made["film"] == {"frames": 10, "cuts": 1, "rate": 25.0, "width": 64, "height": 48}
    (one,) = made["results"]
    assert one["costs"]["scan_rate"] > 0
    assert [figures["devices"] for figures in one["devices"]] == [1, 2]
    assert one["devices"][0]["restoring"] == pytest.approx(10 + 0.3 + 10 / 2, abs=1)


def test_a_made_up_film_gives_the_same_figures_each_time(tmp_path: Path) -> None:
    reports = []
    for name in ("a.json", "b.json"):
        result = plan("--film", 10, "--rate", 20, "--rate", 5, "--json", tmp_path / name)
        assert result.exit_code == 0, result.output
        reports.append((tmp_path / name).read_text())
    assert reports[0] == reports[1]
    made = json.loads(reports[0])
    assert [one["costs"]["rate"] for one in made["results"]] == [20, 5]
    for one in made["results"]:
        assert [figures["devices"] for figures in one["devices"]] == [1, 8, 64, 1000]
        assert all(figures["devices"] == 1000 for figures in one["segment_lengths"])
        for figures in (*one["devices"], *one["segment_lengths"]):
            assert figures["whole"] == pytest.approx(figures["restoring"] + figures["joining"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rate", "5"], "give either IN or --film MINUTES"),
        (["in.mkv", "--film", "3", "--rate", "5"], "give either IN or --film MINUTES"),
        (["--film", "3"], "--rate"),
        (["--film", "3", "--rate", "0"], "--rate"),
        (["--film", "3", "--rate", "5", "--margin", "-1"], "margin must lie between"),
        (["--film", "3", "--rate", "5", "--size", "0x10"], "--size needs"),
    ],
)
def test_what_cannot_be_planned_is_refused(arguments: list[str], told: str) -> None:
    result = plan(*arguments)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_file_that_is_not_there_is_one_line() -> None:
    result = plan("nowhere.mkv", "--rate", "5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("vsrealbasicvsr: there is no file nowhere.mkv")
