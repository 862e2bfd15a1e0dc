"""`vsrealbasicvsr encode`: scripts into the real ffmpegs, compared with vspipe and with what they say."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.ffmpeg.bridge_runs import own_sentences
from tests.ffmpeg.look import look
from tests.ffmpeg.programs import FFMPEGS
from tests.vspipe import PROGRAMS, vspipe_program
from vsrealbasicvsr.ffmpeg.halves.hdr import LOST
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg
from vsrealbasicvsr.ffmpeg.script.encode import encode_script

TAGGED = """
import vapoursynth as vs
clip = vs.core.std.BlankClip(width=64, height=48, format=vs.YUV420P10, length=9, fpsnum=24000, fpsden=1001)
clip = clip.std.SetFrameProps(
    _Matrix=9, _Primaries=9, _Transfer=16, _Range=0, _ChromaLocation=2, _SARNum=16, _SARDen=11,
    MasteringDisplayPrimariesX=[.708, .17, .131], MasteringDisplayPrimariesY=[.292, .797, .046],
    MasteringDisplayWhitePointX=.3127, MasteringDisplayWhitePointY=.329,
    MasteringDisplayMinLuminance=.0001, MasteringDisplayMaxLuminance=1000.,
    ContentLightLevelMax=1000, ContentLightLevelAverage=400,
)
def last(n, f):
    f = f.copy()
    if n % 3 == 0:
        f.props["_DurationNum"], f.props["_DurationDen"] = 1, 10
    return f
clip.std.ModifyFrame(clip, last).set_output()
"""
NOISY = """
import vapoursynth as vs
clip = vs.core.std.BlankClip(width=60, height=50, format=vs.GRAY16, length=4)
clip = vs.core.akarin.Expr(clip, "X 977 * Y 1453 * + N 7919 * + 65536 %")
if vs.{format}.name.startswith("RGB"):
    planes = [clip, clip.std.FlipHorizontal(), clip.std.FlipVertical()]
    clip = vs.core.std.ShufflePlanes(planes, [0, 0, 0], vs.RGB)
    clip = clip.resize.Point(format=vs.{format}, dither_type="none")
else:
    clip = clip.resize.Point(format=vs.{format}, matrix=1)
    if clip.format.num_planes == 3:
        clip = vs.core.akarin.Expr(clip, ["", "X 131 * Y 71 * + N 37 * + 251 % 2 +"])
