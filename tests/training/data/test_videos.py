"""Shots of video files: every frame is the one that a decoder gives in order."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import EXAMPLE_CLIP
from training.data.cache import PictureCache
from training.data.options import DataOptions
from training.data.survey import Survey, find_clips
from training.data.videos import ShotClip, Video
from vsrealbasicvsr.errors import ClipError
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import describe_colour

OPTIONS = DataOptions(low_size=8, frames=4)
NOISE = "testsrc2=s=96x64:r=25:d=6,noise=alls=20:allf=t:all_seed=3"


def survey(folder: Path, count: int = 4, cache: Path | None = None) -> Survey:
    return find_clips([folder], [], options=OPTIONS, count=count, side=32, cache=cache)


def video_of(folder: Path) -> Video:
    clip = survey(folder).clips[0]
    assert isinstance(clip, ShotClip)
    return clip.video


def linear(path: Path) -> NDArray[np.uint8]:
    """Every frame, decoded from the beginning."""
    with av.open(path) as container:
        frames = list(container.decode(video=0))
    colour, _ = describe_colour(frames[0])
    rgb = [rgb_from_frame(frame, colour).mul(255).round().byte().permute(1, 2, 0).numpy() for frame in frames]
    return np.stack(rgb)


ENCODERS = {
    "b-frames.mp4": ("-c:v", "libx264", "-bf", "3", "-g", "50"),
    "open-gop.mkv": ("-c:v", "libx264", "-bf", "3", "-g", "40", "-x264-params", "open-gop=1"),
    "mpeg2.mpg": ("-c:v", "mpeg2video", "-bf", "2", "-g", "12", "-b:v", "2M"),
    "mpeg4.avi": ("-c:v", "mpeg4", "-g", "30", "-q:v", "4"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-g", "60", "-deadline", "realtime", "-cpu-used", "8", "-crf", "40"),
    "stream.ts": ("-c:v", "libx264", "-bf", "2", "-g", "25"),
    "vfr.mkv": (
        "-vf",
        "select='not(eq(mod(n,7),3))'",
        "-fps_mode",
        "passthrough",
        "-c:v",
        "libx264",
        "-g",
        "50",
    ),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_sought_frames_are_those_of_a_linear_decode(
    name: str, ffmpeg: Callable[..., None], tmp_path: Path
) -> None:
    path = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", NOISE, *ENCODERS[name], "-pix_fmt", "yuv420p", path)
    whole, video = linear(path), video_of(tmp_path)
    assert len(video.times) == len(whole) > 100
    for first in (0, 1, 11, 12, 13, 38, 39, 40, 41, 49, 50, 51, 77, len(whole) - 5):
        found = np.stack(list(video.read(first, 5)))
        assert np.array_equal(found, whole[first : first + 5]), first


def test_pieces_never_cross_a_cut() -> None:
    found = survey(EXAMPLE_CLIP.parent)
    assert [(clip.first, clip.frames) for clip in found.clips if isinstance(clip, ShotClip)] == [
        (0, 13),
        (13, 23),
    ]
    whole = linear(EXAMPLE_CLIP)
    for clip in found.clips:
        assert isinstance(clip, ShotClip)
        for seed in range(4):
            piece = clip.take(np.random.default_rng(seed), 12, 144)
            rng = np.random.default_rng(seed)
            start, left = clip.first + int(rng.integers(clip.frames - 11)), int(rng.integers(113))
            assert np.array_equal(piece, whole[start : start + 12, :, left : left + 144])


def test_a_survey_is_remembered_until_the_file_changes(
    ffmpeg: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, cache = tmp_path / "videos", tmp_path / "cache"
    source.mkdir()
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", "-c:v", "libx264", source / "a.mp4")
    first = survey(source, cache=cache)
    monkeypatch.setattr("training.data.survey.open_source", None)  # decoding again would fail
    again = survey(source, cache=cache)
    assert again.clips[0].name == first.clips[0].name
    one, two = (each.clips[0].take(np.random.default_rng(0), 4, 32) for each in (first, again))
    assert np.array_equal(one, two)
    monkeypatch.undo()
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.6", "-c:v", "libx264", source / "a.mp4")
    assert survey(source, cache=cache).clips[0].name.endswith("frames 0 to 14")


def test_a_damaged_memory_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    wanted = survey(EXAMPLE_CLIP.parent, cache=cache)
    (note,) = cache.iterdir()
    for text in ("", "{}", '{"stream": "x"'):
        note.write_text(text)
        assert [clip.name for clip in survey(EXAMPLE_CLIP.parent, cache=cache).clips] == [
            clip.name for clip in wanted.clips
        ]


def test_clips_travel_without_their_cached_frames(tmp_path: Path) -> None:
    clip = survey(EXAMPLE_CLIP.parent).clips[0]
    before = len(pickle.dumps(clip))
    piece = clip.take(np.random.default_rng(0), 8, 64)
    content = pickle.dumps(clip)
    assert len(content) == before < 20_000
    assert np.array_equal(pickle.loads(content).take(np.random.default_rng(0), 8, 64), piece)


def test_a_file_that_goes_away_is_named(ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1", "-c:v", "libx264", path)
    clip = survey(tmp_path).clips[0]
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ClipError, match=r"a\.mp4"):
        clip.take(np.random.default_rng(0), 20, 32)


def test_frames_of_another_size_are_refused(ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    """A broadcast that changes its size midway: two streams, one after the other in time and in bytes."""
    for name, size, start in (("a.ts", "96x64", "0"), ("b.ts", "64x40", "0.4")):
        source = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.4", "-c:v", "mpeg2video")
        ffmpeg(*source, "-output_ts_offset", start, tmp_path / name)
    both = tmp_path / "both"
    both.mkdir()
    (both / "c.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    video = video_of(both)
    assert next(video.read(0, 1)).shape == (64, 96, 3)
    with pytest.raises(ClipError, match=r"c\.ts has pictures of 64x40 among those of 96x64"):
        list(video.read(0, len(video.times)))


def test_interlaced_video_is_refused_with_a_way_out(ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=96x64:r=50:d=1", "-vf", "tinterlace=interleave_top,setfield=tff"),
        *("-c:v", "mpeg2video", "-flags", "+ildct+ilme", tmp_path / "tape.mpg"),
    )
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1", "-c:v", "libx264", tmp_path / "fine.mp4")
    found = survey(tmp_path)
    assert len(found.clips) == 1
    (refused,) = found.refused
    assert refused.name.endswith("tape.mpg")
    assert refused.reason == "interlaced (`python -m training prepare` deinterlaces them)"


def test_the_cache_keeps_what_was_used_last_within_its_bounds() -> None:
    cache = PictureCache(3 * 100)
    pictures = [np.full((10, 10), number, np.uint8) for number in range(5)]
    for number in (0, 1, 2):
        cache.put(number, pictures[number])
    assert cache.get(0) is pictures[0]
    cache.put(3, pictures[3])
    assert [cache.get(number) is not None for number in range(4)] == [True, False, True, True]
    cache.put("large", np.zeros((20, 20), np.uint8))
    assert cache.get("large") is None
    assert pickle.loads(pickle.dumps(cache)).get(3) is None


def test_times_rise() -> None:
    assert all(a < b for a, b in pairwise(video_of(EXAMPLE_CLIP.parent).times))
