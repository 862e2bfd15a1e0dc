"""The filter in the real vspipe: lazy, quiet, quick to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.conftest import with_refinement
from tests.filter.conftest import all_pixels
from tests.job.test_restore import pictures, rgb
from vsrealbasicvsr import Settings, realbasicvsr, restore_file
from vsrealbasicvsr.job import Delivery
from vsrealbasicvsr.video.write.encoders import Encoding

PROGRAMS = {
    "binary": Path(vs.__file__).parent / ("vspipe.exe" if os.name == "nt" else "vspipe"),
    "script": Path(sys.executable).parent / "vspipe",
}
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
SOURCE = "core.std.BlankClip(format=vs.RGBS, width=16, height=8, length={length}, color=[0.2, 0.5, 0.7])"


def script(folder: Path, call: str, *, length: int = 20, more: str = "") -> Path:
    path = folder / "script.vpy"
    path.write_text(
        f"import vapoursynth as vs\nfrom vsrealbasicvsr import realbasicvsr\ncore = vs.core\n"
        f"clip = {SOURCE.format(length=length)}\n{call}.set_output()\n{more}",
        encoding="utf-8",
    )
    return path


def vspipe(*arguments: str | Path, program: str = "binary") -> subprocess.CompletedProcess[bytes]:
    command = [PROGRAMS[program], *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, env=ENVIRONMENT)


def test_asking_for_information_loads_neither_torch_nor_weights(tmp_path: Path) -> None:
    weights = tmp_path / "untouched.safetensors"
    weights.write_bytes(b"these are no weights")
    call = f"realbasicvsr(clip, 'cuda:77', {str(weights)!r})"
    more = "import sys\nassert 'torch' not in sys.modules, 'torch was loaded'\n"
    done = vspipe("--info", script(tmp_path, call, more=more))
    assert done.returncode == 0, done.stderr
    assert b"Width: 64" in done.stdout
    assert b"Height: 32" in done.stdout
    assert b"Frames: 20" in done.stdout


@pytest.mark.parametrize("requests", ["1", "16"])
def test_the_stream_holds_the_frames_and_nothing_else(
    mini_model: Path, tmp_path: Path, requests: str
) -> None:
    call = f"realbasicvsr(clip, 'cpu', {str(mini_model)!r}, window=6, margin=2)"
    done = vspipe("-r", requests, script(tmp_path, call), "-")
    assert done.returncode == 0, done.stderr
    clip = eval(SOURCE.format(length=20), {"core": vs.core, "vs": vs})
    expected = np.stack(all_pixels(realbasicvsr(clip, "cpu", mini_model, window=6, margin=2)))
    got = np.frombuffer(done.stdout, np.float32).reshape(-1, 3, 32, 64)
    # vspipe writes planar RGB as G, B, R.
    np.testing.assert_array_equal(got[:, [2, 0, 1]], expected)


def test_it_takes_the_refinement_of_the_weights_as_the_command_line_does(
    mini_model: Path, clip: Path, tmp_path: Path
) -> None:
    """The same codes of 16 bits, to the last one, from the same frames in RGB."""
    telling = with_refinement(mini_model, tmp_path / "telling.safetensors", 0.0, 4)
    settings = Settings(model=str(telling), device="cpu", window=4, margin=2, cuts="none")
    delivery = Delivery(encoding=Encoding(encoder="ffv1", pixel_format="gbrp16le"), figures=True)
    report = restore_file(clip, tmp_path / "restored.mkv", settings, delivery=delivery)
    assert report.mean_passes == 4
    np.save(tmp_path / "frames.npy", rgb(pictures(clip)).numpy())
    path = tmp_path / "script.vpy"
    path.write_text(
        "import numpy as np, vapoursynth as vs\nfrom vsrealbasicvsr import realbasicvsr\n"
        f"pictures = np.load({str(tmp_path / 'frames.npy')!r})\n"
        "blank = vs.core.std.BlankClip(format=vs.RGBS, width=64, height=48, length=10, keep=True)\n"
        "def fill(n, f):\n    f = f.copy()\n"
        "    for plane in range(3):\n        np.asarray(f[plane])[:] = pictures[n, plane]\n    return f\n"
        "clip = blank.std.ModifyFrame(blank, fill)\n"
        f"realbasicvsr(clip, 'cpu', {str(telling)!r}, window=4, margin=2, cuts=None).set_output()\n",
        encoding="utf-8",
    )
    done = vspipe("--json", tmp_path / "props.json", path, "-")
    assert done.returncode == 0, done.stderr
    # vspipe writes planar RGB as G, B, R.
    piped = np.frombuffer(done.stdout, np.float32).reshape(10, 3, 192, 256)[:, [2, 0, 1]]
    theirs = np.stack([frame.to_ndarray(format="gbrp16le") for frame in pictures(tmp_path / "restored.mkv")])
    np.testing.assert_array_equal(np.rint(piped * np.float32(65535)).transpose(0, 2, 3, 1), theirs)


def test_an_error_ends_it_with_our_sentence_and_a_code(tmp_path: Path) -> None:
    done = vspipe(script(tmp_path, "realbasicvsr(clip, window=-1)"), "-")
    assert done.returncode == 1
    assert b"realbasicvsr: window must lie between" in done.stderr
    assert done.stdout == b""
    done = vspipe(script(tmp_path, "realbasicvsr(clip, 'cuda:77')"), "-")
    assert done.returncode == 1
    assert done.stderr.count(b"realbasicvsr: device 'cuda:77' is not there") == 1
    assert done.stdout == b""


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for other processes")
def test_ctrl_c_ends_it_within_a_second(mini_model: Path, tmp_path: Path, program: str) -> None:
    call = f"realbasicvsr(clip, 'cpu', {str(mini_model)!r}, window=200, margin=20)"
    path = script(tmp_path, call, length=100_000)
    running = subprocess.Popen(
        [PROGRAMS[program], "-p", path, "."], stderr=subprocess.PIPE, env=ENVIRONMENT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    time.sleep(6)  # in the first or second window
    assert running.poll() is None
    asked = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert time.monotonic() - asked < 3  # one second on a machine that does nothing else
    assert b"Traceback" not in said


def test_an_early_end_leaves_nothing_behind(mini_model: Path, tmp_path: Path) -> None:
    call = f"realbasicvsr(clip, 'cpu', {str(mini_model)!r}, window=4, margin=1)"
    done = vspipe("-s", "3", "-e", "13", script(tmp_path, call, length=1000), ".")
    assert done.returncode == 0, done.stderr
    assert b"Output 11 frames" in done.stderr
    assert b"dead" not in done.stderr
