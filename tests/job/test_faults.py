"""What goes wrong while a job runs or between its runs: it is told in a sentence, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from filelock import FileLock

from vsrealbasicvsr.errors import JobError, RestorationError, VideoError
from vsrealbasicvsr.job import Delivery, Progress, Report, restore_file
from vsrealbasicvsr.job.status import discard, find_damage, read_status
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.journal import Journal
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding

FFV1 = Delivery(encoding=Encoding(encoder="ffv1", pixel_format="gbrp10le"), segment_length=8)
FRAMES = 40


class Case:
    """A clip of five shots of eight frames, and what becomes of it undisturbed."""

    def __init__(self, folder: Path, model: Path, ffmpeg: Callable[..., None]) -> None:
        self.source, self.model = folder / "in.mkv", model
        ffmpeg(
            *("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=1.6"),
            *("-vf", "hue=h='trunc(n/8)*67':b='mod(trunc(n/8),2)*4-2'"),
            *("-c:v", "libx264", "-pix_fmt", "yuv420p", self.source),
        )
        self.restore(folder / "whole.mkv")
        self.expected = pictures(folder / "whole.mkv")
        assert len(self.expected) == FRAMES

    def restore(
        self,
        target: Path,
        *,
        stop_at: int | None = None,
        delivery: Delivery = FFV1,
        settings: dict[str, object] | None = None,
        **options: object,
    ) -> Report:
        def stop(progress: Progress) -> None:
            if stop_at is not None and progress.frames >= stop_at:
                raise KeyboardInterrupt

        values = {"model": str(self.model), "device": "cpu", "window": 4, "margin": 2, "max_passes": 1}
        choice = Settings.from_mapping({**values, **(settings or {})})
        return restore_file(self.source, target, choice, delivery=delivery, on_progress=stop, **options)  # type: ignore[arg-type] # as given

    def interrupted(self, target: Path, stop_at: int = 22) -> Path:
        """A job with two segments done; its folder."""
        with pytest.raises(KeyboardInterrupt):
            self.restore(target, stop_at=stop_at)
        return target.with_name(f"{target.name}.parts")

    def goes_on(self, target: Path, resumed: int) -> None:
        """The same call ends with the same pictures."""
        assert self.restore(target).resumed == resumed
        assert pictures(target) == self.expected
        assert not target.with_name(f"{target.name}.parts").exists()


def pictures(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(picture.pts, picture.to_ndarray().tobytes()) for picture in container.decode(video=0)]


def command(
    case: Case,
    target: Path,
    *options: str,
    encoder: tuple[str, ...] = ("--encoder", "ffv1", "--pixel-format", "gbrp10le"),
) -> list[str]:
    return [
        *(sys.executable, "-m", "vsrealbasicvsr.cli", "restore", str(case.source), str(target)),
        *("--model", str(case.model), "--device", "cpu", "--window", "4", "--margin", "2"),
        *("--max-passes", "1", "--segment-length", "8", *encoder, *options),
    ]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, ffmpeg: Callable[..., None]) -> Case:
    return Case(tmp_path_factory.mktemp("case"), tiny_model, ffmpeg)


def test_segments_make_the_same_pictures_as_one(case: Case, tmp_path: Path) -> None:
    case.restore(tmp_path / "out.mkv", delivery=replace(FFV1, segment_length=1000))
    assert pictures(tmp_path / "out.mkv") == case.expected


def test_long_shots_are_cut_on_the_grid_without_a_trace(case: Case, tmp_path: Path) -> None:
    none = {"cuts": "none", "window": 5, "margin": 7}
    case.restore(tmp_path / "one.mkv", delivery=replace(FFV1, segment_length=1000), settings=none)
    for length in (1, 11):
        out = tmp_path / f"{length}.mkv"
        case.restore(out, delivery=replace(FFV1, segment_length=length), settings=none)
        assert pictures(out) == pictures(tmp_path / "one.mkv")


@pytest.mark.parametrize("where", ["encoding", "joining"])
def test_a_full_disk_stops_the_job_and_it_goes_on(case: Case, tmp_path: Path, where: str) -> None:
    """A limit of the size of files: the system refuses in the same way."""
    target = tmp_path / "out.mkv"
    folder = case.interrupted(target)
    largest = max(path.stat().st_size for path in folder.glob("*.mkv"))
    limit = largest // 2 if where == "encoding" else 2 * largest

    def set_limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        command(case, target, "--quiet"), stderr=subprocess.PIPE, text=True, check=False, preexec_fn=set_limit
    )
    assert done.returncode == 1
    assert "disk full" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv.parts"]
    case.goes_on(target, 16 if where == "encoding" else FRAMES)


def test_a_journal_that_cannot_be_written_stops_the_job_and_it_goes_on(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, write = tmp_path / "out.mkv", os.write
    folder = case.interrupted(target)

    def full(descriptor: int, data: bytes) -> int:
        if b'"segment"' not in data:
            return write(descriptor, data)
        write(descriptor, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JobError, match=r"cannot write .*journal.jsonl: No space left"):
            case.restore(target)
    assert read_status(target).frames == 16
    assert folder.exists()
    case.goes_on(target, 16)


def test_a_folder_that_cannot_be_made_is_told_at_once(case: Case, tmp_path: Path) -> None:
    (tmp_path / "out.mkv.parts").write_text("in the way")
    with pytest.raises(JobError, match=r"cannot make the folder .*out.mkv.parts"):
        case.restore(tmp_path / "out.mkv")
    assert (tmp_path / "out.mkv.parts").read_text() == "in the way"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write in any folder")
def test_a_read_only_folder_is_told_at_once(case: Case, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(VideoError, match="cannot write in"):
        case.restore(tmp_path / "out.mkv")
    tmp_path.chmod(0o700)


def test_a_source_that_changed_is_noticed(case: Case, tmp_path: Path) -> None:
    moved = Case.__new__(Case)
    moved.source, moved.model, moved.expected = tmp_path / "in.mkv", case.model, case.expected
    shutil.copy(case.source, moved.source)
    folder = moved.interrupted(tmp_path / "out.mkv")
    before = sorted(path.name for path in folder.iterdir())
    os.utime(moved.source, (1, 1))
    with pytest.raises(JobError, match=r"differs from this one in: source \(was .* is .*--restart") as caught:
        moved.restore(tmp_path / "out.mkv")
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert moved.restore(tmp_path / "out.mkv", restart=True).resumed == 0
    assert pictures(tmp_path / "out.mkv") == case.expected


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"settings": {"window": 8}}, r"setting window \(was 4, is 8\)"),
        ({"settings": {"cuts": "none"}}, r"cuts \(was auto, is none\)"),
        ({"delivery": replace(FFV1, scale=2)}, r"size \(was 192x128, is 96x64\)"),
        ({"delivery": replace(FFV1, encoding=Encoding(encoder="x264"))}, r"encoder \(was ffv1, is libx264\)"),
        ({"delivery": replace(FFV1, segment_length=9)}, r"segment length \(was 8, is 9\)"),
    ],
)
def test_other_settings_are_noticed_and_named(
    case: Case, tmp_path: Path, changes: dict[str, object], name: str
) -> None:
    case.interrupted(tmp_path / "out.mkv")
    with pytest.raises(JobError, match=name):
        case.restore(tmp_path / "out.mkv", **changes)  # type: ignore[arg-type] # of several kinds
    case.goes_on(tmp_path / "out.mkv", 16)


def test_where_the_network_runs_may_change(case: Case, tmp_path: Path) -> None:
    case.interrupted(tmp_path / "out.mkv")
    report = case.restore(tmp_path / "out.mkv", settings={"device": "cpu,cpu", "memory": "2GB"})
    assert (report.frames, report.resumed) == (FRAMES, 16)


def test_other_weights_are_noticed(case: Case, tmp_path: Path, identity_model: Path) -> None:
    case.interrupted(tmp_path / "out.mkv")
    with pytest.raises(JobError, match=r"weights \(was"):
        case.restore(tmp_path / "out.mkv", settings={"model": str(identity_model)})


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [
        flip,
        Path.unlink,
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: os.truncate(path, 0),
    ],
    ids=["a bit", "missing", "cut short", "empty"],
)
def test_a_spoilt_segment_is_made_again(
    case: Case, tmp_path: Path, spoil: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    target = tmp_path / "out.mkv"
    folder = case.interrupted(target)
    spoil(folder / "00000008.mkv")
    assert len(find_damage(target)[1]) == 1
    case.restore(target)
    assert "00000008.mkv" in caplog.text
    assert pictures(target) == case.expected


@pytest.mark.parametrize("seed", range(6))
def test_a_spoilt_journal_costs_no_more_than_its_segments(case: Case, tmp_path: Path, seed: int) -> None:
    target, chance = tmp_path / "out.mkv", random.Random(seed)
    folder = case.interrupted(target)
    journal = folder / "journal.jsonl"
    before = journal.read_bytes()
    data = bytearray(before)
    for _ in range(3):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if seed % 2:
        data = data[: -chance.randint(1, 40)]
    journal.write_bytes(data)
    job, *others = [line in data.splitlines() for line in before.splitlines() if b'"run"' not in line]
    case.goes_on(target, 8 * sum(others) if job else 0)


def test_a_journal_of_noise_begins_anew(case: Case, tmp_path: Path) -> None:
    folder = case.interrupted(tmp_path / "out.mkv")
    (folder / "journal.jsonl").write_bytes(random.Random(1).randbytes(5000))
    case.goes_on(tmp_path / "out.mkv", 0)


def test_a_clock_that_jumps_changes_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, now = tmp_path / "out.mkv", time.time
    case.interrupted(target)
    for offset in (-1e9, 1e9):
        monkeypatch.setattr(time, "time", lambda offset=offset: now() + offset)
        with pytest.raises(KeyboardInterrupt):
            case.restore(target, stop_at=read_status(target).frames + 8)
        rate = read_status(target).rate
        assert rate is None or rate > 0
    case.goes_on(target, read_status(target).frames)


def test_a_failure_is_kept_for_whoever_asks(case: Case, tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        if progress.frames == 20:
            raise RestorationError("the device is gone")

    settings = Settings(model=str(case.model), device="cpu", window=4, margin=2, max_passes=1)
    with pytest.raises(RestorationError, match="the device is gone"):
        restore_file(case.source, tmp_path / "out.mkv", settings, delivery=FFV1, on_progress=fail)
    status = read_status(tmp_path / "out.mkv")
    assert [(failure.start, failure.error) for failure in status.failures] == [(16, "the device is gone")]
    case.goes_on(tmp_path / "out.mkv", 16)


def test_the_output_is_not_put_over_a_file_that_appeared(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"

    def appear(progress: Progress) -> None:
        if progress.frames == 30:
            target.write_text("mine")

    settings = Settings(model=str(case.model), device="cpu", window=4, margin=2, max_passes=1)
    with pytest.raises(RestorationError, match="has appeared meanwhile"):
        restore_file(case.source, target, settings, delivery=FFV1, on_progress=appear)
    assert target.read_text() == "mine"
    with pytest.raises(RestorationError, match="exists"):
        case.restore(target)
    assert target.read_text() == "mine"
    target.unlink()
    case.goes_on(target, FRAMES)


@pytest.mark.parametrize("moved", [0, 1, 23, FRAMES])
def test_frames_are_moved_in_spite_of_a_kill(case: Case, tmp_path: Path, moved: int) -> None:
    png = Delivery(segment_length=8)
    case.restore(tmp_path / "whole", delivery=png)
    expected = [path.read_bytes() for path in sorted((tmp_path / "whole").iterdir())]
    assert len(expected) == FRAMES

    # The frames get their names in the segments' folders first.
    site, call = (
        ("a file gets its name", FRAMES + moved + 1) if moved < FRAMES else ("the folder is removed", 1)
    )
    words = command(case, tmp_path / "out", encoder=())[3:]
    done = subprocess.run([sys.executable, "-m", "tests.job.deadly", site, str(call), *words], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len([path for path in (tmp_path / "out").iterdir() if "partial" not in path.name]) == moved
    assert find_damage(tmp_path / "out") == (5, [])
    case.restore(tmp_path / "out", delivery=png)
    assert [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())] == expected
    assert not (tmp_path / "out.parts").exists()


def test_a_look_at_the_lock_stops_nobody_from_leading(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "out.mkv")
    with folder.led():
        pass
    glance = FileLock(folder.path / "lead.lock", thread_local=False)
    glance.acquire()
    release = threading.Timer(0.2, glance.release)
    release.start()
    with folder.led():
        assert folder.is_led
    release.join()


def test_a_second_process_is_refused_or_helps(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    with subprocess.Popen(
        command(case, target, "--progress", "json"), stderr=subprocess.PIPE, text=True
    ) as leader:
        assert leader.stderr
        line = next(line for line in leader.stderr if '"frames": 2,' in line)
        leader.send_signal(signal.SIGSTOP)  # so that there is something left to help with
        assert read_status(target).running
        second = subprocess.run(command(case, target), capture_output=True, text=True, check=False)
        assert second.returncode == 1
        assert "in use by another process" in second.stderr
        assert second.stderr.count("\n") == 1
        helper = subprocess.run(command(case, target, "--join"), capture_output=True, text=True, check=False)
        assert helper.returncode == 0, helper.stderr
        helped = read_status(target).frames
        assert 16 <= helped < FRAMES  # all but what the leader had begun with
        leader.send_signal(signal.SIGCONT)
        rest = leader.stderr.read()
        assert leader.wait(60) == 0, line + rest
    assert pictures(target) == case.expected


def test_there_must_be_a_job_to_help(case: Case, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="there is no job to join"):
        case.restore(tmp_path / "out.mkv", helping=True)
    assert list(tmp_path.iterdir()) == []


def test_the_journal_is_lines_that_people_can_read(case: Case, tmp_path: Path) -> None:
    folder = case.interrupted(tmp_path / "out.mkv")
    entries = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    assert [entry["kind"] for entry in entries] == ["job", "run", "segment", "segment"]
    assert [(entry["start"], entry["stop"]) for entry in entries[2:]] == [(0, 8), (8, 16)]


def test_what_a_helper_made_is_kept_when_the_leader_has_nothing_yet(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    with subprocess.Popen(command(case, target, "--quiet"), stderr=subprocess.PIPE, text=True) as leader:
        first = tmp_path / "out.mkv.parts" / "00000000.lock"
        while not first.exists():
            time.sleep(0.01)
        leader.send_signal(signal.SIGSTOP)
        subprocess.run(command(case, target, "--join", "--quiet"), check=True)
        made = read_status(target).frames
        leader.send_signal(signal.SIGTERM)
        leader.send_signal(signal.SIGCONT)
        assert leader.wait(60) == 143
    assert made >= 8
    case.goes_on(target, read_status(target).frames)


def test_nothing_is_discarded_while_somebody_helps(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    folder = case.interrupted(target)
    with FileLock(folder / "00000024.lock"):
        for act in (lambda: case.restore(target, restart=True), lambda: discard(target)):
            with pytest.raises(JobError, match="another process makes segments"):
                act()
    case.goes_on(target, 16)


def test_entries_of_another_version_are_made_again(case: Case, tmp_path: Path) -> None:
    target = tmp_path / "out.mkv"
    journal = Journal(case.interrupted(target) / "journal.jsonl")
    journal.add("segment", start=8, stop=16, colour="of the future")
    assert read_status(target).frames == 16
    case.goes_on(target, 16)


def test_a_folder_of_that_name_that_is_not_ours_is_left_alone(case: Case, tmp_path: Path) -> None:
    theirs = tmp_path / "out.mkv.parts" / "precious.txt"
    theirs.parent.mkdir()
    theirs.write_text("mine")
    for restart in (False, True):
        with pytest.raises(JobError, match="holds files that are not a job's"):
            case.restore(tmp_path / "out.mkv", restart=restart)
    assert theirs.read_text() == "mine"


def test_cuts_that_cannot_be_written_at_last_keep_the_job(case: Case, tmp_path: Path) -> None:
    target, cuts = tmp_path / "out.mkv", tmp_path / "cuts.txt"
    cuts.mkdir()
    with pytest.raises(VideoError, match="cannot write cuts"):
        case.restore(target, delivery=replace(FFV1, cuts_out=cuts))
    cuts.rmdir()
    report = case.restore(target, delivery=replace(FFV1, cuts_out=cuts))
    assert report.resumed == FRAMES
    assert cuts.read_text().split()[-4:] == ["8", "16", "24", "32"]
    assert pictures(target) == case.expected


def test_a_frame_that_was_lost_at_the_very_end_is_made_again(case: Case, tmp_path: Path) -> None:
    png, target = Delivery(segment_length=8), tmp_path / "out"
    words = command(case, target, encoder=())[3:]
    deadly = [sys.executable, "-m", "tests.job.deadly", "a file gets its name", str(FRAMES + 5), *words]
    assert subprocess.run(deadly, check=False).returncode == -signal.SIGKILL
    (tmp_path / "out.parts" / "00000016" / "000002.png").unlink()
    assert case.restore(target, delivery=png).frames == FRAMES
    assert len(list(target.iterdir())) == FRAMES
