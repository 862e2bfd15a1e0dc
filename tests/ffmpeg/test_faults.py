"""Whatever dies or fails: all processes end, nothing looks whole, one sentence and an exit code say why."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from torch import Tensor

from tests.ffmpeg.bridge_runs import ROOT, own_sentences, run_bridge, run_plain
from tests.ffmpeg.clips import SAMPLE, Clips
from tests.ffmpeg.stand_in import Nearest, open_nearest
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import FFmpegFailedError, RestorationError
from vsrealbasicvsr.ffmpeg.bridge import run_command

SLOW = 0.05
"""Seconds a picture takes. There are 96, of which the decode half can be 60 ahead."""
PATIENCE = 60.0


class Run:
    """A run of the bridge that can be watched and disturbed."""

    def __init__(self, folder: Path, *arguments: str | Path, ffmpeg: str, small_files: bool = False) -> None:
        self._folder, self._ffmpeg = folder, ffmpeg
        source = folder / "source.mp4"
        shutil.copyfile(SAMPLE, source)
        self.target = folder / "restored film.mkv"
        words = [
            "--ffmpeg",
            ffmpeg,
            *(str(source if word == SAMPLE else word) for word in arguments),
            str(self.target),
        ]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ffmpeg.stand_in", *words],
            cwd=ROOT,
            env={**os.environ, "STAND_IN_SLEEP": str(SLOW)},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            errors="replace",
            preexec_fn=_limit_files if small_files else None,
        )

    def half(self, end: str) -> int:
        """The process of the half with that end of a pipe, as soon as there is one."""
        return _soon(lambda: next((pid for pid, words in self.children() if end in words), None))

    def children(self) -> Iterator[tuple[int, list[str]]]:
        """All ffmpegs that name the run's folder, which both the source and the output lie in."""
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if words[0] == self._ffmpeg and any(str(self._folder) in word for word in words):
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        yield int(entry.name), words

    def end(self) -> tuple[int, str]:
        """Exit code and stderr, when all processes have ended."""
        _, stderr = self.process.communicate(timeout=PATIENCE)
        _soon(lambda: not list(self.children()) or None)
        assert "Traceback" not in stderr, stderr
        return self.process.returncode, stderr


def _limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


