from __future__ import annotations

from pathlib import Path

import pytest

from vsrealbasicvsr.cuts import read_cuts, write_cuts
from vsrealbasicvsr.errors import VideoError


def test_a_file_of_cuts_comes_back(tmp_path: Path) -> None:
    write_cuts(tmp_path / "cuts.txt", [30, 4, 30])
    assert read_cuts(tmp_path / "cuts.txt") == {4, 30}
    assert [path.name for path in tmp_path.iterdir()] == ["cuts.txt"]


def test_comments_blank_lines_and_other_line_ends_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes(b"\xef\xbb\xbf# shots\r\n\r\n12 # the door\r\n  7\r\n0\r\n")
    assert read_cuts(tmp_path / "c.txt") == {0, 7, 12}
    (tmp_path / "c.txt").touch()
    (tmp_path / "empty.txt").touch()
    assert read_cuts(tmp_path / "empty.txt") == frozenset()


@pytest.mark.parametrize("word", ["-3", "1.5", "12 13", "twelve", "١٢", "9" * 5000])
def test_what_is_no_frame_number_is_refused_with_its_line(tmp_path: Path, word: str) -> None:
    (tmp_path / "c.txt").write_text(f"# cuts\n5\n{word}\n", encoding="utf-8")
    with pytest.raises(VideoError, match=r"c\.txt, line 3: .* is not a frame number") as caught:
        read_cuts(tmp_path / "c.txt")
    assert len(str(caught.value)) < 300


def test_files_that_cannot_be_read_or_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"cannot read cuts from .*No such file"):
        read_cuts(tmp_path / "none.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(VideoError, match="not a text file"):
        read_cuts(tmp_path / "binary")
    with pytest.raises(VideoError, match="cannot write cuts to"):
        write_cuts(tmp_path / "no" / "cuts.txt", [1])
