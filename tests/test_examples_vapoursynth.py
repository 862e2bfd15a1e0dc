"""Every VapourSynth example runs in the real vspipe, and its pipe into the real ffmpeg, on tiny clips."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
import torch
import vapoursynth as vs
from numpy.typing import NDArray

from vsrealbasicvsr import restore
from vsrealbasicvsr.filter.script import open_source

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.vpy"))
BIN = Path(sys.executable).parent
NTSC_FILM = Fraction(24000, 1001)
BT709 = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
FFmpeg = Callable[..., None]
Luma = list[NDArray[np.float32]]
SUBTITLES = "1\n00:00:00,100 --> 00:00:00,300\nHello\n"
CHAPTERS = """;FFMETADATA1
title=Old film
[CHAPTER]
TIMEBASE=1/1000
START=0
END=300
title=One
[CHAPTER]
TIMEBASE=1/1000
START=300
END=600
title=Two
"""


def needs(*plugins: str) -> None:
    for plugin in plugins:
        if not hasattr(vs.core, plugin):
            pytest.skip(f"VapourSynth's plugin {plugin} is not installed; `pip install -e .[dev]` has it")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where python, vspipe and ffmpeg are on the PATH, and nothing is written outside the tests' folder."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "ffmpeg").symlink_to(shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe())
    path = os.pathsep.join([str(folder), str(BIN), os.environ["PATH"]])
    cache = tmp_path_factory.mktemp("cache")
    return {**os.environ, "PATH": path, "VSREALBASICVSR_CACHE": str(cache), "XDG_CACHE_HOME": str(cache)}


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory, ffmpeg: FFmpeg) -> Path:
    """Eight frames of 48x32, a cut after five."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    first, second = "testsrc2=s=48x32:r=25:d=0.2", "testsrc=s=48x32:r=25:d=0.12"
    ffmpeg(
        *("-f", "lavfi", "-i", first, "-f", "lavfi", "-i", second, "-filter_complex", "concat"),
        *("-c:v", "ffv1", "-pix_fmt", "yuv420p", path),
    )
    return path


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, ffmpeg: FFmpeg) -> Path:
    """A variable rate, wide pixels, colour tags, a video that starts late, sound, subtitles, chapters."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "subtitles.srt").write_text(SUBTITLES, encoding="utf-8")
    (folder / "chapters.txt").write_text(CHAPTERS, encoding="utf-8")
    times = f"settb=1/1000,setpts='80+if(lt(N,5),N*40,N*80-200)',{BT709}"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=0.4", "-f", "lavfi", "-i", "sine=d=0.7"),
        *(
            "-i",
            folder / "subtitles.srt",
            "-i",
            folder / "chapters.txt",
            "-map",
            "0",
            "-map",
            "1",
            "-map",
            "2",
        ),
        *("-map_metadata", "3", "-map_chapters", "3", "-vf", times, "-fps_mode", "vfr", "-aspect", "16:9"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac", folder / "full.mkv"),
    )
    return folder / "full.mkv"


@pytest.fixture
def pipe(environment: dict[str, str], tmp_path: Path) -> Callable[..., Path]:
    """Run a script in vspipe on the CPU, into a y4m file beside the frames' properties."""

    def run(script: str, source: Path, model: Path, *arguments: str) -> Path:
        result = tmp_path / "result.y4m"
        given = ["-a", f"source={source}", "-a", f"model={model}", *arguments]
        if "device=cpu,cpu" not in arguments:
            given += ["-a", "device=cpu"]
        properties = ["--json", str(tmp_path / "properties.json")]
        done = vspipe(environment, *given, *properties, "-c", "y4m", EXAMPLES / script, result)
        assert done.returncode == 0, done.stderr
        return result

    return run