def _soon[T](ask: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE
    while (answer := ask()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


MOMENTS = {"start": 0.0, "middle": 0.5, "end": 1.1}


@pytest.fixture(params=MOMENTS)
def moment(request: pytest.FixtureRequest) -> float:
    """Seconds after the half in question has started."""
    return MOMENTS[request.param]


COMMAND = (
    *("-v", "error", "-stream_loop", "9", "-t", "4", "-i", SAMPLE),
    *("-vf", "scale=128:96,realbasicvsr", "-c:v", "ffv1", "-c:a", "copy"),
)


def test_a_killed_decode_half_ends_all_with_its_code(tmp_path: Path, ffmpeg: str, moment: float) -> None:
    run = Run(tmp_path, *COMMAND, ffmpeg=ffmpeg)
    pid = run.half("pipe:1")
    time.sleep(moment)
    os.kill(pid, signal.SIGKILL)
    code, stderr = run.end()
    assert code == 137
    (sentence,) = own_sentences(stderr)
    assert "the decoding ffmpeg stopped with exit code 137 after" in sentence
    assert not run.target.exists()


def test_a_killed_encode_half_ends_all_with_its_code(tmp_path: Path, ffmpeg: str, moment: float) -> None:
    run = Run(tmp_path, *COMMAND, ffmpeg=ffmpeg)
    pid = run.half("pipe:0")
    time.sleep(moment)
    os.kill(pid, signal.SIGKILL)
    code, stderr = run.end()
    assert code == 137
    (sentence,) = own_sentences(stderr)
    assert "the encoding ffmpeg stopped with exit code 137 after" in sentence
    assert not run.target.exists()


def test_killed_ourselves_we_leave_no_process_and_no_whole_file(
    tmp_path: Path, ffmpeg: str, moment: float
) -> None:
    run = Run(tmp_path, *COMMAND, ffmpeg=ffmpeg)
    run.half("pipe:0")
    time.sleep(moment)
    run.process.kill()
    code, _ = run.end()
    assert code == -signal.SIGKILL
    assert not run.target.exists()


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_and_keeps_what_was_done(
    tmp_path: Path, ffmpeg: str, moment: float, number: int, expected: int
) -> None:
    run = Run(tmp_path, *COMMAND, ffmpeg=ffmpeg)
    run.half("pipe:0")
    time.sleep(moment)
    asked = time.monotonic()
    run.process.send_signal(number)
    code, stderr = run.end()
    assert time.monotonic() - asked < 5
    assert code == expected
    (sentence,) = own_sentences(stderr)
    assert "stopped after" in sentence
    assert not run.target.exists()
    if moment:
        assert "restored film.partial.mkv" in sentence
        assert run.target.with_suffix(".partial.mkv").stat().st_size


def test_a_full_disk_is_told_and_leaves_nothing_whole(tmp_path: Path, ffmpeg: str) -> None:
    run = Run(tmp_path, *COMMAND, ffmpeg=ffmpeg, small_files=True)
    code, stderr = run.end()
    assert code not in (0, 1, 2)
    assert "the encoding ffmpeg stopped" in own_sentences(stderr)[-1]
    assert not run.target.exists()


def test_a_full_device_is_told(tmp_path: Path, ffmpeg: str) -> None:
    done = run_bridge(*COMMAND, "-f", "matroska", "-y", "/dev/full", ffmpeg=ffmpeg, check=False)
    assert done.returncode not in (0, 2)
    assert "No space left" in done.stderr
    assert len(own_sentences(done.stderr)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("-i", "nothing.mkv", "-vf", "realbasicvsr"), (1, 254), "nothing.mkv"),
        (("-i", SAMPLE, "-vf", "nix,realbasicvsr"), (1, 8), "No such filter: 'nix'"),
        (("-i", SAMPLE, "-vf", "realbasicvsr,nix"), (1, 8), "No such filter: 'nix'"),
        (("-i", SAMPLE, "-vf", "realbasicvsr,scale=w=moo"), (1, 234, 22), "moo"),
        (("-i", SAMPLE, "-vf", "realbasicvsr", "-c:v", "nonsense"), (1, 8), "nonsense"),
        (("-i", SAMPLE, "-vf", "realbasicvsr", "-c:v", "libx264", "-preset", "moo"), (1, 8, 187, 234), "moo"),
        (("-i", SAMPLE, "-vf", "realbasicvsr", "-map", "7:v"), (1, 234), "7"),
        (("-i", SAMPLE, "-vf", "realbasicvsr", "-nonsense", "1"), (1, 8), "nonsense"),
        (("-i", SAMPLE, "-vf", "realbasicvsr=refine=500"), (2,), "between 0 and 255"),
        (("-i", SAMPLE, "-vf", "realbasicvsr,,null"), (2,), "name is missing"),
        (("-i", SAMPLE, "-vf", "realbasicvsr,realbasicvsr"), (2,), "this is the second"),
        (("-i", SAMPLE, "-vf", "realbasicvsr=cuts=nothing.txt"), (1,), "nothing.txt"),
        (("-i", "pipe:0", "-vf", "realbasicvsr"), (1,), "pipe"),
        (("-i", "/dev/fd/0", "-vf", "realbasicvsr"), (1,), "is a pipe"),
    ],
)
def test_a_mistake_is_found_before_the_work_and_told_once(
    tmp_path: Path, ffmpeg: str, arguments: tuple[str | Path, ...], code: tuple[int, ...], words: str
) -> None:
    target = tmp_path / "out.mkv"
    done = run_bridge(*arguments, target, ffmpeg=ffmpeg, check=False)
    assert done.returncode in code
    assert len(own_sentences(done.stderr)) == 1
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_source_without_pictures_is_refused_in_ffmpegs_words(
    clips: Clips, tmp_path: Path, ffmpeg: str
) -> None:
    target = tmp_path / "out.mkv"
    graph = ("-filter_complex", "[0:v]realbasicvsr")
    done = run_bridge("-i", clips["sound.mka"], *graph, target, ffmpeg=ffmpeg, check=False)
    assert done.returncode not in (0, 2)
    assert "matches no streams" in done.stderr
    assert len(own_sentences(done.stderr)) == 1
    assert not target.exists()


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.99])
def test_a_cut_off_source_is_restored_as_far_as_it_goes_but_not_called_whole(
    clips: Clips, tmp_path: Path, ffmpeg: str, caplog: pytest.LogCaptureFixture, kept: float
) -> None:
    source, target = tmp_path / "source.mkv", tmp_path / "out.mkv"
    whole = clips["good.mkv"].read_bytes()
    source.write_bytes(whole[: int(len(whole) * kept)])
    words = ["-v", "error", "-i", str(source), "-vf", "realbasicvsr", "-c:v", "ffv1", str(target)]
    assert run_command(words, ffmpeg=ffmpeg, open_restorer=open_nearest) == 3
    (sentence,) = caplog.messages
    assert "ends early" in sentence
    assert "out.partial.mkv" in sentence
    assert not target.exists()
    assert target.with_suffix(".partial.mkv").exists()


