"""`vsrealbasicvsr bench`: complete reports whose parts are counted right; speeds are not judged here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from vsrealbasicvsr.benchmark.case import Case
from vsrealbasicvsr.benchmark.history import plot_history
from vsrealbasicvsr.benchmark.parts import measure_parts
from vsrealbasicvsr.benchmark.speed import measure_speed
from vsrealbasicvsr.cli.bench import bench
from vsrealbasicvsr.cli.main import main
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.settings import Settings

SMALL = ("--channels", "8", "--blocks", "1", "--rounds", "1", "--device", "cpu")
CPU = torch.device("cpu")
MAC = {  # per pixel, SPEC 10.1; flow of both directions, at a size that is a multiple of 32
    "cleaning": 1_478_016,
    "flow": 639_588,
    "propagation, backward": 1_513_152,
    "propagation, forward": 1_513_152,
    "reconstruction": 1_362_944,
}


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["bench", *words], catch_exceptions=False)


def report(path: Path, *words: str) -> dict[str, Any]:
    done = run(*words, *SMALL, "--json", str(path))
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_a_report_holds_every_case_its_parts_the_machine_and_peers(tmp_path: Path) -> None:
    sizes = ("--size", "40x34", "--size", "33x35", "--precision", "fp32", "--precision", "bf16")
    saved = report(tmp_path / "new" / "a.json", *sizes, "--frames", "3", "--against", "bicubic")
    assert saved["benchmark"] == "bench"
    assert saved["machine"].keys() == {
        *("vsrealbasicvsr", "torch", "python", "system", "processor", "device", "cores", "threads")
    }
    cases = [(one["case"]["width"], one["case"]["height"], one["precision"]) for one in saved["results"]]
    assert cases == [(40, 34, "fp32"), (40, 34, "bf16"), (33, 35, "fp32"), (33, 35, "bf16")]
    for one in saved["results"]:
        speed = one["speed"]
        assert speed["ratio"] == pytest.approx(speed["plain"] / speed["stream"])
        assert speed["memory"] > 1
        assert speed["device_memory"] == {"reason": "it ran on the CPU"}
        assert [part["name"] for part in speed["parts"]] == list(MAC)
        assert one["expected"] == pytest.approx(
            sum(part["seconds"] * part["times"] for part in speed["parts"])
        )
        assert [part["name"] for part in one["files"]] == ["decoding", "encoding"]
        assert all(rate > 0 for rate in speed["ceilings"].values())
        assert one["peers"]["bicubic"] > 0


def test_the_text_names_parts_and_ceilings_and_gives_a_reason_for_a_dash() -> None:
    done = run(*SMALL, "--size", "16x12", "--frames", "2", "--against", "basicvsr-reds")
    assert done.exit_code == 0, done.output
    assert all(name in done.stdout for name in MAC)
    assert "its SPyNet needs sides of more than 32 pixels" in done.stdout
    assert "convolution" in done.stdout.splitlines()[-2]


def test_parts_cost_what_the_specification_counts() -> None:
    case = Case(width=32, height=32, frames=2)
    steps = Steps(case.network(), Settings(refine=255.0), CPU, torch.float32)
    parts = measure_parts(case, steps, CPU)
    assert {part.name: part.gflop for part in parts} == pytest.approx(
        {name: 2e-9 * count * 32 * 32 for name, count in MAC.items()}, rel=1e-6
    )


def test_parts_are_counted_with_their_margins() -> None:
    # Windows 0-3, 4-7 and 8 with a frame around them: the backward pass takes frames 4-0, 8-4, 8; the forward
    # pass 0-3, 3-7, 7-8.
    case = Case(width=8, height=8, frames=9, window=4, margin=1, channels=4, blocks=1)
    steps = Steps(case.network(), Settings(refine=255.0), CPU, torch.float32)
    times = [part.times for part in measure_parts(case, steps, CPU)]
    assert times == pytest.approx([1, 8 / 9, 11 / 9, 11 / 9, 1])


@pytest.mark.parametrize("window", [24, 0])
def test_a_stream_of_one_window_equals_the_plain_network(window: int) -> None:
    case = Case(width=32, height=24, frames=6, window=window, channels=8, blocks=1)
    measured = measure_speed(case, device="cpu", precision="fp32", rounds=1)
    assert 0 <= measured.difference < 1e-4


def test_the_papers_network_is_measured_unless_told_otherwise() -> None:
    defaults = {parameter.name: parameter.default for parameter in bench.params}
    assert (defaults["channels"], defaults["blocks"]) == (64, 20)
    assert (defaults["sizes"], defaults["windows"], defaults["margin"]) == (((320, 180),), (24,), 8)


def test_reports_are_drawn_over_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="drawings need matplotlib")
    first = report(tmp_path / "a.json", "--size", "16x12", "--frames", "2")
    later = {**first, "date": "2099-01-01"}
    (tmp_path / "b.json").write_text(json.dumps(later), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps({"benchmark": "memory"}), encoding="utf-8")
    target = tmp_path / "drawn" / "history.svg"
    done = run("--history", str(tmp_path), "--plot", str(target))
    assert done.exit_code == 0, done.output
    assert "2 figures" in done.stderr
    drawn = target.read_text(encoding="utf-8")
    assert "2099-01-01" in drawn
    assert "16x12, window 24+8, fp32" in drawn


def test_a_folder_without_reports_or_with_a_broken_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="holds no report"):
        plot_history(tmp_path, tmp_path / "history.png")
    (tmp_path / "torn.json").write_text('{"benchmark": "ben', encoding="utf-8")
    with pytest.raises(JobError, match=r"torn\.json cannot be read as a report"):
        plot_history(tmp_path, tmp_path / "history.png")
    (tmp_path / "torn.json").write_text('{"benchmark": "bench", "results": [{}]}', encoding="utf-8")
    with pytest.raises(JobError, match=r"torn\.json is no whole report"):
        plot_history(tmp_path, tmp_path / "history.png")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--size", "0x12"), "--size needs a width and a height of 1 or more"),
        (("--size", "large"), "'large' is no size"),
        (("--history", "."), "--history and --plot go together"),
        (("--against", "waifu2x"), "--against: there is no 'waifu2x'"),
        (("--precision", "int8"), "'int8' is not one of"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert sentence in done.stderr