def vspipe(environment: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [BIN / "vspipe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def to_ffmpeg(
    environment: dict[str, str], folder: Path, *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run the shell script in a folder."""
    command = ["sh", EXAMPLES / "vspipe-to-ffmpeg.sh", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


def helper(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def video_frames(path: Path) -> list[av.VideoFrame]:
    with av.open(path) as container:
        return list(container.decode(video=0))


def lumas(path: Path) -> Luma:
    pictures = [(frame.to_ndarray(), frame) for frame in video_frames(path)]
    return [p.reshape(-1, frame.width)[: frame.height].astype(np.float32) for p, frame in pictures]


def rate(path: Path) -> Fraction:
    with av.open(path) as container:
        rate = container.streams.video[0].average_rate
        assert rate is not None
        return Fraction(rate.numerator, rate.denominator)


def samples_of(clip: vs.VideoNode) -> list[NDArray[Any]]:
    """Every frame's planes in a row."""
    rows = [[np.asarray(plane).ravel() for plane in frame] for frame in clip.frames(close=False)]
    return [np.concatenate(row) for row in rows]


def enlarged(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four times the size, bilinear, by PyTorch."""
    bigger = torch.nn.functional.interpolate(
        torch.from_numpy(luma)[None, None], scale_factor=4, mode="bilinear"
    )
    return bigger[0, 0].numpy()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_without_a_source_says_how_to_name_one(script: str, environment: dict[str, str]) -> None:
    done = vspipe(environment, "--info", EXAMPLES / script)
    assert done.returncode == 1
    assert done.stderr.rstrip().splitlines()[-1].startswith("vapoursynth.Error: ")
    assert "vspipe -a source=" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("script", "keywords", "arguments"),
    [
        ("web-rip.vpy", {"margin": 12}, ()),
        ("restore-then-2x.vpy", {"width": 96, "height": 64, "window": 3}, ("-a", "window=3")),
        ("two-gpus.vpy", {"window": 3}, ("-a", "window=3", "-a", "device=cpu,cpu")),
    ],
)
def test_a_script_gives_what_restore_gives(
    script: str,
    keywords: dict[str, Any],
    arguments: tuple[str, ...],
    film: Path,
    tiny_model: Path,
    pipe: Callable[..., Path],
) -> None:
    made = video_frames(pipe(script, film, tiny_model, *arguments))
    expected = samples_of(restore(open_source(str(film)), "cpu", tiny_model, cuts="detect", **keywords))
    assert len(made) == 8
    for frame, samples in zip(made, expected, strict=True):
        np.testing.assert_array_equal(frame.to_ndarray().ravel(), samples)


@pytest.mark.parametrize("telecine", ["hard", "soft"])
def test_a_telecined_film_gives_its_own_frames(
    telecine: str,
    identity_model: Path,
    pipe: Callable[..., Path],
    ffmpeg: FFmpeg,
    tmp_path: Path,
) -> None:
    needs("vivtc", "bwdif")
    own, coded, disc = tmp_path / "own.mkv", tmp_path / "coded.m2v", tmp_path / "disc.mkv"
    picture = ("-f", "lavfi", "-i", f"testsrc2=s=96x64:r={NTSC_FILM}", "-pix_fmt", "yuv420p", "-frames:v")
    ffmpeg(*picture, "8", "-c:v", "ffv1", own)
    mpeg2 = ("-c:v", "mpeg2video", "-q:v", "1", "-bf", "0", "-flags", "+ildct+ilme")
    if telecine == "hard":
        ffmpeg(*picture, "10", "-vf", "telecine=first_field=top:pattern=23", *mpeg2, coded)
    else:
        ffmpeg("-r", "30000/1001", "-i", own, *mpeg2, coded)
        coded.write_bytes(with_repeated_fields(coded.read_bytes()))
    ffmpeg("-fflags", "+genpts", "-r", "30000/1001", "-i", coded, "-c", "copy", disc)
    restored = pipe("dvd-film.vpy", disc, identity_model)
    assert rate(restored) == NTSC_FILM
    film = [enlarged(luma) for luma in lumas(own)]
    distances = [[float(np.abs(frame - luma).mean()) for luma in film] for frame in lumas(restored)]
    assert [np.argmin(row) for row in distances] == list(range(8))
    assert max(min(row) for row in distances) < 2


def with_repeated_fields(stream: bytes) -> bytes:
    """MPEG-2 pictures marked as soft telecine does: 2, 3, 2, 3 fields, after ISO 13818-2, 6.2.3.1."""
    coded, number, at = bytearray(stream), 0, -1
    while (at := coded.find(b"\0\0\1\xb5", at + 1)) >= 0:
        if coded[at + 4] >> 4 != 8:  # another extension
            continue
        top_first, repeats = number % 4 < 2, number % 2
        coded[at + 7] = coded[at + 7] & ~0x82 | top_first << 7 | repeats << 1
        coded[at + 8] |= 0x80  # progressive_frame
        number += 1
    return bytes(coded)


def test_an_interlaced_recording_gives_a_frame_for_each_field(
    identity_model: Path, pipe: Callable[..., Path], ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    needs("bwdif")
    fields, tape = tmp_path / "fields.mkv", tmp_path / "tape.mpg"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=50:d=0.24", "-c:v", "ffv1", "-pix_fmt", "yuv420p", fields)
    )
    interlace = ("-vf", "tinterlace=interleave_top", "-flags", "+ildct+ilme", "-r", "25", "-q:v", "1")
    ffmpeg("-i", fields, *interlace, "-c:v", "mpeg2video", tape)
    restored = pipe("dvd-video.vpy", tape, identity_model)
    assert rate(restored) == 50
    moments = [enlarged(luma) for luma in lumas(fields)]
    distances = [[float(np.abs(frame - luma).mean()) for luma in moments] for frame in lumas(restored)]
    assert [np.argmin(row) for row in distances] == list(range(12))


def test_anime_is_restored_from_the_size_it_was_drawn_in(
    identity_model: Path, pipe: Callable[..., Path], ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    """An enlargement by Catmull-Rom is undone: what is left of the drawing is itself, enlarged bilinearly."""
    needs("descale")
    show, drawing = tmp_path / "show.mkv", tmp_path / "drawing.mkv"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.12", "-pix_fmt", "yuv444p", "-c:v", "ffv1")
    ffmpeg(*source, drawing)
    ffmpeg(*source, "-vf", "scale=96:72:flags=bicubic+accurate_rnd:param0=0:param1=0.5", show)
    restored = pipe("anime.vpy", show, identity_model, "-a", "native_height=48")
    for frame, luma in zip(lumas(restored), lumas(drawing), strict=True):
        assert frame.shape == (192, 256)
        inside = np.s_[16:-16, 16:-16]
        assert np.abs(frame - enlarged(luma))[inside].mean() < 1


def test_anime_gets_no_halos(film: Path, tiny_model: Path, pipe: Callable[..., Path]) -> None:
    """Nothing is brighter or darker than the source within a pixel of it; the network alone is."""
    restored = lumas(pipe("anime.vpy", film, tiny_model))
    free = restore(open_source(str(film)), "cpu", tiny_model, cuts="detect", strength=0.7)
    without = [np.asarray(frame[0]).astype(np.float32) for frame in free.frames()]
    worst = 0.0
    for frame, unbounded, source in zip(restored, without, lumas(film), strict=True):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(source, 1, mode="edge"), (3, 3))
        low, high = enlarged(around.min((2, 3))), enlarged(around.max((2, 3)))
        assert (frame >= low - 1).all()
        assert (frame <= high + 1).all()
        worst = max(worst, float((unbounded - high).max()), float((low - unbounded).max()))
    assert worst > 2


def test_a_scan_of_film_keeps_some_of_its_grain(
    film: Path, tiny_model: Path, pipe: Callable[..., Path], tmp_path: Path
) -> None:
    made = video_frames(pipe("film-16mm.vpy", film, tiny_model))
    source = open_source(str(film))
    keywords: dict[str, Any] = {"refine": 1.5, "max_passes": 2, "strength": 0.8}
    restored = samples_of(restore(source, "cpu", tiny_model, cuts="detect", **keywords))
    scan = samples_of(source.resize.Lanczos(192, 128))
    for frame, without, grain in zip(made, restored, scan, strict=True):
        luma = slice(192 * 128)
        mixed = 0.85 * without[luma] + 0.15 * grain[luma]
        np.testing.assert_allclose(frame.to_ndarray().ravel()[luma], mixed, atol=1)
        np.testing.assert_array_equal(frame.to_ndarray().ravel()[192 * 128 :], without[192 * 128 :])
    properties = json.loads((tmp_path / "properties.json").read_text(encoding="utf-8"))
    assert max(frame["RealBasicVSRPasses"] for frame in properties) == 2


def test_the_preview_shows_the_source_beside_the_restored_clip(
    film: Path, tiny_model: Path, environment: dict[str, str], pipe: Callable[..., Path]
) -> None:
    assert [(frame.width, frame.height) for frame in video_frames(pipe("preview.vpy", film, tiny_model))] == [
        (384, 128)
    ] * 8
    for output in ("1", "2"):
        given = ("-a", f"source={film}", "-a", f"model={tiny_model}")
        done = vspipe(environment, "--info", "-o", output, *given, EXAMPLES / "preview.vpy")
        assert {"Width: 192", "Height: 128", "Frames: 8"} <= set(done.stdout.splitlines())


def test_a_whole_film_comes_out_of_the_pipe(
    full: Path, tiny_model: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    """With the time of every frame, its sound, subtitles, chapters, title, colour tags and shape."""
    restored = tmp_path / "restored.mkv"
    source = os.path.relpath(full, tmp_path)
    given = ("-a", f"model={tiny_model}", "-a", "device=cpu")
    done = to_ffmpeg(environment, tmp_path, EXAMPLES / "web-rip.vpy", source, restored.name, *given)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [restored]
    assert [frame.time for frame in video_frames(restored)] == [frame.time for frame in video_frames(full)]
    with av.open(full) as before, av.open(restored) as after:
        assert [stream.type for stream in after.streams] == ["video", "audio", "subtitle"]
        assert after.metadata["title"] == "Old film"
        assert after.chapters() == before.chapters()
        video = after.streams.video[0]
        assert (video.width, video.height) == (192, 128)
        assert video.display_aspect_ratio == Fraction(16, 9)
        first = next(after.decode(video=0))
        assert (first.colorspace, first.color_primaries, first.color_trc, first.color_range) == (1, 1, 1, 1)
        assert first.chroma_location == 1
    assert packets(restored, "audio") == packets(full, "audio")
    assert packets(restored, "subtitle") == packets(full, "subtitle")


def packets(path: Path, kind: str) -> list[tuple[int | None, bytes]]:
    with av.open(path) as container:
        (stream,) = (stream for stream in container.streams if stream.type == kind)
        return [(packet.pts, bytes(packet)) for packet in container.demux(stream) if packet.size]


def test_a_script_that_fails_halfway_leaves_no_result(
    full: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    script, result = tmp_path / "fails.vpy", tmp_path / "result.mkv"
    script.write_text(
        "import vapoursynth as vs\n"
        "clip = vs.core.std.BlankClip(format=vs.YUV420P8, width=48, height=32, length=8)\n"
        "clip.std.FrameEval(lambda n: clip if n < 5 else None).set_output()\n",
        encoding="utf-8",
    )
    done = to_ffmpeg(environment, tmp_path, script, full, result)
    assert done.returncode != 0
    assert "Failed to retrieve frame 5" in done.stderr
    assert not result.exists()


def test_what_is_no_video_leaves_no_result(environment: dict[str, str], tmp_path: Path) -> None:
    text, result = tmp_path / "text.txt", tmp_path / "result.mkv"
    text.write_text("no video", encoding="utf-8")
    done = to_ffmpeg(environment, tmp_path, EXAMPLES / "web-rip.vpy", text, result)
    assert (done.returncode, done.stderr) == (
        1,
        f"cannot read {text}: Invalid data found when processing input.\n",
    )
    assert not result.exists()


def test_tags_that_are_missing_are_those_the_filter_assumes(film: Path, tiny_model: Path) -> None:
    done = helper("source-tags.py", film)
    restored = restore(open_source(str(film)), "cpu", tiny_model, window=1, margin=0)
    assert restored.get_frame(0).props["_Matrix"] == 6
    tags = "setparams=colorspace=6:color_primaries=6:color_trc=1:range=1"
    assert done.stdout == f"filters={tags},setdar=3/2 location=1 start=0.000000\n"


def test_times_for_other_frames_are_refused(film: Path, tmp_path: Path) -> None:
    times = tmp_path / "times.txt"
    times.write_text("# timecode format v2\n0\n40\n", encoding="ascii")
    done = helper("set-timecodes.py", film, times, tmp_path / "timed.mkv")
    assert (done.returncode, done.stderr) == (1, f"{film} has 8 frames, but {times} has 2 times.\n")
    assert not (tmp_path / "timed.mkv").exists()