def test_a_source_cut_off_in_its_header_leaves_nothing(clips: Clips, tmp_path: Path, ffmpeg: str) -> None:
    source = tmp_path / "source.mkv"
    source.write_bytes(clips["good.mkv"].read_bytes()[:300])
    words = ["-i", str(source), "-vf", "realbasicvsr", str(tmp_path / "out.mkv")]
    with pytest.raises(FFmpegFailedError, match="ffmpeg says") as caught:
        run_command(words, ffmpeg=ffmpeg, open_restorer=open_nearest)
    assert caught.value.code not in (0, 2)
    assert list(tmp_path.iterdir()) == [source]


def test_an_output_that_cannot_be_written_is_told(clips: Clips, tmp_path: Path, ffmpeg: str) -> None:
    """What stops the encode half alone: where the unfinished file would be, there is a folder."""
    (tmp_path / "out.partial.mkv").mkdir()
    words = ("-v", "error", "-i", clips["one.mkv"], "-vf", "realbasicvsr", "-c:v", "ffv1")
    done = run_bridge(*words, tmp_path / "out.mkv", ffmpeg=ffmpeg, check=False)
    assert done.returncode not in (0, 2)
    assert "Is a directory" in done.stderr
    assert len(own_sentences(done.stderr)) == 1
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize("good", [0, 5, 35])
def test_a_network_that_fails_ends_both_ffmpegs(clips: Clips, tmp_path: Path, ffmpeg: str, good: int) -> None:
    class Failing(Nearest):
        def stream(
            self,
            frames: Iterable[Tensor],
            cuts: Container[int] = (),
            *,
            on_cleaned: Callable[..., None] | None = None,
            first: int = 0,
            core_start: int | None = None,
        ) -> Iterator[Tensor]:
            yield from itertools.islice(super().stream(frames, cuts, on_cleaned=on_cleaned), good)
            raise RestorationError("the device is gone")

    words = ["-v", "error", "-i", str(clips["good.mkv"]), "-vf", "realbasicvsr", str(tmp_path / "out.mkv")]
    with pytest.raises(RestorationError, match="the device is gone"):
        run_command(words, ffmpeg=ffmpeg, open_restorer=lambda _: cast(Restorer, Failing()))
    assert not (tmp_path / "out.mkv").exists()
    assert ffmpeg not in _programs_of_children()


def _programs_of_children() -> Iterator[str]:
    """Of this process, which earlier tests may have left a helper of Python's own."""
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):
                yield Path("/proc", child, "cmdline").read_text().partition("\0")[0]


def test_outputs_that_cannot_be_written_are_refused_at_once(tmp_path: Path, ffmpeg: str) -> None:
    words = ("-i", SAMPLE, "-vf", "realbasicvsr")
    done = run_bridge(*words, tmp_path / "none" / "out.mkv", ffmpeg=ffmpeg, check=False)
    assert done.returncode == 1
    assert "there is no folder" in done.stderr
    old = tmp_path / "old.mkv"
    old.write_bytes(b"dear")
    for more in ((), ("-n",)):
        done = run_bridge(*more, *words, old, ffmpeg=ffmpeg, check=False)
        assert done.returncode == 1
        assert "add -y" in done.stderr
    assert old.read_bytes() == b"dear"


def test_a_failing_run_leaves_the_old_output_as_it_was(tmp_path: Path, ffmpeg: str) -> None:
    run = Run(tmp_path, "-y", *COMMAND, ffmpeg=ffmpeg)
    run.target.write_bytes(b"dear")
    os.kill(run.half("pipe:1"), signal.SIGKILL)
    assert run.end()[0] == 137
    assert run.target.read_bytes() == b"dear"


