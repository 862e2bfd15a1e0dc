from __future__ import annotations

import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
import torch

from tests.video.outputs import Info, decodes_cleanly, picture, tags, times, write
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.colour.pixels import frame_from_rgb, rgb_from_frame
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.sink import open_sink, plan_output

SIZE = (64, 48)
MATRIX = [
    ("x264", "mkv"),
    ("x264", "mp4"),
    ("x264", "mov"),
    ("x265", "mkv"),
    ("x265", "mp4"),
    ("x265", "mov"),
    ("svtav1", "mkv"),
    ("svtav1", "mp4"),
    ("ffv1", "mkv"),
    ("ffv1", "mp4"),
    ("prores", "mkv"),
    ("prores", "mov"),
]
VFR = [0, 40, 90, 91, 400, 433]
LASTING = [40, 50, 1, 309, 33, 77]


def produce(path, info=None, encoding=None, stamps=VFR, durations=LASTING, **choices):
    plan = plan_output(path, info or Info(), SIZE, encoding, **choices)
    write(open_sink(plan), plan, stamps, durations)
    return plan


def length(path):
    """What an MP4's header says of the whole, in seconds: the end of its last picture."""
    data = path.read_bytes()
    at = data.index(b"mvhd") + 16
    return Fraction(int.from_bytes(data[at + 4 : at + 8]), int.from_bytes(data[at : at + 4]))


