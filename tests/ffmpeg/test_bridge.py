"""What users do with the bridge beside restoring a file: scripts, Python, images, two outputs, questions."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import av
import ffmpeg as ffmpeg_python
import numpy as np
import pytest
from torch import Tensor

import vsrealbasicvsr.ffmpeg
from tests.conftest import EXAMPLE_CLIP
from tests.ffmpeg.bridge_runs import ROOT, run_bridge, run_plain
from tests.ffmpeg.clips import Clips
from tests.ffmpeg.look import look
from tests.ffmpeg.programs import FFMPEGS, with_ffmpeg_on_the_path
from tests.ffmpeg.stand_in import Nearest, open_nearest
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import CommandFailedError, GraphError, RestorationError
from vsrealbasicvsr.ffmpeg.bridge import run_command
from vsrealbasicvsr.settings import Settings

NEAREST = "scale=4*iw:4*ih:flags=neighbor"
PLUGINS = Path(__file__).parents[2] / "plugins" / "ffmpeg"


def run(ffmpeg: str, *arguments: str | Path) -> None:
    words = ["-v", "error", *map(str, arguments)]
    assert run_command(words, ffmpeg=ffmpeg, open_restorer=open_nearest) == 0


class Recorder(Nearest):
    """Remembers the settings and cuts that it was given."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.cuts: Container[int] = ()

    def stream(
        self,
        frames: Iterable[Tensor],
        cuts: Container[int] = (),
        *,
        on_cleaned: Callable[..., None] | None = None,
        first: int = 0,
        core_start: int | None = None,
    ) -> Iterator[Tensor]:
        self.cuts = cuts
        return super().stream(frames, cuts, on_cleaned=on_cleaned)


