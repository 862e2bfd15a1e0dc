"""`vsrealbasicvsr weights ...`: what it prints, where, and how it exits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from tests.weights.conftest import OURS, one_thread
from vsrealbasicvsr import __version__
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.weights import KNOWN
from vsrealbasicvsr.weights.formats import read_state

__all__ = ["one_thread"]  # the fixture


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save({"state_dict": RealBasicVSR(8, 2, 1).state_dict()}, tmp_path / "small.pth")
    return tmp_path / "small.pth"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["weights", *map(str, arguments)])


def failed_in_one_line(result: Result) -> str:
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("vsrealbasicvsr: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_list_tells_what_is_here_and_what_it_is(cache_folder: Path) -> None:
    cache_folder.mkdir()
    (cache_folder / KNOWN[1].file_name).touch()
    output = run("list").stdout
    assert f"bundled  (bundled, 15.6 MB, {KNOWN[0].licence}, refine 255)" in output
    assert "MODEL_CARD.md" in output
    assert "realbasicvsr-x4  (cached" in output
    assert "realbasicvsr-x4-fidelity  (not fetched" in output


def test_path_prints_the_file_and_nothing_else() -> None:
    assert run("path", "bundled").stdout == f"{KNOWN[0].path}\n"
    assert "weights fetch realbasicvsr-x4`" in failed_in_one_line(run("path", "realbasicvsr-x4"))
    assert "did you mean bundled?" in failed_in_one_line(run("path", "bundle"))


def test_verify_checks_hash_parameters_depth_and_width(small: Path) -> None:
    result = run("verify")
    assert result.exit_code == 0, result.stderr
    size = "7,771,954 parameters, width 64, 30 propagation and 20 cleaning blocks"
    assert result.stdout == f"bundled: SHA-256 right, {size}, refine 255\n"
    output = run("verify", small).stdout
    assert "no hash is pinned" in output
    assert "width 8, 2 propagation and 1 cleaning blocks" in output


def test_verify_refuses_what_is_damaged_or_incomplete(cache_folder: Path, tmp_path: Path) -> None:
    cache_folder.mkdir()
    (cache_folder / KNOWN[2].file_name).write_bytes(b"<html>")
    assert "wrong SHA-256" in failed_in_one_line(run("verify", "realbasicvsr-x4-fidelity"))
    assert failed_in_one_line_but_for_bundled(run("verify"))
    torch.save({OURS[4]: torch.ones(2, 2)}, tmp_path / "w.pth")
    failed_in_one_line(run("verify", tmp_path / "w.pth"))


def failed_in_one_line_but_for_bundled(result: Result) -> bool:
    return result.exit_code == 1 and result.stdout.startswith("bundled: ") and result.stderr.count("\n") == 1


def test_convert_writes_what_loads_again(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "small.safetensors"
    assert run("convert", small, target).exit_code == 0
    assert {tensor.dtype for tensor in read_state(target).values()} == {torch.float16}
    assert run("convert", "bundled", target, "--precision", "fp32").exit_code == 0
    assert "7,771,954 parameters" in run("verify", target).stdout
    failed_in_one_line(run("convert", tmp_path / "absent.pth", target))
    failed_in_one_line(run("convert", small, tmp_path / "w.pth"))


def test_weights_tell_the_refinement_that_was_written_into_them(
    small: Path, tmp_path: Path, cache_folder: Path
) -> None:
    one, two = tmp_path / "one.safetensors", tmp_path / "two.safetensors"
    assert run("convert", small, one, "--refine", "2.5", "--max-passes", "4").exit_code == 0
    assert run("verify", one).stdout.endswith("1 cleaning blocks, refine 2.5, max_passes 4\n")
    assert run("convert", one, two, "--refine", "3").exit_code == 0
    assert run("verify", two).stdout.endswith("1 cleaning blocks, refine 3, max_passes 4\n")
    cache_folder.mkdir()
    (cache_folder / KNOWN[1].file_name).write_bytes(two.read_bytes())
    assert "realbasicvsr-x4  (cached, size unknown, Apache-2.0, refine 3, max_passes 4)" in run("list").stdout
    (cache_folder / KNOWN[1].file_name).write_bytes(two.read_bytes().replace(b'"4"', b'"x"'))
    assert "realbasicvsr-x4  (cached, size unknown, Apache-2.0, damaged)" in run("list").stdout


@pytest.mark.parametrize("flags", [["--refine", "256"], ["--refine", "nan"], ["--max-passes", "-1"]])
def test_refinement_out_of_range_is_wrong_usage(flags: list[str], small: Path, tmp_path: Path) -> None:
    result = run("convert", small, tmp_path / "w.safetensors", *flags)
    assert result.exit_code == 2
    assert f"{flags[0][2:].replace('-', '_')} must lie between" in result.stderr
    assert not (tmp_path / "w.safetensors").exists()


def test_fetch_prints_the_path_and_unknown_names_fail(cache_folder: Path) -> None:
    assert run("fetch", "bundled").stdout == f"{KNOWN[0].path}\n"
    assert "did you mean realbasicvsr-x4?" in failed_in_one_line(run("fetch", "realbasicvsr-x"))


@pytest.mark.parametrize(
    "arguments", [["fetch"], ["convert", "a"], ["convert", "a", "b", "--precision", "x"], ["x"]]
)
def test_usage_errors_exit_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout.strip().endswith(__version__)


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, vsrealbasicvsr.cli as cli\n"
        "cli.main(['weights', '--help'], standalone_mode=False)\n"
        "assert not {'torch', 'av', 'numpy', 'vapoursynth', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)
