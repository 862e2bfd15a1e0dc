"""A Ray cluster's workers, of which one is killed."""

from __future__ import annotations

import importlib.util
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from vsrealbasicvsr.benchmark.jobs import Sleeper
from vsrealbasicvsr.job import Delivery
from vsrealbasicvsr.job.cluster import Cluster
from vsrealbasicvsr.job.order import make_order
from vsrealbasicvsr.job.scan import Scan
from vsrealbasicvsr.job.shots import frames_with_cuts
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.encoders import Encoding
from vsrealbasicvsr.video.source import open_source

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")


def test_a_worker_that_was_killed_is_replaced_at_once(clip: Path, tmp_path: Path) -> None:
    settings = Settings(device="cpu", window=4, margin=1)
    delivery = Delivery(encoding=Encoding(encoder="ffv1"), segment_length=4)
    with open_source(clip) as source:
        order = make_order(source.info, tmp_path / "out.mkv", settings, delivery)
        scan = Scan(source, frames_with_cuts(source, ()), order.rule(), settings.margin)
        first, second, *_ = scan.assignments()
    order.folder().path.mkdir()
    with closing(Cluster(order, "local", 1, Sleeper(0.2))) as crew:
        done = crew.give(0, first).result(60)
        running = crew.give(0, second)
        os.kill(int(done.worker.rpartition(":")[2]), signal.SIGKILL)
        assert running.exception(60) is not None
        again = crew.give(0, second).result(60)
    assert again.segment == second.segment
    assert again.worker != done.worker
    assert order.folder().segment(second.segment.start).exists()
