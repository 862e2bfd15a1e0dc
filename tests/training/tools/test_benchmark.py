"""The benchmark of the paper's Table 1 measures what it says."""

from __future__ import annotations

import json
from pathlib import Path

import click
from click.testing import CliRunner

from training.cli import main
from training.tools.benchmark import BOUNDS, SCHEMES


def test_the_table_has_every_scheme_in_both_bounds(tmp_path: Path) -> None:
    small = ("--frames", "4", "--low-size", "16", "--batch", "1", "--iterations", "1", "--channels", "4")
    target = tmp_path / "table.json"
    runner = CliRunner()
    assert isinstance(main, click.Group)
    result = runner.invoke(
        main, ["benchmark", *small, "--blocks", "1", "--workers", "0", "--json", str(target)]
    )
    assert result.exit_code == 0, result.output
    figures = json.loads(target.read_text())
    assert [(row["bound"], row["scheme"]) for row in figures["rows"]] == [
        (bound, scheme) for bound in BOUNDS for scheme in SCHEMES
    ]
    for row in figures["rows"]:
        assert 0 < row["waiting"] < row["iteration"]
        assert f"{row['bound']:8} {row['scheme']:12}" in result.output
    conventional, flip_only, _ = figures["rows"][:3]
    assert conventional["sample"] > 0
    assert flip_only["sample"] > 0
