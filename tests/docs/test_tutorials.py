"""What a reader types along with the tutorials works: every block, in order, on a tiny clip."""

from __future__ import annotations

import re
import subprocess
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
BLOCK = re.compile(r"(?:Save as `(\S+)`[^\n]*\n\n)?^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {
    "vsrealbasicvsr job status": "asks about a job that still runs; tests/cli/test_job.py runs it",
    "pip install": "needs a network; the test skips where the plugin is missing",
    "python docs/make_pictures.py": "takes ten minutes",
}


def test_every_page_of_ours_with_commands_is_run() -> None:
    """The others hold passages of the README, or nothing but `doctor`, which has its tests."""
    ours = {
        path.relative_to(DOCS).as_posix()
        for path in DOCS.rglob("*.md")
        if "_build" not in path.parts
        and any(
            block[2].strip() != "vsrealbasicvsr doctor"
            for block in BLOCK.findall(path.read_text(encoding="utf-8"))
        )
    }
    assert ours == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_its_blocks_run_in_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ffmpeg: Callable[..., None]
) -> None:
    if not hasattr(vs.core, "bs"):
        pytest.skip("VapourSynth's plugin bs is not installed; `pip install -e .[dev]` has it")
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "work"
    folder.mkdir()
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=24:d=0.16", "-f", "lavfi", "-i", "sine=d=0.16")
    ffmpeg(*inputs, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", folder / "old.mp4")
    ran = 0
    for name, language, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language == "python":
            assert name, f"{page}: where is this saved?\n{text}"
            (folder / name).write_text(text, encoding="utf-8")
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
