"""One table in four forms; what is missing is a dash with its reason in each."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from vsrealbasicvsr.evaluate.absent import Absent, Figure
from vsrealbasicvsr.evaluate.evaluate import Row
from vsrealbasicvsr.evaluate.metrics.known import METRICS
from vsrealbasicvsr.evaluate.peers.process import Effort
from vsrealbasicvsr.evaluate.table import MEAN, tabulate, to_csv, to_json, to_markdown, to_text

CHOSEN = [metric for metric in METRICS if metric.name in ("psnr-y", "niqe", "nrqm")]
FOREST = Absent("its forest is not here")
ON_CPU = Absent("it ran on the CPU")
NO_PEER = Absent("it is not installed; run `pip install it`")


def row(clip: str, peer: str, psnr: Figure, niqe: Figure, name: str = "mine") -> Row:
    gone = isinstance(psnr, Absent) and psnr is NO_PEER
    scores: dict[str, Figure] = {"psnr-y": psnr, "niqe": niqe, "nrqm": NO_PEER if gone else FOREST}
    figure: Figure = NO_PEER if gone else 0.25
    effort = Effort(seconds=figure, memory=figure, device_memory=ON_CPU)
    return Row(set=name, clip=clip, peer=peer, frames=3, parameters=figure, effort=effort, scores=scores)


ROWS = [
    row("a", "bicubic", 30.0, 5.5),
    row("a", "missing", NO_PEER, NO_PEER),
    row("b", "bicubic", 33.0, Absent("frames are small")),
    row("b", "missing", NO_PEER, NO_PEER),
]


def test_means_are_of_a_set_and_a_peer() -> None:
    table = tabulate(ROWS, CHOSEN)
    bicubic, missing = table.means
    assert (bicubic.clip, bicubic.frames, bicubic.scores["psnr-y"]) == (MEAN, 6, 31.5)
    assert bicubic.scores["niqe"] == Absent("not all clips have it: frames are small")
    assert missing.scores["psnr-y"] is NO_PEER


def test_rows_of_a_clip_stand_together_and_memory_is_the_highest() -> None:
    rows = [replace(one, effort=replace(one.effort, memory=100.0 * n)) for n, one in enumerate(ROWS)]
    table = tabulate([rows[0], rows[2], rows[1], rows[3]], CHOSEN)
    assert [(one.clip, one.peer) for one in table.rows] == [(one.clip, one.peer) for one in ROWS]
    assert table.means[0].effort.memory == 200


def test_memory_of_a_gpu_has_a_column_where_one_was_used() -> None:
    assert "device-memory" not in [column.name for column in tabulate(ROWS, CHOSEN).columns]
    on_gpu = replace(ROWS[0], effort=replace(ROWS[0].effort, device_memory=300.0))
    table = tabulate([on_gpu, *ROWS[1:]], CHOSEN)
    assert "GPU memory [MB]" in to_text(table)
    assert table.means[0].effort.device_memory == Absent("not all clips have it: it ran on the CPU")


def test_csv_json_and_markdown_agree() -> None:
    table = tabulate(ROWS, CHOSEN)
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    content = json.loads(to_json(table, {"frames": 3}))
    entries = content["rows"] + content["means"]
    assert content["setup"] == {"frames": 3}
    assert len(lines) == len(entries) == 6
    shown = to_markdown(table).split("### Clips")[1]
    cells = [line.split(" | ") for line in shown.splitlines() if line.startswith("| mine")]
    for number, (line, entry) in enumerate(zip(lines, entries, strict=True)):
        assert (line["clip"], line["peer"]) == (entry["clip"], entry["peer"])
        for place, column in enumerate(table.columns, 3):
            value = entry[column.name]
            assert line[column.name] == ("-" if value is None else f"{value:.6f}")
            assert (value is None) == (column.name in entry["reasons"])
            if value is None:
                assert f"{column.name}: {entry['reasons'][column.name]}" in line["reasons"]
            if number < len(cells):
                wanted = "-(" if value is None else f"{value:.{column.digits}f}"
                assert cells[number][place].startswith(wanted)


@pytest.mark.parametrize("form", [to_markdown, to_text])
def test_dashes_are_numbered_and_explained_once(form: object) -> None:
    assert callable(form)
    text = form(tabulate(ROWS, CHOSEN))
    for reason in (FOREST, NO_PEER, Absent("frames are small")):
        ends = [line for line in text.splitlines() if line.endswith(f"{reason.reason}.")]
        assert 1 <= len(ends) <= 2  # a mean's reason may quote a clip's
    assert "-(1)" in text


def test_published_figures_stand_beside_videolq_only() -> None:
    ours = [row("000", "bicubic", Absent("no truth"), 5.0, "videolq")]
    text = to_text(tabulate(ours, CHOSEN))
    assert "paper, Table 2: RealBasicVSR" in text
    assert "2.57" in text
    assert "paper" not in to_text(tabulate(ROWS, CHOSEN))
