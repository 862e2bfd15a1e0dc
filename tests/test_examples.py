"""Every example runs: the shell scripts on tiny clips, the demo on two frames of its own sample.

Those for VapourSynth run in test_examples_vapoursynth.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest
import torch
from safetensors.torch import save_file

from tests.conftest import EXAMPLE_CLIP
from tests.ffmpeg.programs import with_ffmpeg_on_the_path
from vsrealbasicvsr.network import RealBasicVSR

EXAMPLES = Path(__file__).parents[1] / "examples"
BIN = Path(sys.executable).parent
FFmpeg = Callable[..., None]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest network of its kind."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(RealBasicVSR(8, 1, 1).state_dict(), path)
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, ffmpeg: FFmpeg) -> Path:
    """Six frames of 48x32 at 24 a second, with sound."""
    path = tmp_path_factory.mktemp("clip") / "old.mkv"
    sources = ("-f", "lavfi", "-i", "testsrc2=s=48x32:r=24", "-f", "lavfi", "-i", "sine")
    ffmpeg(*sources, "-t", "0.25", "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-c:a", "flac", path)
    return path


def run_example(name: str, *arguments: str | Path) -> None:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    script = EXAMPLES / name
    command = [sys.executable if script.suffix == ".py" else "sh", script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, f"{name}\n{done.stdout}\n{done.stderr}"


def frame_sizes(path: Path) -> list[tuple[int, int]]:
    with av.open(path) as container:
        return [(frame.width, frame.height) for frame in container.decode(video=0)]


def test_every_script_is_run_here() -> None:
    scripts = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".sh", ".py", ".vpy"}}
    tests = [Path(__file__), Path(__file__).with_name("test_examples_vapoursynth.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in tests)
    assert scripts <= set(re.findall(r"[\w-]+\.(?:sh|py|vpy)\b", text))


def test_a_film_becomes_a_larger_film_with_its_sound(clip: Path, model: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored.mkv"
    run_example("film-to-mkv.sh", clip, restored, "--model", model)
    assert frame_sizes(restored) == [(192, 128)] * 6
    with av.open(restored) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "flac"]


def test_a_film_becomes_png_frames_and_these_become_larger_ones(
    clip: Path, model: Path, tmp_path: Path
) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    once.mkdir()
    run_example("film-to-images.sh", clip, once / "%06d.png", "--model", model, "--scale", "1")
    pictures = sorted(once.iterdir())
    assert len(pictures) == 6
    with av.open(pictures[0]) as container:
        assert next(container.decode(video=0)).format.name == "rgb48be"
    run_example("images-to-images.sh", once, twice, "--model", model)
    assert [frame_sizes(path) for path in sorted(twice.iterdir())] == [[(192, 128)]] * 6


def test_a_logo_lies_over_the_restored_film(
    clip: Path, tmp_path: Path, ffmpeg: FFmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    logo, restored = tmp_path / "logo.png", tmp_path / "restored.mkv"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=20x20", "-frames:v", "1", logo)
    run_example("overlay.sh", clip, logo, restored, "-c:v", "ffv1")
    assert frame_sizes(restored) == [(192, 128)] * 6
    with av.open(restored) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["ffv1", "flac"]
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert abs(picture[26, 166].astype(int) - (255, 0, 0)).max() < 6


def test_cuts_come_from_ffmpegs_detector(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    run_example("cuts-by-ffmpeg.sh", clip, tmp_path / "restored.mkv")
    assert frame_sizes(tmp_path / "restored.mkv") == [(192, 128)] * 6


def test_given_cuts_are_used(clip: Path, model: Path, tmp_path: Path) -> None:
    cuts, used = tmp_path / "cuts.txt", tmp_path / "used.txt"
    cuts.write_text("2\n4\n", encoding="utf-8")
    run_example("given-cuts.sh", clip, tmp_path / "restored.mkv", cuts, "--model", model, "--cuts-out", used)
    numbers = [line for line in used.read_text(encoding="utf-8").splitlines() if line.isdecimal()]
    assert numbers == ["2", "4"]


def test_an_interlaced_recording_gives_a_frame_for_each_field(
    model: Path, tmp_path: Path, ffmpeg: FFmpeg
) -> None:
    tape, restored = tmp_path / "tape.mpg", tmp_path / "restored.mkv"
    interlace = ("-vf", "tinterlace=interleave_top", "-flags", "+ildct+ilme", "-r", "25")
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=48x32:r=50:d=0.24", *interlace, "-c:v", "mpeg2video", tape)
    run_example("dvd.sh", tape, restored, "--model", model)
    assert set(frame_sizes(restored)) == {(96, 64)}
    assert len(frame_sizes(restored)) == pytest.approx(2 * len(frame_sizes(tape)), abs=1)


def test_the_demo_shows_a_restored_frame_beside_its_source(
    model: Path, tmp_path: Path, ffmpeg: FFmpeg
) -> None:
    short = tmp_path / "launch.mp4"
    ffmpeg(
        "-i", EXAMPLE_CLIP, "-frames:v", "2", "-vf", "scale=64:36", "-c:v", "libx264", "-c:a", "copy", short
    )
    run_example("demo.py", short, tmp_path / "demo", "--model", model)
    assert frame_sizes(tmp_path / "demo" / "launch-x4.mkv") == [(256, 144)] * 2
    ((width, height),) = frame_sizes(tmp_path / "demo" / "side-by-side.png")
    assert width > height > 0


def test_the_documents_pictures_are_made_anew_to_the_same_bytes(
    clip: Path, model: Path, tmp_path: Path
) -> None:
    names = {path.name for path in (EXAMPLES / "media").glob("*.png")}
    for folder in (tmp_path / "once", tmp_path / "again"):
        run_example("pictures.py", clip, folder, "--model", model)
        assert {path.name for path in folder.iterdir()} == names
    assert all((tmp_path / "once" / n).read_bytes() == (tmp_path / "again" / n).read_bytes() for n in names)
