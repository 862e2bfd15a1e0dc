"""Segments spread over processes and over a Ray cluster: the same file, whatever becomes of the workers."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from tests.job.openers import BAD, MARK, open_deadly, open_dying, open_failing
from vsrealbasicvsr.engine import open_restorer
from vsrealbasicvsr.errors import JobError, SettingsError
from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.job.fingerprint import fingerprint
from vsrealbasicvsr.job.progress import Progress, Tracker
from vsrealbasicvsr.job.segments.scan import Scan
from vsrealbasicvsr.job.spec import Order, make_order
from vsrealbasicvsr.job.store.record import Record
from vsrealbasicvsr.job.workers.processes import Processes
from vsrealbasicvsr.job.workers.ray import Cluster
from vsrealbasicvsr.job.workers.scheduler import TRIES, Crew, spread
from vsrealbasicvsr.job.workers.worker import OpenRestorer
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import open_source
from vsrealbasicvsr.video.write.encoders import Encoding

DELIVERY = Delivery(encoding=Encoding(encoder="x264"), segment_length=8)
FRAMES = 40


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., None]) -> Path:
    """Five shots of eight frames, with B-frames and few key pictures."""
    path = tmp_path_factory.mktemp("spread") / "in.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=1.6"),
        *("-vf", "hue=h='trunc(n/8)*67':b='mod(trunc(n/8),2)*4-2'"),
        *("-c:v", "libx264", "-g", "30", "-pix_fmt", "yuv420p", path),
    )
    return path


@pytest.fixture(scope="module")
def settings(tiny_model: Path) -> Settings:
    return Settings(model=str(tiny_model), device="cpu", window=4, margin=2, max_passes=1)


@pytest.fixture(scope="module")
def expected(source: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The pictures of one process."""
    target = tmp_path_factory.mktemp("expected") / "out.mkv"
    restore_file(source, target, settings, delivery=DELIVERY)
    return pictures(target)


def pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [picture.to_ndarray().tobytes() for picture in container.decode(video=0)]


class Job:
    """A job whose segments a crew makes; `restore_file` joins them afterwards."""

    def __init__(self, source: Path, target: Path, settings: Settings) -> None:
        self.source, self.target, self.settings = source, target, settings

    def spread(self, crew_of: Callable[[Order], Crew], on_progress: Callable[[Progress], None]) -> Scan:
        with Order.open_source(self.order()) as reader:
            order = self.order()
            record = self.record()
            crew = crew_of(order)
            try:
                tracker = Tracker(record, reader.info.frames, on_progress)
                return spread(order, reader, None, record, tracker, crew)
            finally:
                crew.close()

    def order(self) -> Order:
        with open_source(self.source) as reader:
            return make_order(reader.info, self.target, self.settings, DELIVERY)

    def record(self) -> Record:
        folder = self.order().folder()
        folder.path.mkdir(exist_ok=True)
        record = Record(folder)
        if record.fingerprint is None:
            record.begin(fingerprint(self.order()), FRAMES)
        return record


@pytest.fixture
def job(source: Path, settings: Settings, tmp_path: Path) -> Job:
    return Job(source, tmp_path / "out.mkv", settings)


def two_processes(opener: OpenRestorer) -> Callable[[Order], Crew]:
    return lambda order: Processes(order, ["cpu", "cpu"], opener)


@pytest.fixture(scope="module", autouse=True)
def one_thread_each() -> Iterator[None]:
    """A worker takes its share of the cores; the expected pictures are those of one thread."""
    count = os.cpu_count
    os.cpu_count = lambda: 2
    yield
    os.cpu_count = count


def test_workers_make_the_same_file(
    source: Path, settings: Settings, tmp_path: Path, expected: list[bytes]
) -> None:
    seen: list[Progress] = []
    report = restore_file(
        source, tmp_path / "out.mkv", settings, delivery=DELIVERY, on_progress=seen.append, workers=2
    )
    assert (report.frames, report.resumed, report.cuts) == (FRAMES, 0, (8, 16, 24, 32))
    assert pictures(tmp_path / "out.mkv") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["out.mkv"]
    assert seen[-1].frames == FRAMES
    assert any("1 (cpu) 8-15" in progress.workers for progress in seen)


def test_a_poison_segment_is_told_and_the_rest_is_finished(job: Job, expected: list[bytes]) -> None:
    with pytest.raises(JobError, match=f"frames {BAD} to 23 failed {TRIES} times each") as caught:
        job.spread(two_processes(open_failing), lambda _: None)
    assert "\n" not in str(caught.value)
    record = job.record()
    assert sorted(record.done) == [0, 8, 24, 32]
    assert [(f.start, f.error) for f in record.failures] == [(BAD, "the picture is poison")] * TRIES
    assert restore_file(job.source, job.target, job.settings, delivery=DELIVERY).resumed == FRAMES - 8
    assert pictures(job.target) == expected


def test_a_worker_that_dies_is_replaced(
    job: Job, expected: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    job.spread(two_processes(open_dying), lambda _: None)
    assert (tmp_path / "mark").exists()
    record = job.record()
    assert sorted(record.done) == [0, 8, 16, 24, 32]
    assert [failure.start for failure in record.failures] == [BAD]
    restore_file(job.source, job.target, job.settings, delivery=DELIVERY)
    assert pictures(job.target) == expected


def test_a_segment_that_kills_its_workers_is_given_up(job: Job) -> None:
    with pytest.raises(JobError, match=f"frames {BAD} to 23 failed"):
        job.spread(two_processes(open_deadly), lambda _: None)
    assert sorted(job.record().done) == [0, 8, 24, 32]


def test_a_device_that_is_not_there_ends_the_job_at_once(job: Job) -> None:
    with pytest.raises(SettingsError, match="cuda"):
        job.spread(lambda order: Processes(order, ["cuda:7"], open_restorer), lambda _: None)
    assert job.record().done == {}


def test_an_interrupt_ends_the_workers(job: Job) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.frames:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job.spread(two_processes(open_restorer), interrupt)
    assert job.record().done
    deadline = time.monotonic() + 20
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_a_ray_cluster_makes_the_same_file_though_a_worker_dies(
    job: Job, expected: list[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(MARK, str(tmp_path / "mark"))
    job.spread(lambda order: Cluster(order, "local", 2, open_dying), lambda _: None)
    assert (tmp_path / "mark").exists()
    record = job.record()
    assert sorted(record.done) == [0, 8, 16, 24, 32]
    assert len({done.worker for done in record.done.values()}) >= 2
    restore_file(job.source, job.target, job.settings, delivery=DELIVERY)
    assert pictures(job.target) == expected


def test_a_cluster_that_is_not_there_is_one_sentence(job: Job) -> None:
    with pytest.raises(JobError, match="there is no Ray cluster at") as caught:
        Cluster(job.order(), "127.0.0.1:1", 2, open_restorer)
    assert "\n" not in str(caught.value)