@pytest.mark.parametrize(("encoder", "extension"), MATRIX)
def test_every_encoder_keeps_times_shape_and_colour_in_every_container(encoder, extension, tmp_path):
    path = tmp_path / f"out.{extension}"
    colour = tags(matrix=6, primaries=6, transfer=6)
    info = Info(colour=colour, sample_aspect_ratio=Fraction(16, 11), time_base=Fraction(1, 1000))
    plan = produce(path, info, Encoding(encoder))
    assert plan.warnings == ()
    assert [shown for shown, _ in times(path)] == [Fraction(pts, 1000) for pts in VFR]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        context = stream.codec_context
        assert stream.sample_aspect_ratio == Fraction(16, 11)
        assert (frame.colorspace, frame.color_primaries, frame.color_trc) == (6, 6, 6)
        assert (context.colorspace, context.color_primaries, context.color_trc) == (6, 6, 6)
        assert frame.format.name == plan.pixel_format
        assert not frame.interlaced_frame
        assert frame.rotation == 0
        if (encoder, extension) != ("prores", "mov"):
            assert frame.color_range == 1
    assert decodes_cleanly(path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
@pytest.mark.parametrize("encoder", ["x264", "x265", "svtav1", "ffv1"])
def test_full_range_bt2020_tags_survive(encoder, extension, tmp_path):
    path = tmp_path / f"out.{extension}"
    info = Info(colour=tags(matrix=9, primaries=9, transfer=16, full_range=True, chroma_location=3))
    produce(path, info, Encoding(encoder))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (9, 9, 16, 2)
        if encoder != "ffv1":
            assert frame.chroma_location == 3


@pytest.mark.parametrize(
    "base", [Fraction(1, 90000), Fraction(1001, 24000), Fraction(1, 600), Fraction(1, 1_000_000)]
)
@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_mp4_and_mov_keep_the_sources_time_stamps_exactly(base, extension, tmp_path):
    path = tmp_path / f"out.{extension}"
    stamps = [0, 7, 8, 31, 32, 60, 200]
    durations = [7, 1, 23, 1, 28, 140, 13]
    produce(path, Info(time_base=base), stamps=stamps, durations=durations)
    assert [shown for shown, _ in times(path)] == [n * base for n in stamps]
    assert length(path) == (stamps[-1] + durations[-1]) * base


@pytest.mark.parametrize(
    ("encoder", "extension"), [("x264", "mkv"), ("x264", "mp4"), ("x264", "mov"), ("prores", "mov")]
)
def test_a_first_picture_that_is_late_stays_late(encoder, extension, tmp_path):
    path = tmp_path / f"out.{extension}"
    info = Info(start=Fraction(5), time_base=Fraction(1, 1000))
    produce(path, info, Encoding(encoder), stamps=[5320, 5360, 5400], durations=[40, 40, 40])
    assert [shown for shown, _ in times(path)] == [Fraction(n, 1000) for n in (320, 360, 400)]


@pytest.mark.parametrize("base", [Fraction(1, 90000), Fraction(1001, 24000), Fraction(1, 600)])
def test_a_late_start_is_exact_in_mp4(base, tmp_path):
    path = tmp_path / "out.mp4"
    produce(path, Info(time_base=base), stamps=[7, 40, 60], durations=[33, 20, 20])
    assert [shown for shown, _ in times(path)] == [7 * base, 40 * base, 60 * base]


@pytest.mark.parametrize("extension", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_rotation_is_a_tag_with_the_sources_sign(rotation, extension, tmp_path):
    path = tmp_path / f"out.{extension}"
    produce(path, Info(rotation=rotation))
    with av.open(str(path)) as container:
        assert (next(container.decode(video=0)).rotation - rotation) % 360 == 0


def test_a_rotated_oblong_pixel_that_matroska_loses_is_warned_about(tmp_path):
    info = Info(rotation=90, sample_aspect_ratio=Fraction(16, 11))
    plan = plan_output(tmp_path / "out.mkv", info, SIZE, Encoding("ffv1"))
    assert plan.warnings == ("the pixel shape 16:11 is lost: write .mp4 or .mov to keep it.",)
    assert plan_output(tmp_path / "out.mkv", info, SIZE, Encoding("x264")).warnings == ()


def test_rgb_sources_become_bt709_and_rgb_outputs_full_range(tmp_path):
    rgb = Info(colour=tags(matrix=0, full_range=True, primaries=1, transfer=13, chroma_location=0))
    assert plan_output(tmp_path / "a.mkv", rgb, SIZE).colour == tags(1, False, 1, 13, 1)
    png = plan_output(tmp_path / "frames", Info(colour=tags(6, False, 5, 6, 1)), SIZE)
    assert (png.pixel_format, png.colour) == ("rgb24", tags(0, True, 5, 6, 0))
    full = plan_output(tmp_path / "a.mkv", Info(), SIZE, Encoding("ffv1", pixel_format="yuv444p10le"))
    assert full.colour == tags(1, False, 1, 1, 0)


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "extension"),
    [
        ("x264", "yuv420p10le", "mkv"),
        ("x264", "yuv444p", "mp4"),
        ("x265", "yuv422p10le", "mov"),
        ("svtav1", "yuv420p", "mp4"),
        ("ffv1", "yuv444p16le", "mkv"),
        ("ffv1", "gbrp10le", "mkv"),
        ("prores", "yuv444p10le", "mov"),
        ("png", "rgb48be", None),
    ],
)
def test_pictures_made_of_rgb_come_back(encoder, pixel_format, extension, tmp_path):
    target = tmp_path / ("frames" if extension is None else f"out.{extension}")
    asked = Encoding(encoder, 1 if encoder in ("x264", "x265", "svtav1") else None, pixel_format)
    plan = plan_output(target, Info(), SIZE, asked)
    grey = torch.full((3, SIZE[1], SIZE[0]), 0.6)
    grey[0] += 0.1
    sink = open_sink(plan)
    for n in range(3):
        sink.write(frame_from_rgb(grey, plan.pixel_format, plan.colour), n * 40, 40)
    sink.finish()
    with av.open(str(target / "000002.png" if extension is None else target)) as container:
        frame = next(container.decode(video=0))
        back = rgb_from_frame(frame, plan.colour)
    assert (back - grey).abs().max() < 0.012  # two or three codes of 255 is what these encoders lose


@pytest.mark.parametrize("pixel_format", ["pal8", "rgba"])
def test_a_pixel_format_that_we_cannot_make_is_refused(pixel_format, tmp_path):
    with pytest.raises(VideoError, match=pixel_format):
        plan_output(tmp_path / "frames", Info(), SIZE, Encoding("png", pixel_format=pixel_format))


@pytest.mark.parametrize("pixel_format", ["rgb24", "rgb48be"])
def test_png_frames_are_numbered_from_zero(pixel_format, tmp_path):
    plan = produce(tmp_path / "frames", encoding=Encoding("png", pixel_format=pixel_format))
    names = sorted(found.name for found in (tmp_path / "frames").iterdir())
    assert names == [f"{n:06d}.png" for n in range(len(VFR))]
    with av.open(str(tmp_path / "frames" / "000003.png")) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name == pixel_format
        expected = picture(plan, 70).reformat(format=pixel_format)
        assert (frame.to_ndarray() == expected.to_ndarray()).all()


