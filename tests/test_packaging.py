"""The wheel is whole: installed elsewhere, it runs by itself and restores with the bundled weights."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, so that nothing of the working tree can help."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    assert list(folder.glob("*.tar.gz"))
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"vsrealbasicvsr/weights/{name}" for name in ("bundled.safetensors", "MODEL_CARD.md")} <= set(
        names
    )
    assert "vsrealbasicvsr/py.typed" in names
    assert {f"vsrealbasicvsr/compare/page.{kind}" for kind in ("html", "css", "js")} <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"vsrealbasicvsr"}
    data = [name.partition(".data/")[2] for name in names if ".data/" in name]
    assert data == ["data/share/man/man1/vsrealbasicvsr.1"]
    assert wheel.stat().st_size < 16_000_000


def test_the_wheel_and_the_source_archive_ship_the_plugins(wheel: Path) -> None:
    scripts = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/*.*")}
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if "/plugins/" in name}
    assert shipped == {f"vsrealbasicvsr/{name}" for name in scripts}
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        assert scripts <= {name.partition("/")[2] for name in archive.getnames()}


def test_the_wheel_restores_elsewhere(wheel: Path, ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x24:r=25:d=0.08", "-c:v", "libx264", tmp_path / "in.mkv")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "vsrealbasicvsr.cli", *arguments],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "restore" in run("--help")
    assert str(site) in run("weights", "path", "bundled")
    assert str(site / "vsrealbasicvsr" / "plugins" / "mpv" / "realbasicvsr.vpy") in run("plugins", "list")
    run("restore", "in.mkv", "out.mkv", "--quiet")
    with av.open(str(tmp_path / "out.mkv")) as container:
        assert [(f.width, f.height) for f in container.decode(video=0)] == [(128, 96)] * 2
