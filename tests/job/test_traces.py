"""What a finished job leaves: a note in the file of how it was made, and each frame's figures beside it."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.compare.pages import data_of
from tests.job.test_restore import FFV1, pictures, rgb, settings
from vsrealbasicvsr import __version__
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.job.figures import figures_path
from vsrealbasicvsr.job.note import note, settings_in
from vsrealbasicvsr.settings import Settings

TAGS = {".mkv": "VSREALBASICVSR", ".mp4": "encoder", ".mov": "comment"}
X264 = Delivery(scale=2)


def tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return dict(container.metadata)


@pytest.mark.parametrize("extension", TAGS)
def test_a_file_says_how_it_was_made(clip: Path, tiny_model: Path, tmp_path: Path, extension: str) -> None:
    output = tmp_path / f"out{extension}"
    choice = settings(tiny_model, refine=2.5, window=6, acceleration="off")
    restore_file(clip, output, choice, delivery=X264)
    words = (
        f"vsrealbasicvsr {__version__} --model tiny.safetensors --window 6 --refine 2.5 --max-passes 3 "
        "--cuts none --scale 2"
    )
    assert tags(output)[TAGS[extension]] == words
    source = compare([clip, output], Choices(count=1))
    assert data_of(source.text)["sources"][1]["settings"] == {
        "version": __version__, "model": "tiny.safetensors", "window": "6", "refine": "2.5",
        "max-passes": "3", "cuts": "none", "scale": "2",
    }  # fmt: skip


@pytest.mark.parametrize("extension", TAGS)
def test_the_source_keeps_its_comment(ffmpeg, clip, tiny_model, tmp_path, extension: str) -> None:
    source = tmp_path / "commented.mkv"
    ffmpeg("-i", clip, "-c", "copy", "-metadata", "comment=of the source", source)
    restore_file(source, tmp_path / f"out{extension}", settings(tiny_model))
    found = tags(tmp_path / f"out{extension}")
    assert found.get("comment", found.get("COMMENT")) == "of the source"
    assert bool(settings_in(found)) == (extension != ".mov")


@pytest.mark.parametrize("extension", TAGS)
def test_a_note_of_an_earlier_restoration_is_replaced(clip, tiny_model, tmp_path, extension: str) -> None:
    first, second = tmp_path / f"first{extension}", tmp_path / f"second{extension}"
    restore_file(clip, first, settings(tiny_model, refine=3.0), delivery=Delivery(scale=1))
    restore_file(first, second, settings(tiny_model, refine=4.0), delivery=Delivery(scale=1))
    assert settings_in(tags(second))["refine"] == "4"
    assert sum(text.startswith("vsrealbasicvsr") for text in tags(second).values()) == 1


def test_a_note_is_a_command_line_without_folders() -> None:
    written = note(
        Settings(model="/home/me/my weights.pth", cuts="/home/me/cuts.txt", max_passes=1),
        Delivery(size=(640, 480), light="linear", rate=Fraction(24000, 1001)),
    )
    assert written == (
        f"vsrealbasicvsr {__version__} --model 'my weights.pth' --max-passes 1 --cuts cuts.txt "
        "--size 640x480 --light linear --rate 24000/1001"
    )
    assert settings_in({"title": "x", "comment": written})["model"] == "my weights.pth"
    assert settings_in({"title": "vsrealbasicvsr's own", "comment": "it's"}) == {}
    assert settings_in({"comment": "vsrealbasicvsr 'cut short"}) == {}


def test_a_note_rounds_nothing() -> None:
    written = note(Settings(strength=0.1234567), Delivery(scale=1.3333333333))
    assert settings_in({"comment": written})["strength"] == "0.1234567"
    assert settings_in({"comment": written})["scale"] == "1.3333333333"


def test_figures_are_those_of_the_engine_and_are_plotted(clip, tiny_model, tmp_path: Path) -> None:
    choice = settings(tiny_model, window=3, margin=2, refine=0.0)
    expected = []
    restorer = Restorer(settings=choice)
    list(restorer.stream(rgb(pictures(clip)), on_cleaned=lambda _, one: expected.append(one)))
    output = tmp_path / "out.mkv"
    restore_file(clip, output, choice, delivery=replace(FFV1, figures=True, segment_length=4))
    with (tmp_path / "out.mkv.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [int(line["frame"]) for line in lines] == list(range(10))
    assert [float(line["seconds"]) for line in lines] == pytest.approx([n / 25 for n in range(10)], abs=1e-3)
    assert [int(line["passes"]) for line in lines] == [one.passes for one in expected] == [3] * 10
    residues = [one.residue for one in expected]
    assert [float(line["residue"]) for line in lines] == pytest.approx(residues, abs=1e-3)
    data = data_of(compare([clip, output], Choices(frames=(2, 7))).text)
    assert data["curve"]["series"]["passes"] == [None, [3] * 10]
    assert data["curve"]["series"]["residue"][1] == pytest.approx(residues, abs=2e-3)
    assert [shown["passes"] for shown in data["moments"][0]["shown"]] == [None, 3]


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("a/out.mkv", "a/out.mkv.csv"),
        ("frames/", "frames.csv"),
        ("frames/%06d.png", "frames.csv"),
        (".", "{here}.csv"),
        ("%d.png", "{here}.csv"),
        ("..", "{above}.csv"),
    ],
)
def test_figures_lie_beside_the_output(output, path, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert figures_path(Path(output)) == Path(path.format(here=tmp_path, above=tmp_path.parent))


def test_figures_of_frames_lie_beside_their_folder(clip, tiny_model, tmp_path: Path) -> None:
    restore_file(clip, tmp_path / "frames", settings(tiny_model), delivery=Delivery(figures=True))
    assert len((tmp_path / "frames.csv").read_text().splitlines()) == 11
    data = data_of(compare([clip, tmp_path / "frames"], Choices(count=1)).text)
    assert data["curve"]["series"]["passes"][0] is None
    assert len(data["curve"]["series"]["passes"][1]) == 10


def test_figures_of_an_older_file_are_not_taken_for_the_new_ones(clip, tiny_model, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    restore_file(clip, output, settings(tiny_model, refine=0.0), delivery=Delivery(figures=True))
    assert (tmp_path / "out.mkv.csv").is_file()
    restore_file(clip, output, settings(tiny_model, refine=255.0), delivery=Delivery(overwrite=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mkv"]


@pytest.mark.parametrize("output", [".", "%03d.png", "inner/.."])
def test_figures_of_frames_in_the_current_folder(
    clip, tiny_model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    (tmp_path / "here" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    restore_file(clip, output, settings(tiny_model), delivery=Delivery(figures=True))
    assert len((tmp_path / "here.csv").read_text().splitlines()) == 11


def test_figures_replace_nothing_of_others(clip, tiny_model, tmp_path: Path) -> None:
    output, mine = tmp_path / "out.mkv", tmp_path / "out.mkv.csv"
    mine.write_text("name,price\ntea,2\n")
    wanted = Delivery(figures=True, overwrite=True)
    with pytest.raises(JobError, match="is not a restoration's figures"):
        restore_file(clip, output, settings(tiny_model), delivery=wanted)
    restore_file(clip, output, settings(tiny_model))
    assert "passes" not in data_of(compare([clip, output], Choices(count=1)).text)["curve"]["series"]
    assert mine.read_text() == "name,price\ntea,2\n"
    mine.write_text("frame,seconds,passes,residue\n0,0.000,one,1\n")
    with pytest.raises(JobError, match=r"out\.mkv\.csv is damaged"):
        compare([clip, output], Choices(count=1))
    restore_file(clip, output, settings(tiny_model), delivery=wanted)
    assert len(mine.read_text().splitlines()) == 11
