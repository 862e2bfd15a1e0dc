"""The scripts in `plugins/` work in their hosts, and the command line finds and copies them."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs
from click.testing import CliRunner

from tests.vspipe import vspipe_program
from vsrealbasicvsr import restore
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.filter.script import open_source

PLUGINS = Path(__file__).parents[1] / "plugins"
SCRIPT = PLUGINS / "vapoursynth" / "realbasicvsr.vpy"

type VSPipe = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def vspipe(tmp_path_factory: pytest.TempPathFactory) -> VSPipe:
    """The real vspipe, started in some folder as a shell does it."""
    cache = tmp_path_factory.mktemp("cache")

    def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "PWD": str(folder), "VSREALBASICVSR_CACHE": str(cache)}
        command = [vspipe_program(), *map(str, arguments)]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)

    return run


@pytest.fixture(scope="module")
def video(ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight frames of 48x32 in a folder of their own: five of 80 ms, then some of 200 ms."""
    path = tmp_path_factory.mktemp("video") / "old film.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=0.32"),
        *("-vf", "settb=1/50,setpts='if(lt(N,5),4*N,20+10*(N-5))'"),
        *(
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1:50",
            "-c:v",
            "libx264",
            "-pix_fmt",
            "yuv420p",
            path,
        ),
    )
    return path


@pytest.fixture
def outputs() -> Iterator[None]:
    yield
    vs.clear_outputs()


def _given(**settings: object) -> list[str]:
    return [word for name, value in settings.items() for word in ("-a", f"{name}={value}")]


def _planes(clip: vs.VideoNode) -> list[bytes]:
    return [b"".join(np.asarray(plane).tobytes() for plane in frame) for frame in clip.frames()]


def _y4m_frames(stream: bytes, size: int) -> list[bytes]:
    header, _, body = stream.partition(b"\n")
    assert header.startswith(b"YUV4MPEG2 ")
    frames = [body[place : place + 6 + size] for place in range(0, len(body), 6 + size)]
    assert all(frame.startswith(b"FRAME\n") for frame in frames)
    return [frame[6:] for frame in frames]