def test_png_patterns_are_followed(tmp_path):
    produce(tmp_path / "shot-%03d-x.png", stamps=[0, 40], durations=[40, 40])
    assert sorted(found.name for found in tmp_path.iterdir()) == ["shot-000-x.png", "shot-001-x.png"]


def test_one_png_holds_one_picture(tmp_path):
    produce(tmp_path / "one.png", stamps=[0], durations=[40])
    assert (tmp_path / "one.png").exists()
    with pytest.raises(VideoError, match="one picture"):
        produce(tmp_path / "two.png")


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "frames", "frames/%04d.png"])
def test_abort_leaves_nothing(name, tmp_path):
    (tmp_path / "frames").mkdir() if "%" in name else None
    plan = plan_output(tmp_path / name, Info(), SIZE)
    sink = open_sink(plan)
    for pts in VFR:
        sink.write(picture(plan), pts, None)
    assert not plan.target.exists()
    assert sink.abort() is None
    assert sink.abort() is None
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == []


def test_abort_can_keep_what_was_done_under_a_name_that_says_so(tmp_path):
    plan = plan_output(tmp_path / "out.mp4", Info(), SIZE)
    sink = open_sink(plan)
    for pts in VFR[:3]:
        sink.write(picture(plan), pts, None)
    kept = sink.abort(keep=True)
    assert kept == tmp_path / "out.partial.mp4"
    assert len(times(kept)) == 3
    assert not plan.target.exists()


def test_nothing_has_the_final_name_before_the_end(tmp_path):
    plan = plan_output(tmp_path / "out.mkv", Info(), SIZE)
    sink = open_sink(plan)
    sink.write(picture(plan), 0, 40)
    assert [found.name for found in tmp_path.iterdir()] == ["out.partial.mkv"]
    sink.finish()
    assert [found.name for found in tmp_path.iterdir()] == ["out.mkv"]


def test_a_picture_that_does_not_fit_is_never_converted_quietly(tmp_path):
    plan = plan_output(tmp_path / "out.mkv", Info(), SIZE)
    sink = open_sink(plan)
    with pytest.raises(ValueError, match="does not fit"):
        sink.write(av.VideoFrame(*SIZE, "rgb24"), 0, None)
    sink.abort()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("out.avi", r"unknown extension \.avi: write \.mkv, \.mp4, \.mov"),
        ("gone/out.mkv", "there is no folder"),
        ("file/out.mkv", "there is no folder"),
        ("there.mkv", "exists: choose another name"),
        ("gone/deeper/%06d.png", "there is no folder"),
        ("source.mkv", "is the source itself"),
        ("link.mkv", "is the source itself"),
    ],
)
def test_a_bad_place_is_refused_in_one_line(name, message, tmp_path):
    for file in ("file", "there.mkv", "source.mkv"):
        (tmp_path / file).write_bytes(b"x")
    (tmp_path / "link.mkv").symlink_to(tmp_path / "source.mkv")
    overwrite = name in ("source.mkv", "link.mkv")
    info = Info(path=tmp_path / "source.mkv")
    with pytest.raises(VideoError, match=message) as caught:
        plan_output(tmp_path / name, info, SIZE, overwrite=overwrite, carry=False)
    assert "\n" not in str(caught.value)


def test_the_folder_of_source_frames_is_no_output(tmp_path):
    (tmp_path / "000000.png").write_bytes(b"x")
    for target in (tmp_path, tmp_path / "%06d.png"):
        with pytest.raises(VideoError, match="is the source itself"):
            plan_output(target, Info(path=tmp_path), SIZE, overwrite=True)
    with pytest.raises(VideoError, match="is the source itself"):
        plan_output(tmp_path, Info(path=tmp_path / "%06d.png"), SIZE, overwrite=True)


def test_a_read_only_folder_is_refused():
    if not Path("/proc/self").exists():
        pytest.skip("needs a folder that even root cannot write in")
    with pytest.raises(VideoError, match="cannot write in /proc"):
        plan_output("/proc/out.mkv", Info(), SIZE)


