"""`vsrealbasicvsr restore` as a user meets it: flags, messages, exit codes, signals, full disks."""

from __future__ import annotations

import functools
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import av
import pytest
from click.testing import CliRunner, Result

from tests.conftest import Restore
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.settings import Settings


def one_line(result: Result, code: int, *parts: str) -> None:
    """The command failed with this code and one line on stderr that holds these parts."""
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert lines[0].startswith("vsrealbasicvsr: ")
    for part in parts:
        assert part in lines[0], lines[0]
    assert result.stdout == ""


def count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_every_setting_is_a_flag() -> None:
    text = CliRunner().invoke(main, ["restore", "--help"]).stdout
    for item in fields(Settings):
        assert f"--{item.name.replace('_', '-')} " in text


def test_restores_and_keeps_stdout_empty(restore: Restore, clip: Path, tmp_path: Path) -> None:
    result = restore(clip, tmp_path / "out.mkv")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "10 frames" in result.stderr
    assert count(tmp_path / "out.mkv") == 10


def test_quiet_says_nothing(restore: Restore, clip: Path, tmp_path: Path) -> None:
    result = restore(clip, tmp_path / "out.mkv", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_progress_can_be_read_by_programs(restore: Restore, clip: Path, tmp_path: Path) -> None:
    result = restore(clip, tmp_path / "out.mkv", "--progress", "json", "--refine", "255")
    lines = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert [line["frames"] for line in lines] == list(range(11))
    assert lines[-1].keys() == {
        *("frames", "total", "resumed", "seconds", "rate", "eta", "mean_passes", "workers")
    }
    assert (lines[-1]["total"], lines[-1]["eta"], lines[-1]["mean_passes"]) == (10, 0, 1)


NOT_TOGETHER = {("prores", "out.mp4"), ("ffv1", "out.mov"), ("svtav1", "out.mov")}


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov"])
@pytest.mark.parametrize("encoder", ["x264", "x265", "svtav1", "ffv1", "prores"])
def test_encoders_and_containers(
    restore: Restore,
    clip: Path,
    tmp_path: Path,
    encoder: str,
    name: str,
) -> None:
    result = restore(clip, tmp_path / name, "--encoder", encoder)
    if (encoder, name) in NOT_TOGETHER:
        one_line(result, 1, encoder, Path(name).suffix)
    else:
        assert result.exit_code == 0, result.output
        assert count(tmp_path / name) == 10


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (["--window", "-3"], "window must lie between"),
        (["--window", "many"], "--window"),
        (["--size", "big"], "1920x1080"),
        (["--rate", "0/0"], "frame rate"),
        (["--precision", "fp8"], "--precision"),
        (["--device", "cpu,"], "device must be auto, cpu"),
        (["--encoder-option", "preset"], "key=value"),
        (["--unknown"], "--unknown"),
    ],
)
def test_wrong_usage_exits_with_2(
    restore: Restore, clip: Path, tmp_path: Path, flags: list[str], part: str
) -> None:
    result = restore(clip, tmp_path / "out.mkv", *flags)
    assert result.exit_code == 2
    assert part in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (["--size", "100x100", "--scale", "2"], "exclude"),
        (["--crf", "99"], "99"),
        (["--encoder", "nosuch"], "nosuch"),
        (["--pixel-format", "yuv999"], "yuv999"),
        (["--encoder-option", "nosuchoption=1"], "nosuchoption"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--model", "nosuch"], "nosuch"),
        (["--cuts", "/no/such/file"], "/no/such/file"),
        (["--size", "30001x301"], "30001"),
    ],
)
def test_what_cannot_be_done_exits_with_1_and_one_line(
    restore: Restore,
    clip: Path,
    tmp_path: Path,
    flags: list[str],
    part: str,
) -> None:
    one_line(restore(clip, tmp_path / "out.mkv", "--cuts", "none", *flags), 1, part)
    assert list(tmp_path.iterdir()) == []