def test_memory_stays_bounded_behind_a_slow_encoder(tmp_path: Path, ffmpeg: str) -> None:
    def peak(frames: int) -> float:
        run = Run(
            tmp_path, "-v", "error", "-y", "-stream_loop", "8", "-i", SAMPLE,
            "-vf", "realbasicvsr,realtime=speed=0.3", "-frames:v", str(frames), "-an",
            "-c:v", "libx264", "-preset", "ultrafast", ffmpeg=ffmpeg,
        )  # fmt: skip
        highest = 0.0
        while run.process.poll() is None:
            with suppress(OSError, IndexError):  # it ends meanwhile
                status = Path(f"/proc/{run.process.pid}/status").read_text()
                highest = max(highest, int(status.partition("VmHWM:")[2].split()[0]) / 1024)
            time.sleep(0.02)
        code, stderr = run.end()
        assert code == 0, stderr
        return highest

    # Measured: 711 and 727 MiB; 1043 and 1887 with no bound. A peak differs by 60 from run to run.
    assert peak(150) < peak(50) + 300


@pytest.mark.parametrize("name", ["same.mkv", "other.partial.mkv"])
def test_a_source_is_never_written_over(clips: Clips, tmp_path: Path, ffmpeg: str, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(clips["good.mkv"].read_bytes())
    target = tmp_path / name.replace(".partial", "")
    done = run_bridge("-y", "-i", source, "-vf", "realbasicvsr", target, ffmpeg=ffmpeg, check=False)
    assert done.returncode == 1
    assert "would replace a source" in done.stderr
    assert source.read_bytes() == clips["good.mkv"].read_bytes()


def test_a_name_may_say_truncated(clips: Clips, tmp_path: Path, ffmpeg: str) -> None:
    source = tmp_path / "the truncated, partial file.mkv"
    source.write_bytes(clips["good.mkv"].read_bytes())
    run_bridge("-i", source, "-vf", "realbasicvsr", "-c:v", "ffv1", tmp_path / "o.mkv", ffmpeg=ffmpeg)


def test_n_is_no_obstacle(clips: Clips, tmp_path: Path, ffmpeg: str) -> None:
    words = ("-n", "-i", clips["one.mkv"], "-vf", "realbasicvsr", "-c:v", "ffv1", tmp_path / "o.mkv")
    run_bridge(*words, ffmpeg=ffmpeg)
    assert run_bridge(*words, ffmpeg=ffmpeg, check=False).returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-pass", "1", "{}/o.mkv"), "two passes"),
        (("{}/o.mkv", "{}/o.mkv"), "two outputs"),
        (("-f", "matroska", "{}"), "is a folder"),
    ],
)
def test_outputs_that_cannot_be_are_refused_at_once(
    clips: Clips, tmp_path: Path, ffmpeg: str, arguments: tuple[str, ...], words: str
) -> None:
    given = [word.format(tmp_path) for word in arguments]
    done = run_bridge("-i", clips["one.mkv"], "-vf", "realbasicvsr", *given, ffmpeg=ffmpeg, check=False)
    assert done.returncode == 1
    assert words in done.stderr


def test_a_source_that_can_be_read_once_is_refused(tmp_path: Path, ffmpeg: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = run_bridge(
        "-i", tmp_path / "fifo", "-vf", "realbasicvsr", tmp_path / "o.mkv", ffmpeg=ffmpeg, check=False
    )
    assert done.returncode == 1
    assert "is a pipe" in done.stderr


def test_a_name_of_a_program_that_is_not_there_is_told(clips: Clips, tmp_path: Path) -> None:
    done = run_bridge(
        "-i", clips["one.mkv"], "-vf", "realbasicvsr", tmp_path / "o.mkv", ffmpeg="/no/ffmpeg", check=False
    )
    assert done.returncode == 1
    assert "there is no program /no/ffmpeg" in done.stderr


def test_colours_of_the_log_and_tags_of_languages_do_no_harm(
    clips: Clips, tmp_path: Path, ffmpeg: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AV_LOG_FORCE_COLOR", "1")
    tagged = tmp_path / "lang.mkv"
    run_plain("-i", clips["one.mkv"], "-c", "copy", "-metadata:s:v", "language=pt-BR", tagged, ffmpeg=ffmpeg)
    run_bridge("-i", tagged, "-vf", "realbasicvsr", "-c:v", "ffv1", tmp_path / "o.mkv", ffmpeg=ffmpeg)
