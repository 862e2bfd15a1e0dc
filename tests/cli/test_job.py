"""`vsrealbasicvsr job`: what people see of a restoration that was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vsrealbasicvsr.cli import main
from vsrealbasicvsr.job import Delivery, Progress, restore_file
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding

Job = Callable[..., Result]


@pytest.fixture
def target(clip: Path, tiny_model: Path, tmp_path: Path) -> Path:
    """A job of ten frames that was interrupted when eight of them were done, in segments of four."""

    def interrupt(progress: Progress) -> None:
        if progress.frames == 10:
            raise KeyboardInterrupt

    settings = Settings(model=str(tiny_model), device="cpu", window=2, margin=1, cuts="none", max_passes=2)
    delivery = Delivery(encoding=Encoding(encoder="ffv1"), segment_length=4)
    with pytest.raises(KeyboardInterrupt):
        restore_file(clip, tmp_path / "out.mkv", settings, delivery=delivery, on_progress=interrupt)
    return tmp_path / "out.mkv"


def job(*words: str | Path, answer: str = "") -> Result:
    return CliRunner().invoke(main, ["job", *map(str, words)], input=answer)


def test_status_tells_segments_and_sums(target: Path) -> None:
    result = job("status", target)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["0-3", "2.00"], ["4-7", "2.00"]]
    assert lines[-1].startswith(
        f"{target}.parts: stopped, 8 of 10 frames in 2 segments, 2.00 cleaning passes"
    )


def test_verify_tells_what_is_damaged(target: Path) -> None:
    result = job("verify", target)
    assert (result.exit_code, result.stdout) == (0, "2 of 2 segments whole\n")
    segment = target.with_name("out.mkv.parts") / "00000004.mkv"
    segment.write_bytes(segment.read_bytes()[:-1])
    result = job("verify", target)
    assert result.exit_code == 1
    assert "00000004.mkv has" in result.stdout
    assert result.stdout.endswith("1 of 2 segments whole\n")


def test_clean_asks_and_discards(target: Path) -> None:
    assert job("clean", target, answer="n\n").exit_code == 1
    assert target.with_name("out.mkv.parts").exists()
    result = job("clean", target, answer="y\n")
    assert result.exit_code == 0, result.output
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("words", [("status",), ("verify",), ("clean",), ("clean", "--yes")])
def test_no_job_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = job(words[0], tmp_path / "out.mkv", *words[1:])
    assert result.exit_code == 1
    assert "there is no job that makes" in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_is_done_is_told_from_none(clip: Path) -> None:
    result = job("status", clip)
    assert (result.exit_code, result.stdout) == (0, f"{clip} is there, and no job that makes it is left\n")
    for words in (("verify",), ("clean", "--yes")):
        result = job(words[0], clip, *words[1:])
        assert result.exit_code == 1
        assert "it is there, and no job is left" in result.stderr