@pytest.mark.parametrize("arguments", [("-c", "copy"), ("-c:v", "nosuchencoder"), ("-vf", "nosuchfilter")])
def test_a_command_without_the_node_is_ffmpegs_own(
    clips: Clips, ffmpeg: str, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    words = ["-v", "error", "-i", clips["good.mkv"], *arguments, "-fflags", "+bitexact"]
    ours = run_bridge(*words, tmp_path / "ours.mkv", ffmpeg=ffmpeg, check=False)
    command = [ffmpeg, *map(str, words), str(tmp_path / "plain.mkv")]
    plain = subprocess.run(command, capture_output=True, check=False)
    assert ours.returncode == plain.returncode
    assert (tmp_path / "ours.mkv").exists() == (tmp_path / "plain.mkv").exists()
    if ours.returncode == 0:
        assert (tmp_path / "ours.mkv").read_bytes() == (tmp_path / "plain.mkv").read_bytes()


@pytest.mark.parametrize(
    "spelling",
    [
        *("-filter_complex_script", "-/filter_complex", "-/lavfi"),
        *("-filter_script:v", "-filter_script:v:0", "-/vf", "-/filter:v"),
    ],
)
def test_scripts_of_every_spelling_run_on_every_version(
    clips: Clips, ffmpeg: str, tmp_path: Path, spelling: str
) -> None:
    script = tmp_path / "film's filters.txt"
    script.write_text(
        "\ufeff# a note, with 'a quote\r\ncrop=40:30,\r\n  # more\r\n realbasicvsr=window=4\r\n"
    )
    run(ffmpeg, "-i", clips["good.mkv"], spelling, script, "-c:v", "ffv1", tmp_path / "out.mkv")
    assert look(tmp_path / "out.mkv").picture["size"] == (160, 120)


@pytest.mark.parametrize("script", sorted(PLUGINS.iterdir()), ids=lambda path: path.stem)
def test_the_ready_scripts_run(clips: Clips, ffmpeg: str, tmp_path: Path, script: Path) -> None:
    source = clips["good.mkv" if script.stem in ("web-rip", "anime") else "interlaced.mpg"]
    run(ffmpeg, "-i", source, "-filter_script:v", script, "-c:v", "ffv1", tmp_path / "out.mkv")
    assert len(look(tmp_path / "out.mkv").times) > 4


def test_help_needs_no_ffmpeg(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["-vf", "realbasicvsr=help"], ffmpeg="/no/such/ffmpeg") == 0
    assert "refine" in capsys.readouterr().out


def test_a_dry_run_prints_commands_that_can_be_pasted(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    target = tmp_path / "it's out.mkv"
    done = run_bridge(
        "--dry-run", "-i", clips["anamorphic.mkv"], "-vf", "realbasicvsr,setsar=1", "-c:v", "ffv1", target,
        ffmpeg=ffmpeg,
    )  # fmt: skip
    decode, note, encode = done.stdout.splitlines()
    assert note.startswith("# realbasicvsr")
    piped = ["sh", "-c", f"{decode} | {encode}"]
    subprocess.run(piped, check=True, stderr=subprocess.DEVNULL, cwd=ROOT)
    assert len(look(tmp_path / "it's out.partial.mkv").times) == 10
    assert not target.exists()


@pytest.mark.parametrize(
    ("graph", "cuts"),
    [
        ("realbasicvsr", {13}),
        ("scdet=threshold=8,realbasicvsr", {13}),
        ("scdet=threshold=99,realbasicvsr", set()),
        (r"select=gte(scene\,0),realbasicvsr", {13}),
        ("realbasicvsr=cuts=none", set()),
        ("realbasicvsr=cuts={}", {5, 13}),
    ],
)
def test_cuts_are_found_or_given(ffmpeg: str, tmp_path: Path, graph: str, cuts: set[int]) -> None:
    (tmp_path / "cuts.txt").write_text("5\n13\n", encoding="utf-8")
    made: list[Recorder] = []

    def record(settings: Settings) -> Restorer:
        made.append(Recorder(settings))
        return cast(Restorer, made[-1])

    graph = f"scale=64:36,{graph.format(tmp_path / 'cuts.txt')}"
    words = ["-v", "error", "-i", str(EXAMPLE_CLIP), "-vf", graph, "-c:v", "ffv1", str(tmp_path / "o.mkv")]
    assert run_command(words, ffmpeg=ffmpeg, open_restorer=record) == 0
    assert made[0].cuts == cuts


def test_two_outputs_of_one_restoration(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    graph = "[0:v]realbasicvsr,split[a][b];[b]scale=iw/2:ih/2[c]"
    large, small = tmp_path / "large.mkv", tmp_path / "small.mp4"
    run(
        ffmpeg, "-i", clips["good.mp4"], "-filter_complex", graph,
        *("-map", "[a]", "-map", "0:a", "-c:a", "copy", "-c:v", "ffv1", large),
        *("-map", "[c]", "-c:v", "libx264", small),
    )  # fmt: skip
    assert look(large).picture["size"] == (256, 192)
    assert [track["kind"][0] for track in look(large).tracks] == ["video", "audio"]
    assert look(small).picture["size"] == (128, 96)
    assert len(look(small).times) == len(look(large).times) == len(look(clips["good.mp4"]).times)


def test_images_in_and_out(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    run_plain("-i", clips["good.mkv"], "-frames:v", "4", tmp_path / "in%03d.png", ffmpeg=ffmpeg)
    source = ("-framerate", "12", "-start_number", "2", "-i", tmp_path / "in%03d.png")
    out, plain = tmp_path / "out%02d.png", tmp_path / "plain%02d.png"
    run(ffmpeg, *source, "-vf", "realbasicvsr", "-start_number", "7", out)
    run_plain(*source, "-vf", NEAREST, "-start_number", "7", plain, ffmpeg=ffmpeg)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out07.png", "out08.png", "out09.png"]
    for number in (7, 8, 9):
        a, b = (look(tmp_path / f"{name}{number:02}.png").luma[0] for name in ("out", "plain"))
        assert np.mean(np.abs(a - b) <= 1) > 0.99


@pytest.mark.parametrize(
    "format",
    [
        *("yuv410p", "yuv411p", "yuv440p", "nv12", "p010le", "yuyv422", "uyvy422", "yuv422p12le"),
        *("gray16le", "yuv444p14le", "yuv440p10le", "yuva420p"),
    ],
)
def test_pictures_of_every_kind_arrive_as_they_are(
    clips: Clips, ffmpeg: str, tmp_path: Path, format: str
) -> None:
    last = "format=yuv444p16le" if "yuv" in format or "gray" not in format else "null"
    common = ("-c:v", "ffv1", "-frames:v", "2")
    ours, plain = tmp_path / "ours.mkv", tmp_path / "plain.mkv"
    run(ffmpeg, "-i", clips["good.mkv"], "-vf", f"format={format},realbasicvsr,{last}", *common, ours)
    words = ("-i", clips["good.mkv"], "-vf", f"format={format},{NEAREST},{last}", *common, plain)
    run_plain(*words, ffmpeg=ffmpeg)
    step = 1 << (8 if look(plain).luma[0].max() > 255 else 0)
    for a, b in zip(look(ours).luma, look(plain).luma, strict=True):
        assert np.mean(np.abs(a - b) <= step) > 0.99


def test_graphs_of_ffmpeg_python_run(clips: Clips, tmp_path: Path, ffmpeg: str) -> None:
    source = ffmpeg_python.input(str(clips["good.mp4"]))
    video = source.video.crop(0, 0, 40, 30).filter("realbasicvsr", refine=3).filter("scale", 80, -2)
    stream = ffmpeg_python.output(
        video, source.audio, str(tmp_path / "out.mkv"), acodec="copy", vcodec="ffv1"
    )
    words = vsrealbasicvsr.ffmpeg.compile(stream, overwrite_output=True)
    assert words[:2] == ["vsrealbasicvsr", "ffmpeg"]
    run(ffmpeg, *words[2:])
    seen = look(tmp_path / "out.mkv")
    assert seen.picture["size"] == (80, 60)
    assert [track["kind"][0] for track in seen.tracks] == ["video", "audio"]


def test_ffmpeg_python_finds_us_as_its_command(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ffmpeg_on_the_path(tmp_path / "bin", monkeypatch)
    stream = ffmpeg_python.input(str(clips["one.mkv"])).filter("realbasicvsr", window=1)
    stream = stream.output(str(tmp_path / "out.mkv"), vcodec="ffv1")
    stream.run(cmd=["vsrealbasicvsr", "ffmpeg"], quiet=True)
    assert look(tmp_path / "out.mkv").picture["size"] == (256, 192)


def test_from_python_a_failure_is_an_error_that_can_be_pickled(
    clips: Clips, tmp_path: Path, ffmpeg: str
) -> None:
    stream = ffmpeg_python.input(str(clips["one.mkv"])).filter("realbasicvsr").output(str(tmp_path / "o.xyz"))
    with pytest.raises(RestorationError):
        vsrealbasicvsr.ffmpeg.run(stream, ffmpeg=ffmpeg)
    again = pickle.loads(pickle.dumps(CommandFailedError(8)))
    assert (again.code, str(again)) == (8, str(CommandFailedError(8)))
    with pytest.raises(TypeError, match="ffmpeg-python"):
        vsrealbasicvsr.ffmpeg.run(cast(Any, "a text"))


def test_a_graph_that_is_too_long_is_told(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    script = tmp_path / "long.txt"
    script.write_text("null," * 40_000 + "realbasicvsr", encoding="utf-8")
    done = run_bridge(
        "-i", clips["one.mkv"], "-filter_script:v", script, tmp_path / "o.mkv", ffmpeg=ffmpeg, check=False
    )
    assert done.returncode == 1
    assert "Argument list too long" in done.stderr


def test_progress_and_quiet_are_ffmpegs(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    words = ("-i", clips["good.mkv"], "-vf", "realbasicvsr", "-c:v", "ffv1")
    done = run_bridge("-v", "quiet", "-progress", "pipe:1", *words, tmp_path / "out.mkv", ffmpeg=ffmpeg)
    assert done.stdout.rstrip().endswith("progress=end")
    assert done.stderr == ""


def test_the_output_may_be_a_pipe(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    words = [
        "-v",
        "error",
        "-i",
        str(clips["good.mkv"]),
        "-vf",
        "realbasicvsr",
        "-c:v",
        "ffv1",
        "-f",
        "nut",
        "-",
    ]
    command = [sys.executable, "-m", "tests.ffmpeg.stand_in", "--ffmpeg", ffmpeg, *words]
    with (tmp_path / "out.nut").open("wb") as file:
        subprocess.run(command, stdout=file, check=True, cwd=ROOT, env={**os.environ})
    assert look(tmp_path / "out.nut").picture["size"] == (256, 192)


def test_a_cover_is_carried_beside_the_restored_picture(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    words = ("-map", "0", "-vf", "realbasicvsr", "-c:v", "ffv1", "-c:a", "copy")
    run(ffmpeg, "-i", clips["cover.mp4"], *words, tmp_path / "out.mkv")
    assert look(tmp_path / "out.mkv").picture["size"] == (256, 192)
    with av.open(tmp_path / "out.mkv") as film, av.open(clips["one.png"]) as cover:
        assert [stream.codec.name for stream in film.streams.video] == ["ffv1", "png"]
        (packet,) = (packet for packet in film.demux(video=1) if packet.size)
        assert bytes(packet) == bytes(next(cover.demux(video=0)))


def test_what_is_written_beside_the_outputs_is_written_once(
    clips: Clips, ffmpeg: str, tmp_path: Path
) -> None:
    """FFmpeg would refuse to write an attachment that is there, and count the pictures of all runs."""
    font, statistics = tmp_path / "font.ttf", tmp_path / "statistics.txt"
    words = ("-dump_attachment:t:0", font, "-i", clips["tracks.mkv"], "-vstats_file", statistics)
    run(ffmpeg, *words, "-vf", "realbasicvsr", "-c:v", "mpeg4", "-an", tmp_path / "out.mkv")
    assert font.read_bytes() == b"not really a font"
    assert len(statistics.read_text().splitlines()) == len(look(tmp_path / "out.mkv").times)


def test_help_within_a_graph_makes_no_film(
    clips: Clips, ffmpeg: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = "[0:v]crop=8:8,realbasicvsr=help[v]"
    run(ffmpeg, "-i", clips["one.mkv"], "-filter_complex", graph, "-map", "[v]", tmp_path / "out.mkv")
    assert "Filter realbasicvsr" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (("-f", "lavfi", "-i", "testsrc=d=1,realbasicvsr", "{}"), "an input's graph"),
        (("-i", "a.mkv", "-filter", "realbasicvsr", "-an", "{}"), "-filter"),
        (("-i", "a.mkv", "-filter:a", "realbasicvsr", "{}"), "-filter:a"),
        (("-vf", "realbasicvsr", "-i", "a.mkv", "{}"), "-vf of an input"),
        (("-i", "a.mkv", "{}", "-vf", "realbasicvsr"), "-vf behind the last output"),
    ],
)
def test_a_node_that_ffmpeg_would_not_find_is_told(
    tmp_path: Path, arguments: tuple[str, ...], place: str
) -> None:
    words = [word.format(tmp_path / "out.mkv") for word in arguments]
    with pytest.raises(GraphError, match=f"cannot stand in {place}:"):
        run_command(words, ffmpeg=FFMPEGS["packaged"], open_restorer=open_nearest)


def test_graphs_of_typed_ffmpeg_are_asked_for_their_command(tmp_path: Path) -> None:
    """It installs a module `ffmpeg` over ffmpeg-python's, so that it cannot be here; this is its answer."""

    class Typed:
        def compile(self) -> list[str]:
            return [
                "ffmpeg",
                "-i",
                "a.mkv",
                "-filter_complex",
                "[0]realbasicvsr[s0]",
                "-map",
                "[s0]",
                "o.mkv",
            ]

    words = vsrealbasicvsr.ffmpeg.compile(Typed(), overwrite_output=True)
    assert words == ["vsrealbasicvsr", "ffmpeg", "-y", *Typed().compile()[1:]]


def test_a_lost_light_is_told(
    clips: Clips, ffmpeg: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = (
        "-v",
        "warning",
        "-i",
        clips["hdr10.mkv"],
        "-vf",
        "realbasicvsr",
        "-frames:v",
        "1",
        "-c:v",
        "ffv1",
    )
    run(ffmpeg, *words, tmp_path / "out.mkv")
    said = any("HDR10's metadata is lost" in line for line in caplog.messages)
    assert said == (not look(tmp_path / "out.mkv").picture["side data"])
