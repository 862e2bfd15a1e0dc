"""`vsrealbasicvsr plot`: what is read is what the journal and the tables say, and it is drawn."""

from __future__ import annotations

import math
import sys
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training.record import LOSSES, VALIDATION
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.job.figures import figures_path, write_figures
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.record import Done, Record
from vsrealbasicvsr.plot.job import frame_figures
from vsrealbasicvsr.plot.training import PANELS, read_table, running_mean

pytest.importorskip("matplotlib", reason="drawings need matplotlib")

SVG = "{http://www.w3.org/2000/svg}"


def plot(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["plot", *map(str, arguments)])


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def segment(start: int, passes: list[int], residues: list[float], seconds: float = 2.0) -> Done:
    return Done(
        start=start, stop=start + len(passes), times=[(n, 1) for n in range(len(passes))], passes=passes,
        residues=residues, bytes=1, sha256="", parameters="", lag=0, seconds=seconds, worker="w", at=1.0,
    )  # fmt: skip


DONE = (segment(0, [1, 2], [3.5, 4.0]), segment(2, [3], [1.0]), segment(7, [2, 2], [0.5, 0.25], seconds=0.0))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A stopped job of nine frames, of which frames 3 to 6 are missing."""
    folder = JobFolder(tmp_path / "out.mkv")
    folder.path.mkdir()
    record = Record(folder)
    record.begin({"source": "x"}, 9)
    for done in reversed(DONE):
        record.add(done)
    return tmp_path / "out.mkv"


def test_frames_keep_their_numbers_and_gaps_stay_gaps() -> None:
    numbers, passes, residues = frame_figures(DONE)
    nan = math.nan
    assert numbers == pytest.approx([0, 1, 2, 3, nan, 7, 8, 9, nan], nan_ok=True)
    assert passes == pytest.approx([1, 2, 3, 3, nan, 2, 2, 2, nan], nan_ok=True)
    assert residues == pytest.approx([3.5, 4.0, 1.0, 1.0, nan, 0.5, 0.25, 0.25, nan], nan_ok=True)


@pytest.mark.parametrize("name", ["out.mkv", "out.mkv.parts"])
def test_a_job_is_drawn(target: Path, name: str) -> None:
    drawing = target.with_name("new") / "passes.svg"
    result = plot(target.with_name(name), "-o", drawing)
    assert (result.exit_code, result.stderr) == (0, f"{drawing}: 5 frames of a job\n")
    tree = ET.parse(drawing)
    names = {element.get("id") for element in tree.iter(f"{SVG}g")}
    assert {"axes_1", "axes_2", "axes_3"} <= names
    assert "axes_4" not in names
    assert "out.mkv: 5 of 9 frames" in drawing.read_text(encoding="utf-8")


def test_pictures_of_pixels_are_drawn_too(target: Path) -> None:
    drawing = target.with_name("passes.png")
    assert plot(target, "-o", drawing).exit_code == 0
    assert drawing.read_bytes().startswith(b"\x89PNG")


def test_no_job_or_an_empty_one_is_one_sentence(tmp_path: Path) -> None:
    assert "there is no job that makes" in refused(plot(tmp_path / "out.mkv", "-o", tmp_path / "a.png"))
    folder = JobFolder(tmp_path / "out.mkv")
    folder.path.mkdir()
    Record(folder).begin({"source": "x"}, None)
    assert "wait for the first segment" in refused(plot(tmp_path / "out.mkv", "-o", tmp_path / "a.png"))
    assert not (tmp_path / "a.png").exists()


def test_a_drawing_of_no_known_kind_is_refused(target: Path) -> None:
    assert "cannot be drawn" in refused(plot(target, "-o", target.with_name("a.xyz")))


def test_every_column_drawn_is_one_that_training_writes() -> None:
    drawn = {column for panel in PANELS for column in panel.columns}
    assert drawn == {*LOSSES, *VALIDATION} - {"iteration", "clips"}


def losses(folder: Path, rows: int) -> Path:
    """A table as a stage without a discriminator writes it, its last line torn."""
    lines = [",".join(LOSSES)]
    for number in range(1, rows + 1):
        values = {"iteration": number, "pixel": 1 / number, "cleaning": 0.5, "learning_rate": 1e-4}
        lines.append(",".join(str(values.get(name, "")) for name in LOSSES))
    path = folder / "losses.csv"
    path.write_text("\n".join([*lines, f"{rows + 1},0.1"]), encoding="utf-8")
    return path


@pytest.mark.parametrize("rows", [3, 300])
def test_a_training_is_drawn_with_the_columns_that_hold_figures(tmp_path: Path, rows: int) -> None:
    table = losses(tmp_path, rows)
    for source in (table, tmp_path):
        result = plot(source, "-o", tmp_path / "a.svg")
        assert (result.exit_code, result.stderr) == (0, f"{tmp_path / 'a.svg'}: {rows} lines of a training\n")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "losses of the generator" in text
    assert "learning rate" in text
    assert "discriminator" not in text
    assert 'id="axes_2"' in text
    assert 'id="axes_3"' not in text


def test_a_table_is_read_cell_by_cell(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("iteration,psnr,lpips\r\n10,22.5,\r\n20,23,0.4\r\n30,2", encoding="utf-8")
    table = read_table(tmp_path / "v.csv")
    assert table["iteration"] == [10, 20]
    assert table["psnr"] == [22.5, 23]
    assert table["lpips"] == pytest.approx([math.nan, 0.4], nan_ok=True)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "no column `iteration`"), ("a,b\n1,2\n", "no column `iteration`"),
     ("iteration\n1\n", "nothing to draw"),
     ("iteration,psnr\n1,high\n", "could not convert")],
)  # fmt: skip
def test_tables_of_something_else_are_one_sentence(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    assert said in refused(plot(tmp_path / "a.csv", "-o", tmp_path / "a.png"))
    assert "cannot be read" in refused(plot(tmp_path / "absent.csv", "-o", tmp_path / "a.png"))


def test_a_running_mean_looks_back() -> None:
    assert running_mean([1.0, 3.0, math.nan, 5.0], 2) == [1.0, 2.0, 3.0, 5.0]


def test_without_matplotlib_there_is_one_sentence(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "run `pip install matplotlib`" in refused(plot(target, "-o", target.with_name("a.png")))


def test_a_film_that_is_done_is_drawn_from_its_figures(tmp_path: Path) -> None:
    output, drawing = tmp_path / "out.mkv", tmp_path / "out.svg"
    write_figures(output, DONE[:2], Fraction(1, 25), Fraction(0))
    for named in (output, figures_path(output)):
        result = plot(named, "-o", drawing)
        assert result.exit_code == 0, result.output
        assert "3 frames of a film" in result.stderr
        assert ET.parse(drawing).getroot().tag == f"{SVG}svg"
        drawing.unlink()
    figures_path(output).write_text("frame,seconds,passes,residue\n0,0,x,1\n")
    assert "is damaged" in refused(plot(output, "-o", drawing))
    assert not drawing.exists()