def test_overwriting_replaces_the_old_file_only_at_the_end(tmp_path):
    path = tmp_path / "out.mkv"
    path.write_bytes(b"old")
    plan = plan_output(path, Info(), SIZE, overwrite=True)
    sink = open_sink(plan)
    sink.write(picture(plan), 0, 40)
    assert path.read_bytes() == b"old"
    sink.finish()
    assert len(times(path)) == 1


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path):
    plan = plan_output(tmp_path / "out.mkv", Info(), SIZE)
    sink = open_sink(plan)
    sink.write(picture(plan), 0, 40)
    plan.target.write_bytes(b"someone else's")
    with pytest.raises(VideoError, match="has appeared"):
        sink.finish()
    assert plan.target.read_bytes() == b"someone else's"


@pytest.mark.parametrize(
    ("encoder", "name", "message"),
    [
        ("svtav1", "out.mov", r"\.mov cannot hold svtav1: write \.mkv or \.mp4"),
        ("prores", "out.mp4", r"\.mp4 cannot hold prores: write \.mkv or \.mov"),
        ("png", "out.mkv", "png writes frames"),
        ("x264", "frames", "cannot write PNG frames"),
        ("nosuch", "out.mkv", "no encoder nosuch"),
        ("aac", "out.mkv", "encodes audio"),
    ],
)
def test_an_encoder_that_does_not_fit_the_file_is_refused(encoder, name, message, tmp_path):
    with pytest.raises(VideoError, match=message):
        plan_output(tmp_path / name, Info(), SIZE, Encoding(encoder))


def test_a_disk_that_looks_too_small_is_warned_about(tmp_path):
    info = Info(frames=10**9)
    plan = plan_output(tmp_path / "out.mkv", info, (3840, 2160), Encoding("ffv1"))
    assert len(plan.warnings) == 1
    assert "GB free" in plan.warnings[0]


def test_pieces_take_the_space_twice_while_they_are_joined(tmp_path):
    def gigabytes(name, encoder, **choices):
        plan = plan_output(tmp_path / name, Info(frames=10**9), (3840, 2160), Encoding(encoder), **choices)
        return float(re.search(r"may take ([\d.]+) GB", plan.warnings[0])[1])

    assert gigabytes("out.mkv", "ffv1", in_pieces=True) == pytest.approx(2 * gigabytes("out.mkv", "ffv1"))
    assert gigabytes("out", "png", in_pieces=True) == gigabytes("out", "png")  # those get second names


FULL = """
import resource, sys
from pathlib import Path
import av, numpy as np
from tests.video.outputs import Info
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.sink import open_sink, plan_output

def produce(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    rng, sink = np.random.default_rng(0), None
    try:
        sink = open_sink(plan)
        for n in range(12):
            noise = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            noise = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=plan.pixel_format)
            sink.write(noise, n * 40, 40)
        sink.finish()
    except VideoError as error:
        sink and sink.abort()
        return str(error)
    return "whole"

target = Path(sys.argv[1])
plan = plan_output(target, Info(), (64, 48), Encoding(sys.argv[2]))
limits = [int(limit) for limit in sys.argv[3:]]
if not limits:
    print(produce(resource.RLIM_INFINITY))
    size = target.stat().st_size
    target.unlink()
    limits = [size - 1, size - 10, size - 100, size - 300, size - 1000]
for limit in limits:
    print(produce(limit))
"""


def starve(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "encoder", "limit"),
    [
        ("out.mkv", "x264", 100),  # in the header
        ("out.mkv", "ffv1", 40_000),  # in the middle
        ("out.mp4", "x264", 10_000),  # at the flush
        ("out.mp4", "x264", 0),
        ("frames", "png", 4_000),
    ],
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(name, encoder, limit, tmp_path):
    (line,) = starve(tmp_path / name, encoder, limit)
    assert line.startswith("disk full while writing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_not_even_the_last_missing_byte_goes_unseen(extension, tmp_path):
    """FFmpeg tells of a failed write late, or only when the trailer is written."""
    first, *others = starve(tmp_path / f"out.{extension}", "x264")
    assert first == "whole"
    assert len(others) == 5
    assert all(line.startswith("disk full while writing") for line in others)
    assert list(tmp_path.iterdir()) == []
