"""The journal: what was added comes back, and what is broken is no entry."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job.store.journal import Journal


def filled(path: Path, count: int = 3) -> Journal:
    journal = Journal(path)
    for n in range(count):
        journal.add("segment", start=n, times=[[n, None]])
    return journal


def starts(journal: Journal) -> list[int]:
    return [entry["start"] for entry in journal.news()]


def test_entries_come_back_once_and_in_order(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal.jsonl")
    assert starts(journal) == [0, 1, 2]
    assert starts(journal) == []
    Journal(tmp_path / "journal.jsonl").add("segment", start=7)
    assert starts(journal) == [7]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_last_line_is_ignored_and_does_not_spoil_the_next(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.jsonl"
    filled(path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert starts(Journal(path)) == [0, 1]
    Journal(path).add("segment", start=9)
    expected = [0, 1, 2, 9] if cut == 1 else [0, 1, 9]  # without its line's end alone, an entry is whole
    assert starts(Journal(path)) == expected


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    filled(path)
    data = path.read_bytes()
    middle = range(data.index(b"\n") + 1, data.rindex(b"\n", 0, -1))
    for place in middle:
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert starts(Journal(path)) == [0, 2], bytes(changed)


def test_lines_are_json(tmp_path: Path) -> None:
    filled(tmp_path / "journal.jsonl", 1)
    line = json.loads((tmp_path / "journal.jsonl").read_text())
    assert (line["kind"], line["start"], line["times"]) == ("segment", 0, [[0, None]])


def test_a_folder_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot write"):
        Journal(tmp_path).add("segment")
    with pytest.raises(JobError, match="cannot read"):
        list(Journal(tmp_path).news())


def test_who_writes_for_a_job_that_was_begun_anew_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    old = filled(path, 1)
    assert starts(old) == [0]
    path.unlink()
    with pytest.raises(JobError, match="cannot write"):
        old.add("segment", start=1)
    Journal(path).add("job", id="another", facts="of sixty-four bytes and more, so that they fill the head")
    for use in (lambda: old.add("segment", start=1), lambda: list(old.news())):
        with pytest.raises(JobError, match="begun anew"):
            use()
    assert [entry["kind"] for entry in Journal(path).news()] == ["job"]
