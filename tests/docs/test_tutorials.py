"""What a reader types along with the pages works: the blocks of guides in order, on a tiny clip."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import vapoursynth as vs

from tests.docs.site import DOCS
from tests.ffmpeg.programs import with_ffmpeg_on_the_path

PAGES = (
    "tutorials/vapoursynth.md",
    "tutorials/pipes.md",
    "tutorials/ffmpeg.md",
    "tutorials/restorers.md",
    "choosing.md",
)
PARSED = {
    "index.md": "the first command of all, which every guide runs",
    "install.md": "installs; `make demo` and `make test` run it",
    "recipes.md": "needs a tape, a folder of scans, mpv and other weights",
    "weights.md": "downloads",
    "previews.md": "needs a film",
    "comparing.md": "needs several restorations",
    "jobs.md": "needs a film, two GPUs and a Ray cluster",
    "evaluating.md": "needs packages of other authors",
    "terminal.md": "changes the reader's shell; tests/cli/test_completion.py runs its line",
    "troubleshooting.md": "has its own tests",
}
"""Pages whose commands are only parsed (tests/test_readme.py), and why; their Python blocks are run."""
BLOCK = re.compile(r"(?:Save as `(\S+)`[^\n]*\n\n)?^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {
    "vsrealbasicvsr job status": "asks about a job that still runs; tests/cli/test_job.py runs it",
    "pip install": "needs a network; the test skips where the plugin is missing",
    "python docs/make_pictures.py": "takes ten minutes",
}


def blocks(page: str) -> list[tuple[str, str, str]]:
    """Of each block of commands or Python: the file it is saved as, its language, its text."""
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def test_every_page_with_commands_is_run_or_says_why_not() -> None:
    pages = {
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*.md")
        if "_build" not in path.parts and BLOCK.search(path.read_text(encoding="utf-8"))
    }
    assert pages == {*PAGES, *PARSED}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffmpeg: Callable[..., None]) -> Path:
    """A reader's folder with old.mp4 in it."""
    if not hasattr(vs.core, "bs"):
        pytest.skip("VapourSynth's plugin bs is not installed; `pip install -e .[dev]` has it")
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "work"
    folder.mkdir()
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=0.16", "-f", "lavfi", "-i", "sine=d=0.16")
    ffmpeg(*inputs, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", folder / "old.mp4")
    return folder


def save_and_run(page: str, folder: Path, name: str, text: str) -> None:
    """Save a Python block as its page says; a script of Python's own is run, one of VapourSynth's is not."""
    assert name, f"{page}: where is this saved?\n{text}"
    (folder / name).write_text(text, encoding="utf-8")
    if name.endswith(".py"):
        command = [sys.executable, name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page}\n{text}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_its_blocks_run_in_order(page: str, folder: Path) -> None:
    ran = 0
    for name, language, text in blocks(page):
        if language == "python":
            save_and_run(page, folder, name, text)
            continue
        lines = [line for line in text.splitlines() if not line.startswith(tuple(NOT_RUN))]
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{page}\n{text}\n{done.stdout}\n{done.stderr}"
        ran += len(lines)
    assert ran
    assert not list(folder.rglob("*.partial.*"))


@pytest.mark.parametrize(
    "page", [page for page in PARSED if any(language == "python" for _, language, _ in blocks(page))]
)
def test_python_blocks_of_other_pages_run(page: str, folder: Path) -> None:
    for name, language, text in blocks(page):
        if language == "python":
            save_and_run(page, folder, name, text)
            if name.endswith(".vpy"):
                command = ["vspipe", "--info", name, "-"]
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"{page}\n{text}\n{done.stderr}"
