"""The wheel is whole: installed elsewhere, it runs by itself and restores with the bundled weights."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from vsrealbasicvsr.cli import main
from vsrealbasicvsr.cli.man import page

ROOT = Path(__file__).parents[1]


EPOCH = 1_700_000_000


def built(folder: Path, umask: int) -> Path:
    """The wheel, beside the source archive, of what git knows and the manual page that `make man` adds."""
    source = folder / "source"
    source.mkdir()
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
            (source / name).chmod(0o666 & ~umask)
    (source / "man").mkdir()
    (source / "man" / "vsrealbasicvsr.1").write_text(page(main, "vsrealbasicvsr"), encoding="utf-8")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    subprocess.run(build, check=True, capture_output=True, env=environment, umask=umask)
    assert list(folder.glob("*.tar.gz"))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"), 0o022)


def test_two_builds_are_the_same_byte_for_byte(wheel: Path, tmp_path: Path) -> None:
    """Made at another time, in another folder, by somebody whose files nobody else may read."""
    again = built(tmp_path, 0o077)
    assert again.read_bytes() == wheel.read_bytes()
    archives = [next(folder.glob("*.tar.gz")) for folder in (wheel.parent, tmp_path)]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_the_source_archive_does_not_tell_who_made_it(wheel: Path) -> None:
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        assert {(one.uid, one.gid, one.uname, one.gname) for one in archive} == {(0, 0, "", "")}
        assert {one.mtime for one in archive} == {EPOCH}
        assert {one.mode for one in archive} == {0o755, 0o644}


def test_the_wheel_runs_anywhere_and_says_what_it_is(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = email.message_from_bytes(archive.read(name))
        assert b"Root-Is-Purelib: true" in archive.read(name.replace("METADATA", "WHEEL"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (told["Name"], told["Version"]) == (project["name"], project["version"])
    assert (told["License-Expression"], told["Requires-Python"]) == ("Apache-2.0", ">=3.12")
    assert told.get_all("License-File") == ["LICENSE", "NOTICE"]
    assert told["Description-Content-Type"] == "text/markdown"
    assert told.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")
    assert told.get_all("Project-URL") == [f"{name}, {url}" for name, url in project["urls"].items()]
    assert set(told.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"vsrealbasicvsr/weights/{name}" for name in ("bundled.safetensors", "MODEL_CARD.md")} <= set(
        names
    )
    assert "vsrealbasicvsr/py.typed" in names
    assert {f"vsrealbasicvsr/compare/web/page.{kind}" for kind in ("html", "css", "js")} <= set(names)
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
