"""The figures of the house follow a frame from the call to the written picture."""

from __future__ import annotations

from benchmarks.house import ROOT, figures


def test_a_frame_is_followed_from_end_to_end() -> None:
    measured = figures(ROOT)
    files = measured["these files"]
    assert {"job/restore.py", "video/read/source.py", "engine/steps.py", "network/spynet.py"} <= set(files)
    assert {"pipeline.py", "job/workers/writer.py", "video/write/sink.py"} <= set(files)
    assert measured["files from restore_file to the written picture"] == len(files) <= 23
    assert measured["bytes of README"] == (ROOT / "README.md").stat().st_size