def test_vspipe_gives_the_frames_of_restore_and_nothing_else(
    vspipe: VSPipe, video: Path, tiny_model: Path
) -> None:
    settings = {"source": video.name, "model": tiny_model, "device": "cpu,cpu", "window": 3, "margin": 1,
                "refine": 1.5, "max_passes": 2, "strength": 0.5, "width": 96, "cuts": "0,5"}  # fmt: skip
    done = vspipe("-c", "y4m", *_given(**settings), SCRIPT, "-", folder=video.parent)
    assert done.returncode == 0, done.stderr.decode()
    restored = restore(
        open_source(str(video)), ["cpu", "cpu"], tiny_model, window=3, margin=1, refine=1.5, max_passes=2,
        strength=0.5, width=96, cuts=[0, 5],
    )  # fmt: skip
    assert (restored.width, restored.height) == (96, 64)
    assert _y4m_frames(done.stdout, 96 * 64 * 3 // 2) == _planes(restored)
    assert list(video.parent.iterdir()) == [video], "something was left beside the video"


@pytest.mark.usefixtures("outputs")
def test_cuts_are_detected_where_a_host_says_nothing_of_them(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is like Av1an, which gives bytes."""
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(tmp_path / "cache"))
    video = tmp_path / "two shots.mkv"
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=48x32:r=25:d=0.16",
            "-f",
            "lavfi",
            "-i",
            "mandelbrot=s=48x32:r=25",
        ),
        *("-filter_complex", "concat", "-frames:v", "8", "-c:v", "ffv1", "-pix_fmt", "yuv420p", video),
    )
    few = {"device": "cpu", "model": str(tiny_model), "window": 8, "margin": 0}
    given = {name: str(value).encode() for name, value in {"source": video, **few}.items()}
    exec(compile(SCRIPT.read_text(encoding="utf-8"), SCRIPT, "exec"), given)
    found = _planes(vs.get_output(0).clip)
    assert found == _planes(restore(open_source(str(video)), **few, cuts=[4]))
    assert found != _planes(restore(open_source(str(video)), **few, cuts=None))


def test_timecodes_are_those_of_a_source_of_variable_rate(
    vspipe: VSPipe, video: Path, tiny_model: Path, tmp_path: Path
) -> None:
    times = tmp_path / "times.txt"
    few = _given(source=video, model=tiny_model, device="cpu", window=8, margin=0, max_passes=0)
    done = vspipe("--timecodes", times, *few, SCRIPT, "--", folder=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    expected = [0, 80, 160, 240, 320, 400, 600, 800]
    assert [float(line) for line in times.read_text().splitlines()[1:]] == expected


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "no source is given; name the video with vspipe -a source=FILE."),
        (
            {"source": "old film.mkv", "widow": 12},
            "There is no setting 'widow'; there are source, device, model,",
        ),
        ({"source": "old film.mkv", "window": "many"}, "window must be a whole number, not 'many'."),
        ({"source": "old film.mkv", "window": -1}, "window must lie between 0 and 10000, not -1."),
        ({"source": "new film.mkv"}, "cannot read new film.mkv: "),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    vspipe: VSPipe, video: Path, settings: dict[str, object], sentence: str
) -> None:
    done = vspipe("--info", *_given(**settings), SCRIPT, folder=video.parent)
    assert done.returncode == 1
    assert f"Python exception: realbasicvsr: {sentence}" in done.stderr.decode()
    assert done.stdout == b""


def test_a_copy_serves_hosts_that_pass_no_arguments(vspipe: VSPipe, video: Path, tmp_path: Path) -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    line = '# "source": "/videos/old.mkv",'
    assert line in text
    copy = tmp_path / "mine.vpy"
    copy.write_text(text.replace(line, f'"source": {str(video)!r},'), encoding="utf-8")
    done = vspipe("--info", copy, folder=tmp_path)
    assert b"Width: 192" in done.stdout, done.stderr.decode()


class MPV:
    """Gives a clip and takes frames as mpv's filter does: no known end, short memory, some requests at once.

    Args:
        frames: of the video, after which requests fail.
        memory: frames kept: `buffered-frames` times `concurrent-frames`.
        requests: `concurrent-frames`.
    """

    def __init__(self, frames: int, memory: int, requests: int) -> None:
        self._frames, self._memory, self._requests = frames, memory, requests
        self._lock = threading.Lock()
        self._oldest = 0
        self.loading = True
        self.asked_while_loading: list[int] = []
        endless = vs.core.std.BlankClip(width=24, height=16, format=vs.YUV420P8, length=(2**31 - 1) // 16)
        self.video_in = endless.std.ModifyFrame(endless, self._give)

    def _give(self, n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        with self._lock:
            if self.loading:
                self.asked_while_loading.append(n)
            if n >= self._frames:
                raise vs.Error("the video has ended")
            if n < self._oldest:
                raise vs.Error(f"frame {n} is no longer there")
            self._oldest = max(self._oldest, n - self._memory + 1)
        return picture(n, f)

    def take(self, clip: vs.VideoNode) -> list[bytes]:
        """The frames until one fails."""
        answers: queue.Queue[tuple[int, vs.VideoFrame | None]] = queue.Queue()
        taken: dict[int, bytes] = {}
        asked = running = 0
        ended = False
        while running or not ended:
            while not ended and running < self._requests:
                clip.get_frame_async(asked, lambda frame, error, n=asked: answers.put((n, frame)))
                asked, running = asked + 1, running + 1
            n, frame = answers.get(timeout=60)
            running -= 1
            ended = ended or frame is None
            if frame is not None:
                taken[n] = b"".join(np.asarray(plane).tobytes() for plane in frame)
        assert sorted(taken) == list(range(len(taken)))
        return [taken[n] for n in sorted(taken)]


def picture(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
    """Blocks that move, and what mpv says of its colours."""
    frame = f.copy()
    for plane in range(3):
        samples = np.asarray(frame[plane])
        samples[:] = 60 + 40 * plane
        samples[2:8, n % 8 : n % 8 + 4] = 200
    frame.props["_ColorSpace"] = 1
    return frame


@pytest.mark.usefixtures("outputs")
def test_mpv_gets_all_frames_but_the_last_window(tiny_model: Path) -> None:
    frames, window, margin, seen_after_a_cut = 35, 8, 4, 2
    settings = {"model": str(tiny_model), "device": "cpu"}
    text = (PLUGINS / "mpv" / "realbasicvsr.vpy").read_text(encoding="utf-8")
    text = text.replace('"cuts": "detect"', f'"cuts": "detect", **{settings!r}')
    mpv = MPV(frames, memory=16 * 4, requests=4)
    exec(compile(text, "realbasicvsr.vpy", "exec"), {"video_in": mpv.video_in})
    mpv.loading = False
    restored = vs.get_output(0).clip
    assert (restored.width, restored.height, restored.format.id) == (96, 64, vs.YUV420P8)
    taken = mpv.take(restored)
    assert mpv.asked_while_loading == [], "mpv would give a black frame"
    assert frames - len(taken) == 11 <= window + margin + seen_after_a_cut - 1

    blank = vs.core.std.BlankClip(width=24, height=16, format=vs.YUV420P8, length=frames)
    whole = blank.std.ModifyFrame(blank, picture).std.SetFrameProps(_Matrix=1)
    expected = restore(whole, window=window, margin=margin, cuts="detect", **settings)
    assert taken == _planes(expected[: len(taken)])


def _run(*arguments: str | Path, code: int = 0) -> list[str]:
    done = CliRunner().invoke(main, ["plugins", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output.splitlines()


def test_list_names_every_script_and_says_what_it_is_for() -> None:
    lines = _run("list")
    assert sorted(map(Path, lines[::2])) == sorted(path for path in PLUGINS.rglob("*") if path.is_file())
    assert all(len(line.strip()) > 20 and line.endswith(".") for line in lines[1::2])


def test_copy_gives_the_scripts_and_keeps_what_was_changed(tmp_path: Path) -> None:
    target = tmp_path / "my" / "scripts"
    copies = [Path(line) for line in _run("copy", target)]
    assert [copy.read_bytes() for copy in copies] == [
        (PLUGINS / copy.relative_to(target)).read_bytes() for copy in copies
    ]
    _run("copy", target)  # equal files are no obstacle

    copies[1].write_text("# mine", encoding="utf-8")
    copies[0].unlink()
    assert _run("copy", target, code=1) == [
        f"vsrealbasicvsr: {copies[1]} exists and differs; add --overwrite to replace it."
    ]
    assert not copies[0].exists(), "a refusal writes nothing"
    _run("copy", target, "--overwrite")
    assert copies[1].read_bytes() == (PLUGINS / copies[1].relative_to(target)).read_bytes()


def test_copy_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / "file" / "ffmpeg"
    assert _run("copy", tmp_path / "file", code=1) == [
        f"vsrealbasicvsr: cannot write {target}: Not a directory."
    ]