def empty_file(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    (folder / "in.mkv").write_bytes(b"")
    return folder / "in.mkv"


def text_file(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    (folder / "in.mp4").write_text("This is no video.\n" * 100)
    return folder / "in.mp4"


def missing_file(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    return folder / "missing.mkv"


def folder_without_images(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    (folder / "in").mkdir()
    (folder / "in" / "notes.txt").write_text("nothing here")
    return folder / "in"


def pattern_without_images(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    return folder / "in%04d.png"


def audio_only(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", folder / "in.mka")
    return folder / "in.mka"


def zero_frames(folder: Path, ffmpeg: Callable[..., None]) -> Path:
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.2", "-frames:v", "0", "-c:v", "libx264", folder / "in.mkv"
    )
    return folder / "in.mkv"


@pytest.mark.parametrize(
    "make",
    [
        empty_file,
        text_file,
        missing_file,
        folder_without_images,
        pattern_without_images,
        audio_only,
        zero_frames,
    ],
)
def test_bad_sources_are_refused_in_one_line(
    restore: Restore,
    tmp_path: Path,
    ffmpeg: Callable[..., None],
    make: Callable[[Path, Callable[..., None]], Path],
) -> None:
    source = make(tmp_path, ffmpeg)
    one_line(restore(source, tmp_path / "out.mkv"), 1, str(source))
    assert not list(tmp_path.glob("out*"))


def test_bad_targets_are_refused_in_one_line(restore: Restore, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "there.mkv").write_text("kept")
    (tmp_path / "link.mkv").symlink_to(clip)
    one_line(restore(clip, tmp_path / "out.xyz"), 1, "xyz")
    one_line(restore(clip, tmp_path / "out" / "deep" / "out.mkv"), 1, "out")
    one_line(restore(clip, tmp_path / "file" / "out.mkv"), 1, "file")
    one_line(restore(clip, clip), 1, str(clip))
    one_line(restore(clip, tmp_path / "link.mkv", "--overwrite"), 1, "link.mkv")
    one_line(restore(clip, tmp_path / "there.mkv"), 1, "there.mkv")
    assert (tmp_path / "there.mkv").read_text() == "kept"
    assert restore(clip, tmp_path / "there.mkv", "--overwrite").exit_code == 0
    assert count(tmp_path / "there.mkv") == 10


def long_clip(folder: Path, ffmpeg: Callable[..., None], name: str = "in.mkv") -> Path:
    source = folder / name
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2,noise=alls=20"),
        *("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", source),
    )
    return source


@pytest.mark.parametrize("name", ["in.mkv", "in.ts"])
def test_a_truncated_file_keeps_what_decodes_and_says_so(
    restore: Restore, tmp_path: Path, ffmpeg: Callable[..., None], name: str
) -> None:
    source = long_clip(tmp_path, ffmpeg, name)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 6 // 10])
    result = restore(source, tmp_path / "out.mkv", "--cuts", "none")
    assert 15 <= count(tmp_path / "out.mkv") < 50
    if name == "in.mkv":  # a transport stream does not say how long it was
        assert result.exit_code == 3, result.output
        assert "could not be decoded" in result.stderr
    assert "Traceback" not in result.output


def test_a_bit_flipped_file_is_restored_as_far_as_it_goes(
    restore: Restore, tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    source = long_clip(tmp_path, ffmpeg)
    damaged = bytearray(source.read_bytes())
    rng = random.Random(1)
    for n in range(len(damaged) // 3, len(damaged) // 3 + 4000):
        damaged[n] = rng.randrange(256)
    source.write_bytes(damaged)
    result = restore(source, tmp_path / "out.mkv", "--cuts", "none")
    assert result.exit_code == 3, result.output
    assert count(tmp_path / "out.mkv") >= 20


def test_a_change_of_size_midway_is_survived_and_said(
    restore: Restore, tmp_path: Path, ffmpeg: Callable[..., None]
) -> None:
    for n, size in enumerate(("64x48", "96x64")):
        ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.4", "-c:v", "libx264", tmp_path / f"{n}.ts")
    source = tmp_path / "in.ts"
    source.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    result = restore(source, tmp_path / "out.mkv", "--cuts", "none")
    assert result.exit_code in (0, 3), result.output
    assert "96x64" in result.stderr
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert {(f.width, f.height) for f in container.decode(video=0)} == {(256, 192)}


COMMAND = [sys.executable, "-m", "vsrealbasicvsr.cli"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_keep_what_is_done_and_the_same_command_goes_on(
    tmp_path: Path,
    tiny_model: Path,
    ffmpeg: Callable[..., None],
    number: signal.Signals,
    code: int,
) -> None:
    source = long_clip(tmp_path, ffmpeg)
    command = [*COMMAND, "restore", "--model", str(tiny_model), "--device", "cpu", "--cuts", "none"]
    command += ["--window", "4", "--segment-length", "4", "--progress", "json", "--encoder", "ffv1"]
    command += [str(source), str(tmp_path / "out.mkv")]
    # Else it is ignored where these tests run under `nohup`.
    heed = functools.partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heed) as process:
        assert process.stderr
        for line in process.stderr:
            if '"frames": 11,' in line:
                process.send_signal(number)
                if number == signal.SIGINT:  # as people do who cannot wait
                    process.send_signal(number)
                break
        rest = process.stderr.read()
        assert process.wait(30) == code, rest
    assert "Traceback" not in rest
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mkv", "out.mkv.parts"]
    assert "the same command goes on" in rest or number == signal.SIGINT

    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True)
    first = next(json.loads(line) for line in done.stderr.splitlines() if line.startswith("{"))
    assert first["resumed"] == first["frames"] >= 8
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mkv", "out.mkv"]
    assert count(tmp_path / "out.mkv") == count(source)


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    tiny_model: Path,
    ffmpeg: Callable[..., None],
) -> None:
    source = long_clip(tmp_path, ffmpeg)

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [*COMMAND, "restore", "--model", str(tiny_model), "--device", "cpu", "--cuts", "none", "--quiet",
         "--encoder", "ffv1", str(source), str(tmp_path / "out.mkv")],
        stderr=subprocess.PIPE, text=True, check=False, preexec_fn=limit, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "disk full" in done.stderr
    assert "Traceback" not in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.parametrize("name", ["", "-"])
def test_pipes_and_empty_names_are_refused(restore: Restore, clip: Path, name: str) -> None:
    for result in (restore(name, "out.mkv"), restore(clip, name)):
        assert result.exit_code == 2
        assert "name of a file or folder" in result.stderr


def test_a_reader_of_stderr_that_goes_away_does_not_end_the_work(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    ours, theirs = os.pipe()
    with subprocess.Popen(
        [*COMMAND, "restore", "--model", str(tiny_model), "--device", "cpu",
         str(clip), str(tmp_path / "out.mkv")],
        stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.read(ours, 10)
        os.close(ours)
        assert process.wait(60) == 0
    assert count(tmp_path / "out.mkv") == 10


def test_an_interrupt_before_the_first_segment_is_whole_is_told(
    tmp_path: Path, tiny_model: Path, ffmpeg: Callable[..., None]
) -> None:
    command = [*COMMAND, "restore", "--model", str(tiny_model), "--device", "cpu", "--cuts", "none"]
    command += [
        "--window",
        "4",
        "--progress",
        "json",
        str(long_clip(tmp_path, ffmpeg)),
        str(tmp_path / "out.mkv"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        next(line for line in process.stderr if '"frames": 5,' in line)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(30) == 130, rest
    assert "nothing is kept: no segment was whole yet" in rest
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mkv"]


@pytest.mark.parametrize("delay", [0.3, 0.7, 1.1])
def test_an_interrupt_while_it_starts_is_no_traceback(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path, delay: float
) -> None:
    source = long_clip(tmp_path, ffmpeg)
    with subprocess.Popen(
        [*COMMAND, "restore", "--model", str(tiny_model), "--device", "cpu",
         str(source), str(tmp_path / "out.mkv")],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)  # the latter before our first line runs
    assert process.returncode == -signal.SIGINT or "Traceback" not in stderr
    assert not (tmp_path / "out.mkv").exists()
