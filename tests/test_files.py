"""Files appear whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.files import partial_path, replaced, write_text, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    with replaced(target, synced=True) as partial:
        assert partial.suffix == ".json"
        partial.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["report.json"]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), replaced(target) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert names(tmp_path) == ["report.json"]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    code = (
        "import sys, time; from pathlib import Path; from vsrealbasicvsr.files import replaced\n"
        "with replaced(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); print(flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    assert target.read_text() == "old"
    write_whole(target, b"new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["report.json"]


def test_two_processes_may_write_the_same_file(tmp_path: Path) -> None:
    target = tmp_path / "survey.json"
    code = (
        "import sys; from pathlib import Path; from vsrealbasicvsr.files import write_whole\n"
        "for _ in range(200): write_whole(Path(sys.argv[1]), sys.argv[2].encode() * 10_000, contested=True)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(target), letter]) for letter in "ab"]
    while any(writer.poll() is None for writer in writers):
        if target.exists():
            assert target.read_bytes() in (b"a" * 10_000, b"b" * 10_000)
        time.sleep(0.01)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert names(tmp_path) == ["survey.json"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "c.bin", b"\0")
    write_text(tmp_path / "d" / "e.txt", "ä\n")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"\0"
    assert (tmp_path / "d" / "e.txt").read_bytes() == "ä\n".encode()


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    write_text(pipe, "through\n")
    assert reader.communicate(timeout=10)[0] == "through\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match=r"file/report\.csv cannot be written: File exists\.$"):
        write_text(tmp_path / "file" / "report.csv", "")


def test_the_partial_name_keeps_the_extension() -> None:
    assert partial_path(Path("out/film.mkv")) == Path("out/film.partial.mkv")