clip.set_output(3)
"""


def encode(
    *arguments: str | Path, ffmpeg: str, check: bool = True, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [PROGRAMS / "vsrealbasicvsr", "encode", "--ffmpeg", ffmpeg, *arguments]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, cwd=folder, errors="replace"
    )
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def written(folder: Path, text: str) -> Path:
    path = folder / "film.vpy"
    path.write_text(text)
    return path


def decoded_md5(ffmpeg: str, *arguments: str | Path) -> list[str]:
    words = [ffmpeg, "-v", "error", *map(str, arguments), "-f", "framemd5", "-"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [line.split(",")[-1].strip() for line in said.splitlines() if not line.startswith("#")]


def test_frames_last_as_long_as_they_say(ffmpeg: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    encode_script(written(tmp_path, TAGGED), ["-c:v", "ffv1", str(film)], ffmpeg=ffmpeg)
    with av.open(film) as container:
        times = [
            packet.pts * packet.time_base for packet in container.demux(video=0) if packet.pts is not None
        ]
    lengths = [Fraction(1, 10), Fraction(1001, 24000), Fraction(1001, 24000)] * 3
    expected = [sum(lengths[:n], Fraction(0)) for n in range(9)]
    assert [round(1000 * time) for time in times] == [round(1000 * time) for time in expected]


def test_an_older_ffmpegs_word_for_a_constant_rate_counts(tmp_path: Path) -> None:
    old = [path for path in FFMPEGS.values() if FFmpeg.find(path).major < 9]
    if not old:
        pytest.skip("-vsync is gone since FFmpeg 9, and there is no older ffmpeg here")
    film = tmp_path / "film.mkv"
    encode_script(written(tmp_path, TAGGED), ["-vsync", "cfr", "-c:v", "ffv1", str(film)], ffmpeg=old[0])
    times = look(film).times
    assert {round(1000 * (b - a)) for a, b in itertools.pairwise(times)} <= {41, 42}


def test_tags_shape_and_light_arrive(ffmpeg: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    encode_script(written(tmp_path, TAGGED), ["-c:v", "ffv1", str(film)], ffmpeg=ffmpeg)
    picture = look(film).picture
    assert (picture["colour"], picture["shape"]) == ((1, 9, 9, 16), "16/11")


@pytest.mark.parametrize(
    ("format", "carried"),
    [
        ("YUV420P8", "yuv420p"),
        ("YUV422P10", "yuv422p10le"),
        ("YUV444P16", "yuv444p16le"),
        ("YUV411P8", "yuv411p"),
        ("GRAY8", "gray"),
        ("GRAY16", "gray16le"),
        ("RGB24", "gbrp"),
        ("RGB48", "gbrp16le"),
    ],
)
def test_pixels_are_those_that_vspipe_gives(ffmpeg: str, tmp_path: Path, format: str, carried: str) -> None:
    script = written(tmp_path, NOISY.replace("{format}", format))
    film = tmp_path / "film.nut"
    assert encode_script(script, ["-c:v", "rawvideo", str(film)], output=3, ffmpeg=ffmpeg) == 0
    raw = tmp_path / "film.raw"
    with raw.open("wb") as file:
        subprocess.run([vspipe_program(), "-o", "3", script, "-"], stdout=file, check=True)
    plain = ("-f", "rawvideo", "-pix_fmt", carried, "-s", "60x50", "-i", raw)
    assert decoded_md5(ffmpeg, "-i", film, "-pix_fmt", carried) == decoded_md5(ffmpeg, *plain)


@pytest.mark.parametrize(("format", "carried"), [("YUV440P10", "yuv444p10le"), ("RGBS", "gbrp16le")])
def test_other_formats_are_converted_without_loss_of_depth(
    ffmpeg: str, tmp_path: Path, format: str, carried: str
) -> None:
    text = TAGGED.replace("vs.YUV420P10", "vs.core.query_video_format(vs.YUV, vs.INTEGER, 10, 0, 1).id")
    text = text if format == "YUV440P10" else TAGGED.replace("vs.YUV420P10", "vs.RGBS")
    script = written(tmp_path, text.replace("_Matrix=9, ", ""))
    assert encode_script(script, ["-c:v", "ffv1", str(tmp_path / "film.mkv")], ffmpeg=ffmpeg) == 0
    with av.open(tmp_path / "film.mkv") as film:
        assert film.streams.video[0].pix_fmt == carried


def test_other_inputs_stand_behind_the_clip(ffmpeg: str, tmp_path: Path) -> None:
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-map", "0:v", "-map", "1:a")
    encode(
        written(tmp_path, TAGGED), "--", *sound, "-c:v", "ffv1", "-c:a", "flac", "film.mkv",
        ffmpeg=ffmpeg, folder=tmp_path,
    )  # fmt: skip
    with av.open(tmp_path / "film.mkv") as film:
        assert [stream.codec_context.name for stream in film.streams] == ["ffv1", "flac"]


def test_the_script_finds_arguments_and_its_own_folder(ffmpeg: str, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "length.txt").write_text("3")
    text = "import vapoursynth as vs, pathlib\nn = int(pathlib.Path('length.txt').read_text()) + int(more)\n"
    text += "vs.core.std.BlankClip(width=64, height=48, format=vs.GRAY8, length=n).set_output()"
    script = written(tmp_path / "beside", text)
    encode("-a", "more=2", script, "--", "-c:v", "ffv1", "film.mkv", ffmpeg=ffmpeg, folder=tmp_path)
    assert len(decoded_md5(ffmpeg, "-i", tmp_path / "film.mkv")) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("this is no Python", "is no Python"),
        ("x = 1\nraise ValueError('the tape is wet')", "line 2: the tape is wet"),
        ("import sys\nsys.exit('no tape')", "line 2: no tape"),
        ("x = 1", "has no output 0; it has none: end it with set_output()"),
        ("import vapoursynth as vs\nvs.core.std.BlankClip().set_output(4)", "no output 0; it has 4"),
        ("import vapoursynth as vs\nvs.core.std.BlankAudio().set_output()", "is sound"),
        (
            "import vapoursynth as vs\nc = vs.core.std.BlankClip\n"
            "vs.core.std.Splice([c(width=64), c(width=32)], mismatch=1).set_output()",
            "changes its format or size",
        ),
    ],
)
def test_scripts_that_cannot_be_used(ffmpeg: str, tmp_path: Path, text: str | None, sentence: str) -> None:
    script = tmp_path / "film.vpy"
    if text is not None:
        script.write_text(text)
    done = encode(script, "--", tmp_path / "film.mkv", ffmpeg=ffmpeg, check=False)
    assert done.returncode == 1
    (said,) = own_sentences(done.stderr)
    assert sentence in said
    assert [path.name for path in tmp_path.iterdir()] == ["film.vpy"] * (text is not None)


def test_an_encoder_is_tried_before_a_frame_is_made(ffmpeg: str, tmp_path: Path) -> None:
    text = TAGGED.replace("def last(n, f):", "def last(n, f):\n    open('made', 'w')")
    done = encode(
        written(tmp_path, text), "--", "-c:v", "libnone", tmp_path / "film.mkv", ffmpeg=ffmpeg, check=False
    )
    assert done.returncode != 0
    assert "libnone" in done.stderr
    assert not (tmp_path / "made").exists()


def test_a_frame_that_fails_leaves_nothing_that_looks_whole(ffmpeg: str, tmp_path: Path) -> None:
    text = TAGGED.replace("    if n % 3", "    if n == 6:\n        raise ValueError('a hole')\n    if n % 3")
    done = encode(
        written(tmp_path, text), "--", "-c:v", "ffv1", tmp_path / "film.mkv", ffmpeg=ffmpeg, check=False
    )
    assert done.returncode == 1
    assert any("cannot be made: ValueError: a hole" in line for line in own_sentences(done.stderr))
    assert not (tmp_path / "film.mkv").exists()


def test_ctrl_c_ends_both_and_keeps_what_is_done(ffmpeg: str, tmp_path: Path) -> None:
    slow = TAGGED.replace("length=9", "length=999").replace("f = f.copy()", "f = f.copy(); time.sleep(0.05)")
    script = written(tmp_path, "import time\n" + slow)
    words = [
        PROGRAMS / "vsrealbasicvsr",
        "encode",
        "--ffmpeg",
        ffmpeg,
        script,
        "--",
        "-c:v",
        "ffv1",
        "-g",
        "1",
    ]
    with subprocess.Popen(
        [*map(str, words), str(tmp_path / "film.mkv")], stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        partial = tmp_path / "film.partial.mkv"
        until = time.monotonic() + 60
        while not partial.exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        os.kill(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert b"Traceback" not in said
    assert b"they are in" in said
    assert not (tmp_path / "film.mkv").exists()
    assert 2 < len(decoded_md5(ffmpeg, "-i", partial)) < 999


def test_rgb_that_ffmpeg_would_convert_is_told(ffmpeg: str, tmp_path: Path) -> None:
    script = written(tmp_path, TAGGED.replace("vs.YUV420P10", "vs.RGB24").replace("_Matrix=9", "_Matrix=0"))
    done = encode(script, "--", "-pix_fmt", "yuv420p", tmp_path / "film.mkv", ffmpeg=ffmpeg)
    assert any("BT.601" in line for line in own_sentences(done.stderr))
    done = encode(script, "--", "-c:v", "ffv1", tmp_path / "kept.mkv", ffmpeg=ffmpeg)
    assert set(own_sentences(done.stderr)) <= {f"vsrealbasicvsr: {LOST}"}


def test_dry_run_prints_a_command_that_works(ffmpeg: str, tmp_path: Path) -> None:
    script = written(tmp_path, TAGGED)
    done = encode("--dry-run", script, "--", "-c:v", "ffv1", tmp_path / "film.mkv", ffmpeg=ffmpeg)
    assert done.stdout.startswith(ffmpeg)
    assert "pipe:0" in done.stdout
    assert not (tmp_path / "film.mkv").exists()


def test_what_a_script_prints_stays_out_of_a_pipe(ffmpeg: str, tmp_path: Path) -> None:
    script = written(tmp_path, "print('good evening')\n" + TAGGED)
    words = [
        PROGRAMS / "vsrealbasicvsr",
        "encode",
        "--ffmpeg",
        ffmpeg,
        script,
        "--",
        "-c:v",
        "ffv1",
        "-f",
        "nut",
    ]
    with (tmp_path / "film.nut").open("wb") as file:
        command = [*map(str, words), "-"]
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=True, cwd=tmp_path)
    assert b"good evening" in done.stderr
    assert len(look(tmp_path / "film.nut").times) == 9


def test_hdr10_reaches_a_current_ffmpeg(ffmpeg: str, tmp_path: Path) -> None:
    version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout
    major = int(version.partition("libavcodec")[2].split(".")[0]) - 54
    film = tmp_path / "film.mkv"
    encode_script(written(tmp_path, TAGGED), ["-c:v", "ffv1", str(film)], ffmpeg=ffmpeg)
    light = ["CONTENT_LIGHT_LEVEL", "MASTERING_DISPLAY_METADATA"]
    assert look(film).picture["side data"] == (light if major >= 9 else [])
