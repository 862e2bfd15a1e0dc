"""The bridge against plain ffmpeg, with a nearest-neighbour x4 in the node's place in both.

Plain ffmpeg is told to keep every picture's time, which the bridge does by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.ffmpeg.bridge_runs import run_plain
from tests.ffmpeg.clips import Clips
from tests.ffmpeg.look import Look, look
from tests.ffmpeg.stand_in import open_nearest
from vsrealbasicvsr.ffmpeg.bridge import run_command
from vsrealbasicvsr.ffmpeg.process.program import FFmpeg

NEAREST = "scale=4*iw:4*ih:flags=neighbor"


def both(ffmpeg: str, folder: Path, *arguments: str | Path, name: str = "out.mkv") -> tuple[Look, Look]:
    """The bridge's and plain ffmpeg's output for the same arguments, in which NODE stands for the node."""
    ours, plain = folder / f"ours-{name}", folder / f"plain-{name}"
    program = FFmpeg.find(ffmpeg)
    words = [str(word) for word in arguments]
    code = run_command(
        [
            "-v",
            "error",
            *(word.replace("NODE", "realbasicvsr=window=4:refine=3") for word in words),
            str(ours),
        ],
        ffmpeg=ffmpeg,
        open_restorer=open_nearest,
    )
    assert code == 0
    exact = (
        []
        if {"-r", "-fps_mode", "-vsync"} & set(words)
        else [*program.every_picture, "-enc_time_base:v", "1/90000"]
    )
    run_plain(*(word.replace("NODE", NEAREST) for word in words), *exact, plain, ffmpeg=ffmpeg)
    return look(ours), look(plain)


def assert_equal(ours: Look, plain: Look, *, but: tuple[str, ...] = ()) -> None:
    assert ours.times == plain.times
    for a, b in zip(ours.luma, plain.luma, strict=True):
        assert a.shape == b.shape
        assert (np.abs(a - b) <= 1).mean() > 0.998
    assert {k: v for k, v in ours.picture.items() if k not in but} == {
        k: v for k, v in plain.picture.items() if k not in but
    }
    assert ours.container == plain.container
    assert_equal_tracks(ours.tracks, plain.tracks)


def assert_equal_tracks(ours: list[dict[str, Any]], plain: list[dict[str, Any]]) -> None:
    """Every packet's bytes, and its time to the millisecond, which is Matroska's unit."""
    assert [(track["kind"], track.get("bytes")) for track in ours] == [
        (track["kind"], track.get("bytes")) for track in plain
    ]
    for a, b in zip(ours, plain, strict=True):
        assert [float(time) for time in a.get("times", ())] == pytest.approx(
            [float(time) for time in b.get("times", ())], abs=1.1e-3
        )


# The scale filter states a range where the source has none; the bridge leaves it unstated.
UNTAGGED = ("colour",)


@pytest.mark.parametrize(
    ("clip", "before"),
    [
        ("grid.mkv", ""),
        ("phone.mp4", ""),
        ("hdr10.mkv", ""),
        ("odd420.mkv", ""),
        ("odd444.mkv", ""),
        ("anamorphic.mkv", ""),
        ("interlaced.mpg", "bwdif=mode=send_field:deint=all,"),
        ("rotated.mp4", ""),
        ("late_picture.ts", ""),
        ("late_sound.ts", ""),
        ("one.mkv", ""),
        ("ten_bit.mkv", ""),
        ("gray.mkv", ""),
        ("rgb.mkv", ""),
        ("corrupted.mkv", ""),
    ],
)
def test_an_awkward_clip_comes_out_as_from_ffmpeg_alone(
    clips: Clips, ffmpeg: str, tmp_path: Path, clip: str, before: str
) -> None:
    sound = ("-c:a", "copy") if clip.endswith((".ts", ".mp4")) or clip == "corrupted.mkv" else ()
    ours, plain = both(ffmpeg, tmp_path, "-i", clips[clip], "-vf", f"{before}NODE", "-c:v", "ffv1", *sound)
    assert_equal(ours, plain, but=() if "hdr" in clip or "ana" in clip else UNTAGGED)


def test_all_tracks_are_carried_and_the_pictures_title_too(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    clip = clips["tracks.mkv"]
    ours, plain = both(ffmpeg, tmp_path, "-i", clip, "-map", "0", "-c", "copy", "-c:v", "ffv1", "-vf", "NODE")
    assert_equal(ours, plain, but=UNTAGGED)
    kinds = [track["kind"] for track in ours.tracks]
    assert kinds[0][:3] == ("video", None, "Picture")
    assert [kind[0] for kind in kinds] == ["video", "audio", "audio", "subtitle", "subtitle", "attachment"]


def test_maps_of_a_complex_graph_stay_as_they_are(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    maps = ("-map", "0:a:1", "-map", "[v]", "-map", "0:s?", "-map", "-0:s:1")
    ours, plain = both(
        ffmpeg, tmp_path, "-i", clips["tracks.mkv"], "-filter_complex", "[0:v]NODE[v]", *maps,
        "-c", "copy", "-c:v", "ffv1",
    )  # fmt: skip
    assert_equal(ours, plain, but=UNTAGGED)
    assert [track["kind"][0] for track in ours.tracks] == ["audio", "video", "subtitle"]


@pytest.mark.parametrize(
    "graph",
    [
        "[0:v]split[a][b];[a]NODE[c];[b]scale=4*iw:4*ih:flags=neighbor[d];[c][d]hstack",
        "[0:v]NODE[c];[1:v]scale=40:30[l];[c][l]overlay=8:8",
        "[0:v][0:a][0:v][0:a]concat=n=2:v=1:a=1[c][a];[c]NODE;[a]anull",
        "[0:v]split[s][t];[s]NODE[x];[t]scale=4*iw:4*ih[y];[x][y]xfade=duration=0.5:offset=0.5",
        "[0:a]asplit[x][y];[x]showwaves=s=64x48:r=24,format=rgb24,NODE;[y]anull",
        "NODE,setpts=PTS+1000",
        "NODE,crop=100:80:8:8;[0:a]volume=0.5",
        "sws_flags=bilinear;[0:v]NODE,scale=100:80;anullsrc=d=1",
    ],
)
def test_graphs_around_the_node_work(clips: Clips, ffmpeg: str, tmp_path: Path, graph: str) -> None:
    inputs = ("-i", clips["good.mp4"], "-i", clips["one.png"])
    ours, plain = both(ffmpeg, tmp_path, *inputs, "-filter_complex", graph, "-c:v", "ffv1", "-c:a", "flac")
    assert_equal(ours, plain, but=UNTAGGED)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("-ss", "0.4", "-t", "0.6"), ()),
        ((), ("-ss", "0.4", "-to", "1.1")),
        ((), ("-t", "0.5")),
        ((), ("-r", "12")),
        (("-itsoffset", "0.5"), ()),
        (("-itsoffset", "-0.3"), ()),
        (("-copyts", "-ss", "0.5"), ()),
        (("-copyts", "-start_at_zero", "-ss", "0.5"), ()),
        (("-sseof", "-0.7"), ()),
        (("-stream_loop", "1"), ("-t", "2")),
        ((), ("-an",)),
    ],
)
def test_times_and_limits_are_ffmpegs(
    clips: Clips, ffmpeg: str, tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    words = (*before, "-i", clips["good.mp4"], "-vf", "NODE", "-c:v", "ffv1", "-c:a", "copy", *after)
    assert_equal(*both(ffmpeg, tmp_path, *words), but=UNTAGGED)


@pytest.mark.parametrize("limit", [("-frames:v", "5"), ("-shortest",)])
def test_limits_of_the_picture_are_ffmpegs(
    clips: Clips, ffmpeg: str, tmp_path: Path, limit: tuple[str, ...]
) -> None:
    """How much sound ffmpeg then copies depends on how far it has read."""
    words = ("-i", clips["good.mp4"], "-vf", "NODE", "-c:v", "ffv1", "-c:a", "copy", *limit)
    ours, plain = both(ffmpeg, tmp_path, *words)
    assert ours.times == plain.times
    assert len(ours.tracks) == len(plain.tracks)


def test_full_range_stays_full(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    code = run_command(
        [
            *("-v", "error", "-i", str(clips["full.mkv"]), "-vf", "realbasicvsr"),
            *("-c:v", "libx264", "-qp", "0", str(tmp_path / "o.mkv")),
        ],
        ffmpeg=ffmpeg,
        open_restorer=open_nearest,
    )
    assert code == 0
    ours, source = look(tmp_path / "o.mkv"), look(clips["full.mkv"])
    assert ours.picture["colour"] == source.picture["colour"] == (2, 1, 1, 1)
    for a, b in zip(ours.luma, source.luma, strict=True):
        assert (np.abs(a - b.repeat(4, 0).repeat(4, 1)) <= 1).mean() > 0.999


def test_sync_is_kept_where_pictures_start_before_zero(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    inputs = ("-itsoffset", "-0.3", "-i", clips["good.mp4"], "-i", clips["good.mp4"])
    maps = ("-map", "0:v", "-map", "1:a", "-vf", "NODE", "-c:v", "ffv1", "-c:a", "copy")
    assert_equal(*both(ffmpeg, tmp_path, *inputs, *maps), but=UNTAGGED)


def test_an_endless_loop_ends_with_its_output(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    words = ("-stream_loop", "-1", "-i", clips["good.mp4"], "-vf", "NODE", "-c:v", "ffv1", "-an", "-t", "2")
    ours, plain = both(ffmpeg, tmp_path, *words)
    assert ours.times == plain.times


def test_one_of_two_videos_is_restored(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    inputs = ("-i", clips["good.mp4"], "-i", clips["grid.mkv"], "-map", "0:v", "-map", "1:v")
    ours, plain = both(ffmpeg, tmp_path, *inputs, "-filter:v:1", "NODE", "-c:v", "ffv1")
    assert_equal(ours, plain, but=UNTAGGED)
    restored = av.open(tmp_path / "ours-out.mkv")
    with restored:
        assert [(stream.width, stream.height) for stream in restored.streams.video] == [(64, 48), (256, 192)]


def test_after_a_seek_the_same_packets_are_copied(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    """Matroska seeks by the streams in use; the picture is not in use in the encode half."""
    words = (
        "-ss",
        "0.3",
        "-i",
        clips["tracks.mkv"],
        "-map",
        "0",
        "-c",
        "copy",
        "-c:v",
        "ffv1",
        "-vf",
        "NODE",
    )
    assert_equal(*both(ffmpeg, tmp_path, *words), but=UNTAGGED)


def test_pictures_of_another_size_are_brought_to_the_first(clips: Clips, ffmpeg: str, tmp_path: Path) -> None:
    """Ours before they are restored, FFmpeg's after the filters: equal but for the order of two scalings."""
    ours, plain = both(ffmpeg, tmp_path, "-i", clips["resized.ts"], "-vf", "NODE", "-c:v", "ffv1")
    assert ours.times == plain.times
    assert len(ours.times) == 16
    assert ours.picture["size"] == plain.picture["size"] == (256, 192)
    assert all(np.abs(a - b).mean() < 8 for a, b in zip(ours.luma, plain.luma, strict=True))


def test_a_rotation_that_is_left_to_the_player_is_left_to_it(
    clips: Clips, ffmpeg: str, tmp_path: Path
) -> None:
    words = ("-noautorotate", "-i", clips["rotated.mp4"], "-vf", "NODE", "-c:v", "ffv1", "-an")
    both(ffmpeg, tmp_path, *words)
    turned = []
    for name in ("ours", "plain"):
        with av.open(tmp_path / f"{name}-out.mkv") as container:
            turned.append(next(container.decode(video=0)).rotation)
    assert turned == ([90, 90] if FFmpeg.find(ffmpeg).major >= 9 else [0, 0])
