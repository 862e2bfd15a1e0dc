"""Without an ffmpeg on the machine the same commands run through PyAV; plain ffmpeg is the oracle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.ffmpeg.bridge_runs import ROOT, own_sentences, run_plain
from tests.ffmpeg.clips import Clips
from tests.ffmpeg.look import look
from tests.ffmpeg.programs import FFMPEGS

NEAREST = "scale=4*iw:4*ih:flags=neighbor"
FFV1 = ("-c:v", "ffv1", "-c:a", "copy")


def environment(sleep: float = 0.0) -> dict[str, str]:
    """A PATH without any ffmpeg."""
    return {**os.environ, "PATH": str(Path(sys.executable).parent), "STAND_IN_SLEEP": str(sleep)}


def run(*arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.ffmpeg.stand_in", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment())
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize(
    ("name", "graph"),
    [
        ("good.mkv", "realbasicvsr"),
        ("good.mkv", "crop=40:30,realbasicvsr"),
        ("grid.mkv", "realbasicvsr,hflip"),
        ("interlaced.mpg", "bwdif,realbasicvsr"),
        ("anamorphic.mkv", "realbasicvsr"),
        ("anamorphic.mkv", "realbasicvsr,scale=iw*sar:ih,setsar=1"),
        ("anamorphic.mkv", r"realbasicvsr,setsar=4\/3"),
        ("hdr10.mkv", "realbasicvsr"),
        ("odd420.mkv", "realbasicvsr"),
        ("one.mkv", "realbasicvsr"),
        ("rotated.mp4", "realbasicvsr"),
        ("phone.mp4", "realbasicvsr"),
        ("gray.mkv", "realbasicvsr"),
        ("ten_bit.mkv", "realbasicvsr"),
        ("late_sound.ts", "realbasicvsr"),
        ("good.mkv", "fps=50,realbasicvsr,fps=25"),
    ],
)
def test_as_plain_ffmpeg(clips: Clips, tmp_path: Path, name: str, graph: str) -> None:
    source, ours, theirs = clips[name], tmp_path / "ours.mkv", tmp_path / "theirs.mkv"
    run("-i", source, "-vf", graph, *FFV1, ours)
    run_plain(
        *("-i", source, "-vf", graph.replace("realbasicvsr", NEAREST), "-fps_mode", "passthrough"),
        *("-enc_time_base", "1/90000", *FFV1, theirs),
        ffmpeg=FFMPEGS["packaged"],
    )
    mine, plain = look(ours), look(theirs)
    assert len(mine.times) == len(plain.times)
    begin = plain.times[0] - mine.times[0]
    apart = [abs(a - b + begin) for a, b in zip(mine.times, plain.times, strict=True)]
    assert max(apart) < 0.001
    for key in ("size", "shape", "rate"):
        seen = [str(made.picture[key]).replace("0/1", "1/1") for made in (mine, plain)]
        assert seen[0] == seen[1], key
    for a, b in zip(mine.luma, plain.luma, strict=True):
        assert np.mean(np.abs(a - b) <= 1 << (a.max() > 255)) > 0.99


def test_full_range_stays(clips: Clips, tmp_path: Path) -> None:
    run("-i", clips["full.mkv"], "-vf", "realbasicvsr", *FFV1, tmp_path / "film.mkv")
    mine, source = look(tmp_path / "film.mkv"), look(clips["full.mkv"])
    assert mine.picture["colour"] == source.picture["colour"]
    for a, b in zip(mine.luma, source.luma, strict=True):
        assert np.mean(np.abs(a - b.repeat(4, 0).repeat(4, 1)) <= 1) > 0.99


def test_sound_and_chapters_are_copied(clips: Clips, tmp_path: Path) -> None:
    source, target = clips["tracks.mkv"], tmp_path / "film.mkv"
    run(
        "-i",
        source,
        "-map",
        "0",
        "-c",
        "copy",
        "-c:v",
        "libx264",
        "-crf",
        "20",
        "-vf",
        "realbasicvsr",
        target,
    )
    mine, original = look(target), look(source)
    assert [track.get("bytes") for track in mine.tracks] == [track.get("bytes") for track in original.tracks]
    assert mine.container == original.container


def test_a_complex_graph_that_is_a_straight_chain(clips: Clips, tmp_path: Path) -> None:
    graph = "[0:v]crop=40:30,realbasicvsr=window=8,scale=80:60[v]"
    run(
        "-i",
        clips["good.mkv"],
        "-filter_complex",
        graph,
        "-map",
        "[v]",
        "-c:v",
        "ffv1",
        tmp_path / "film.mkv",
    )
    seen = look(tmp_path / "film.mkv")
    assert (seen.picture["size"], len(seen.tracks)) == ((80, 60), 1)


def test_the_graphs_of_ffmpeg_python_are_straight(clips: Clips, tmp_path: Path) -> None:
    graph = "[0:v]crop=40:30[s0];[s0]realbasicvsr=window=8[s1];[s1]scale=80:60[s2]"
    run("-i", clips["good.mkv"], "-filter_complex", graph, "-map", "[s2]", tmp_path / "film.mkv")
    assert look(tmp_path / "film.mkv").picture["size"] == (80, 60)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["-i", "{}", "-i", "{}", "-vf", "realbasicvsr", "out.mkv"], "several inputs or outputs"),
        (["-i", "{}", "-vf", "realbasicvsr", "a.mkv", "b.mkv"], "several inputs or outputs"),
        (["-ss", "1", "-i", "{}", "-vf", "realbasicvsr", "a.mkv"], "no -ss"),
        (["-i", "{}", "-vf", "realbasicvsr", "-c:a", "aac", "a.mkv"], "no -c:a aac"),
        (["-i", "{}", "-vf", "realbasicvsr", "-t", "3", "a.mkv"], "no -t 3"),
        (
            ["-i", "{}", "-filter_complex", "[0:v]split[a][b];[a]realbasicvsr;[b]nullsink", "a.mkv"],
            "straight",
        ),
        (["-i", "{}", "a.mkv"], "there is no ffmpeg on this machine"),
    ],
)
def test_what_needs_an_ffmpeg_is_said(clips: Clips, tmp_path: Path, arguments: list[str], what: str) -> None:
    words = [str(tmp_path / word) if word.endswith(".mkv") else word for word in arguments]
    done = run(*(word.replace("{}", str(clips["good.mp4"])) for word in words), check=False)
    assert done.returncode == 1
    (said,) = own_sentences(done.stderr)
    assert what in said
    assert "--ffmpeg PATH" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("graph", "code", "sentence"),
    [
        ("nosuch,realbasicvsr", 1, "no filter nosuch"),
        ("realbasicvsr,crop=9999:1", 1, "cannot be set up"),
        ("select=0,realbasicvsr", 1, "no picture passes the filters select"),
        ("realbasicvsr=refine=much", 2, "refine must be a number"),
    ],
)
def test_what_is_wrong_is_said_before_the_work(
    clips: Clips, tmp_path: Path, graph: str, code: int, sentence: str
) -> None:
    done = run("-i", clips["good.mkv"], "-vf", graph, tmp_path / "out.mkv", check=False)
    assert done.returncode == code
    assert sentence in done.stderr
    assert not list(tmp_path.iterdir())


def test_an_output_that_exists_stays_without_y(clips: Clips, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    target.write_bytes(b"precious")
    assert run("-i", clips["good.mkv"], "-vf", "realbasicvsr", target, check=False).returncode == 1
    assert target.read_bytes() == b"precious"
    run("-y", "-i", clips["good.mkv"], "-vf", "realbasicvsr", target)
    assert look(target).picture["size"] == (256, 192)


def test_ctrl_c_keeps_what_is_done_under_another_name(clips: Clips, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.ffmpeg.stand_in", "-i", str(clips["good.mkv"])]
    words += ["-vf", "realbasicvsr", "-c:v", "ffv1", str(tmp_path / "film.mkv")]
    with subprocess.Popen(words, cwd=ROOT, env=environment(0.3), stderr=subprocess.PIPE) as running:
        until = time.monotonic() + 60
        while not (tmp_path / "film.partial.mkv").exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(2)
        os.kill(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert [path.name for path in tmp_path.iterdir()] == ["film.partial.mkv"]
    assert look(tmp_path / "film.partial.mkv").times
