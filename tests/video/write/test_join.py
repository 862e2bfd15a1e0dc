"""Pieces joined against the same pictures written in one go."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from tests.video.numbered import CUTS, SIZE, cfr, make_plan, read_number, vfr, write
from tests.video.outputs import Info, packet_hashes, times
from tests.video.reading import damage, hashes_by_ffmpeg, shorten
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.join import Piece, check_file, inspect_piece, join_pieces, publish
from vsrealbasicvsr.video.write.sink import open_sink, plan_output

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


def write_pieces(plan, clock, folder, cuts=CUTS):
    """As a job does: each piece on its own from time 0, without the source."""
    folder.mkdir(exist_ok=True)
    pieces = []
    for begin, end in pairwise(cuts):
        path = folder / f"{begin:06d}{plan.target.suffix}"
        alone = replace(
            plan,
            target=path,
            source=None,
            kept=(),
            start=clock.stamps[begin] * clock.base,
            overwrite=True,
            warnings=(),
        )
        write(alone, clock, range(begin, end))
        pieces.append(Piece(path, tuple(zip(clock.stamps, clock.durations, strict=True))[begin:end]))
    return pieces


def largest_lag(pieces):
    return max(inspect_piece(piece.path).lag for piece in pieces)


def join(plan, pieces, **choices):
    partial, warnings = join_pieces(plan, pieces, largest_lag(pieces), **choices)
    publish(partial, plan.target, plan.overwrite)
    return warnings


def steps(path):
    """When each picture is decoded, and how long until the next: what an MP4 file stores of durations."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [(packet.dts, packet.duration) for packet in packets if packet.size]


def length(path):
    """What the header says of the whole, in seconds."""
    with av.open(str(path)) as container:
        return Fraction(container.duration, 1_000_000)


def described(path):
    """Everything that a player goes by, but the times."""
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        found = [
            (s.type, s.disposition, {k: v for k, v in s.metadata.items() if k != "DURATION"})
            for s in container.streams
        ]
        context = container.streams.video[0].codec_context
        return (
            found,
            {key: value for key, value in container.metadata.items() if key != "creation_time"},
            container.chapters(),
            container.start_time,
            container.streams.video[0].start_time,
            container.streams.video[0].average_rate if "matroska" in container.format.name else None,
            container.streams.video[0].sample_aspect_ratio,
            (
                context.name,
                context.codec_tag,
                context.profile,
                context.pix_fmt,
                context.width,
                context.height,
            ),
            (context.colorspace, context.color_primaries, context.color_trc, context.color_range),
            (frame.rotation, frame.interlaced_frame, frame.color_range, frame.chroma_location),
        )


def says(*arguments):
    """What the real ffmpeg complains about."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-nostdin",
        "-v",
        "warning",
        *map(str, arguments),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub("0x[0-9a-f]+", "", done.stderr)


def complaints(path):
    exact = ("-fps_mode", "passthrough", "-enc_time_base", "demux")
    copied = ("-map", "0:v", "-map", "0:a?", "-c", "copy", "-f", "null", "-")
    return says("-i", path, "-map", "0:v", "-map", "0:a?", *exact, "-f", "null", "-") + says(
        "-i", path, *copied
    )


@pytest.mark.parametrize("make_clock", [cfr, vfr])
@pytest.mark.parametrize(("encoder", "extension"), MATRIX)
def test_joined_pieces_are_what_one_sink_writes(encoder, extension, make_clock, ffmpeg, tmp_path):
    clock = make_clock()
    once = make_plan(tmp_path / f"once.{extension}", clock, encoder)
    write(once, clock, range(CUTS[-1]))
    plan = make_plan(tmp_path / f"out.{extension}", clock, encoder)
    pieces = write_pieces(plan, clock, tmp_path / "pieces")
    assert [inspect_piece(piece.path).pictures for piece in pieces] == [b - a for a, b in pairwise(CUTS)]
    assert join(plan, pieces) == ()
    assert {found.name for found in tmp_path.iterdir()} == {once.target.name, plan.target.name, "pieces"}

    shown, durations = zip(*times(plan.target), strict=True)
    assert shown == tuple(pts for pts, _ in times(once.target))
    if encoder == "svtav1":  # which forgets the durations in one go; ours are the source's
        for ours, exact in zip(durations, clock.durations, strict=True):
            assert abs(ours - exact * clock.base) <= (Fraction(1, 1000) if extension == "mkv" else 0)
        end = clock.stamps[-1] + clock.durations[-1]
        assert abs(length(plan.target) - end * clock.base) < Fraction(1, 1000)
    elif extension == "mkv":
        assert length(plan.target) == length(once.target)
        assert durations == tuple(lasting for _, lasting in times(once.target))
    else:
        assert length(plan.target) == length(once.target)
        assert steps(plan.target) == steps(once.target)
    assert described(plan.target) == described(once.target)
    assert complaints(plan.target) == ""

    joined = hashes_by_ffmpeg(ffmpeg, plan.target)
    assert joined == [md5 for piece in pieces for md5 in hashes_by_ffmpeg(ffmpeg, piece.path)]
    assert len(set(joined)) == len(joined) == CUTS[-1]


def test_sink_gives_one_or_two_pictures_of_x265_times_of_decoding(tmp_path):
    """x265 leaves them uninitialised; the variable makes sure that they are not zero by chance."""
    code = (
        "import sys; from pathlib import Path; from tests.video.write import test_join as t\n"
        "for count in (1, 2):\n"
        "    plan = t.make_plan(Path(sys.argv[1]) / f'{count}.mp4', t.vfr(), 'x265')\n"
        "    t.write(plan, t.vfr(), range(count))\n"
    )
    environment = {**os.environ, "MALLOC_PERTURB_": "165"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=True)
    stamps = vfr().stamps
    for count in (1, 2):
        assert [decoded for decoded, _ in steps(tmp_path / f"{count}.mp4")] == list(stamps[:count])


@pytest.fixture(scope="module")
def rich(ffmpeg, tmp_path_factory):
    """A source with sound, subtitles, chapters and tags; its pictures are never looked at."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "a.srt").write_text("1\n00:00:00,100 --> 00:00:00,600\nHello\n")
    (folder / "meta.txt").write_text(
        ";FFMETADATA1\ntitle=The clip\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=one\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1250\ntitle=two\n"
    )
    # fmt: off
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=32x24:r=24000/1001:d=1.3", "-f", "lavfi", "-i", "sine=440:d=1.5",
        "-i", folder / "a.srt", "-i", folder / "meta.txt",
        "-map", "0:v", "-map", "1:a", "-map", "2:s", "-map_metadata", "3", "-map_chapters", "3",
        "-metadata:s:v", "title=Picture", "-metadata:s:v", "language=nor",
        "-disposition:v:0", "default+original", "-metadata:s:a", "language=eng",
        "-c:v", "libx264", "-c:a", "aac", "-c:s", "srt", folder / "rich.mkv",
    )
    # fmt: on
    return folder / "rich.mkv"


def all_times(path, kinds=("audio", "subtitle")):
    with av.open(str(path)) as container:
        return [
            (packet.stream.index, packet.pts, packet.dts, packet.duration)
            for packet in container.demux()
            if packet.size and packet.stream.type in kinds
        ]


@pytest.mark.parametrize("start", [0, 48])
@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_everything_beside_the_pictures_comes_along_as_in_one_go(extension, start, rich, tmp_path):
    clock = replace(cfr(start), start=Fraction(0))  # the pictures start late, the sound at once
    once = make_plan(tmp_path / f"once.{extension}", clock, source=rich)
    write(once, clock, range(CUTS[-1]))
    plan = make_plan(tmp_path / f"out.{extension}", clock, source=rich)
    pieces = write_pieces(plan, clock, tmp_path / "pieces")
    assert join(plan, pieces) == ()
    assert times(plan.target) == times(once.target)
    assert described(plan.target) == described(once.target)
    assert described(plan.target)[1]["title"] == "The clip"
    assert all_times(plan.target) == all_times(once.target) != []
    assert packet_hashes(plan.target, "0:a:0") == packet_hashes(rich, "0:a:0")
    assert complaints(plan.target) == complaints(once.target)  # MP4: of our track's title


def test_sound_lies_beside_its_pictures_in_the_file(rich, tmp_path):
    plan = make_plan(tmp_path / "out.mkv", cfr(), source=rich)
    join(plan, write_pieces(plan, cfr(), tmp_path / "pieces"))
    with av.open(str(plan.target)) as container:
        clock = [
            float(packet.dts * packet.time_base) for packet in container.demux() if packet.dts is not None
        ]
    assert max(max(clock[: n + 1]) - now for n, now in enumerate(clock)) < 0.2


@pytest.mark.parametrize("extension", ["mkv", "mp4", "mov"])
def test_a_start_of_the_source_is_subtracted(extension, tmp_path):
    clock = vfr(start=900_000)
    once = make_plan(tmp_path / f"once.{extension}", clock)
    write(once, clock, range(CUTS[-1]))
    plan = make_plan(tmp_path / f"out.{extension}", clock)
    join(plan, write_pieces(plan, clock, tmp_path / "pieces"))
    assert times(plan.target)[0][0] == 0
    assert [shown for shown, _ in times(plan.target)] == [shown for shown, _ in times(once.target)]


def test_sound_before_the_zero_moves_everything_as_in_one_go(rich, tmp_path):
    clock = replace(cfr(start=12), start=12 * Fraction(1001, 24000))
    once = make_plan(tmp_path / "once.mkv", clock, source=rich)
    write(once, clock, range(CUTS[-1]))
    plan = make_plan(tmp_path / "out.mkv", clock, source=rich)
    join(plan, write_pieces(plan, clock, tmp_path / "pieces"))
    assert times(plan.target) == times(once.target)
    assert times(plan.target)[0][0] > 0
    assert all_times(plan.target) == all_times(once.target)


@pytest.mark.parametrize("encoder", ["x264", "x265", "svtav1"])
@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_player_that_seeks_finds_the_right_picture(encoder, extension, ffmpeg, tmp_path):
    clock = cfr()
    plan = make_plan(tmp_path / f"out.{extension}", clock, encoder)
    join(plan, write_pieces(plan, clock, tmp_path / "pieces"))
    for number in (9, 10, 13, 20, 29):
        at = float((clock.stamps[number] - Fraction(1, 2)) * clock.base)
        ffmpeg("-ss", f"{at:.4f}", "-i", plan.target, "-frames:v", "1", tmp_path / "found.png")
        with av.open(str(tmp_path / "found.png")) as container:
            assert read_number(next(container.decode(video=0))) == number


def test_unknown_durations_last_until_the_next_picture(tmp_path):
    clock = replace(vfr(), durations=(None,) * CUTS[-1])
    plan = make_plan(tmp_path / "out.mp4", clock, "ffv1")
    join(plan, write_pieces(plan, clock, tmp_path / "pieces"))
    lasting = [took for _, took in times(plan.target)]
    assert lasting[:-1] == [(after - before) * clock.base for before, after in pairwise(clock.stamps)]


@pytest.mark.parametrize(("encoder", "extension"), [("ffv1", "mkv"), ("prores", "mov"), ("x264", "mp4")])
@pytest.mark.parametrize(
    "info", [Info(rotation=90), Info(sample_aspect_ratio=Fraction(16, 11))], ids=["rotation", "shape"]
)
def test_rotation_and_the_shape_of_pixels_are_kept(info, encoder, extension, tmp_path):
    clock = cfr()
    info = replace(info, time_base=clock.base, rate=clock.rate)
    once = make_plan(tmp_path / f"once.{extension}", clock, encoder, info=info)
    write(once, clock, range(12))
    plan = make_plan(tmp_path / f"out.{extension}", clock, encoder, info=info)
    join(plan, write_pieces(plan, clock, tmp_path / "pieces", (0, 5, 12)))
    assert described(plan.target) == described(once.target)
    with av.open(str(plan.target)) as container:
        stream = container.streams.video[0]
        assert (stream.sample_aspect_ratio or 1) == info.sample_aspect_ratio
        assert (next(container.decode(stream)).rotation - info.rotation) % 360 == 0


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding("x264", options=(("x264-params", "open-gop=1:keyint=6:min-keyint=3:bframes=3"),)),
        Encoding("x265", options=(("x265-params", "open-gop=1:keyint=6:min-keyint=3:bframes=3"),)),
        Encoding("svtav1", options=(("svtav1-params", "keyint=6:irefresh-type=1"),)),
        Encoding("ffv1", options=(("g", "6"),)),
    ],
    ids=lambda encoding: encoding.encoder,
)
@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_key_pictures_that_are_no_new_beginning(encoding, extension, ffmpeg, monkeypatch, tmp_path):
    """Open groups: pictures after a key picture lean on those before it. Each is decoded by itself here."""
    monkeypatch.setattr("vsrealbasicvsr.video.write.join._BETWEEN_DECODED", 1)
    clock = vfr()
    info = Info(time_base=clock.base, rate=clock.rate)
    plan = plan_output(tmp_path / f"out.{extension}", info, SIZE, encoding)
    pieces = write_pieces(plan, clock, tmp_path / "pieces")
    join(plan, pieces)
    assert hashes_by_ffmpeg(ffmpeg, plan.target) == [
        md5 for piece in pieces for md5 in hashes_by_ffmpeg(ffmpeg, piece.path)
    ]
    tick = Fraction(1, 1000) if extension == "mkv" else Fraction(0)
    for (shown, _), pts in zip(times(plan.target), clock.stamps, strict=True):
        assert abs(shown - pts * clock.base) <= tick / 2
    assert complaints(plan.target) == ""


def x265_piece(path, params):
    clock = cfr()
    info = Info(time_base=clock.base, rate=clock.rate)
    plan = plan_output(path, info, SIZE, Encoding("x265", options=(("x265-params", params),)), overwrite=True)
    write(plan, clock, range(5))
    return Piece(path, tuple(zip(clock.stamps, clock.durations, strict=True))[:5])


def test_pieces_of_machines_with_other_numbers_of_cores_fit(tmp_path):
    one, two = (x265_piece(tmp_path / f"{n}.mp4", f"frame-threads={n}") for n in (1, 2))
    extradata = []
    for piece in (one, two):
        with av.open(str(piece.path)) as container:
            extradata.append(container.streams.video[0].codec_context.extradata)
    assert extradata[0] != extradata[1]
    assert inspect_piece(one.path).parameters == inspect_piece(two.path).parameters
    plan = make_plan(tmp_path / "out.mp4", cfr(), "x265")
    later = Piece(two.path, tuple((pts + 5, took) for pts, took in two.times))
    join(plan, [one, later])
    assert len(times(plan.target)) == 10


@pytest.fixture
def three(tmp_path):
    """A plan and three pieces of it."""
    plan = make_plan(tmp_path / "out.mkv", cfr())
    return plan, write_pieces(plan, cfr(), tmp_path / "pieces", (0, 9, 20, 30))


def spoil_shortened(piece):
    shorten(piece.path, 0.6)


def spoil_removed(piece):
    piece.path.unlink()


def spoil_emptied(piece):
    piece.path.write_bytes(b"")


def spoil_other_size(piece):
    info = Info(time_base=cfr().base, rate=cfr().rate)
    plan = plan_output(piece.path, info, (64, 48), Encoding("x264"), overwrite=True)
    sink = open_sink(plan)
    for pts, duration in piece.times:
        grey = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 99, np.uint8), format="rgb24")
        sink.write(grey.reformat(format=plan.pixel_format), pts, duration)
    sink.finish()


def spoil_other_settings(piece):
    info = Info(time_base=cfr().base, rate=cfr().rate)
    options = (("bf", "0"), ("refs", "1"))
    plan = plan_output(piece.path, info, SIZE, Encoding("x264", options=options), overwrite=True)
    write(replace(plan, start=piece.times[0][0] * cfr().base), cfr(), range(9, 20))


def spoil_other_times(piece):
    plan = replace(make_plan(piece.path, cfr(), overwrite=True), start=9 * cfr().base)
    clock = replace(cfr(), stamps=tuple(n + (n > 14) for n in range(30)))
    write(plan, clock, range(9, 20))


def spoil_a_picture_too_many(piece):
    write(replace(make_plan(piece.path, cfr(), overwrite=True), start=9 * cfr().base), cfr(), range(9, 21))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_shortened, r"the segment \S+000009.mkv is damaged: "),
        (spoil_removed, r"the segment \S+000009.mkv is missing"),
        (spoil_emptied, r"cannot read the segment \S+000009.mkv: "),
        (spoil_other_size, r"the segment \S+000009.mkv does not fit the first one"),
        (spoil_other_settings, r"the segment \S+000009.mkv does not fit the first one"),
        (spoil_other_times, r"the segment \S+000009.mkv is damaged: "),
        (spoil_a_picture_too_many, r"the segment \S+000009.mkv is damaged: "),
    ],
)
def test_a_spoiled_piece_is_one_sentence_and_no_output(spoil, message, three, tmp_path):
    plan, pieces = three
    lag = largest_lag(pieces)
    spoil(pieces[1])
    with pytest.raises(VideoError, match=message) as caught:
        join_pieces(plan, pieces, lag)
    assert "\n" not in str(caught.value)
    assert [found.name for found in tmp_path.iterdir()] == ["pieces"]


def test_a_lag_that_is_too_small_is_found_out(three, tmp_path):
    plan, pieces = three
    assert largest_lag(pieces) == 2
    with pytest.raises(VideoError, match="another order"):
        join_pieces(plan, pieces, 1)
    assert [found.name for found in tmp_path.iterdir()] == ["pieces"]


KILLED = """
import os, sys
from pathlib import Path
from tests.video.write import test_join as t
plan = t.make_plan(Path(sys.argv[1]), t.cfr())
pieces = t.write_pieces(plan, t.cfr(), Path(sys.argv[2]))
t.join_pieces(plan, pieces, t.largest_lag(pieces), on_progress=lambda done: done == 17 and os._exit(9))
"""


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_join_that_was_killed_is_simply_done_again(extension, tmp_path):
    target, folder = tmp_path / f"out.{extension}", tmp_path / "pieces"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target), str(folder)], check=False)
    assert done.returncode == 9
    assert {found.name for found in tmp_path.iterdir()} == {f"out.partial.{extension}", "pieces"}
    plan, clock = make_plan(target, cfr()), cfr()
    stamped = tuple(zip(clock.stamps, clock.durations, strict=True))
    pieces = [Piece(folder / f"{a:06d}.{extension}", stamped[a:b]) for a, b in pairwise(CUTS)]
    seen = []
    join(plan, pieces, on_progress=seen.append)
    assert seen == list(range(1, CUTS[-1] + 1))
    assert {found.name for found in tmp_path.iterdir()} == {target.name, "pieces"}
    undisturbed = make_plan(tmp_path / f"again.{extension}", cfr())
    join(undisturbed, pieces)
    if extension == "mp4":  # Matroska has random identifiers
        assert target.read_bytes() == undisturbed.target.read_bytes()
    assert packet_hashes(target, "0:v:0") == packet_hashes(undisturbed.target, "0:v:0")
    assert times(target) == times(undisturbed.target)


def test_a_name_is_given_only_by_publish_and_never_to_the_loss_of_another_file(three):
    plan, pieces = three
    partial, _ = join_pieces(plan, pieces, largest_lag(pieces))
    assert partial.exists()
    assert not plan.target.exists()
    plan.target.write_bytes(b"someone else's")
    with pytest.raises(VideoError, match="has appeared meanwhile"):
        publish(partial, plan.target, overwrite=False)
    assert plan.target.read_bytes() == b"someone else's"
    assert not partial.exists()
    partial, _ = join_pieces(plan, pieces, largest_lag(pieces))
    publish(partial, plan.target, overwrite=True)
    assert len(times(plan.target)) == 30


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_an_inspection_reads_a_file_once(extension, tmp_path):
    counters = Path("/proc/self/io")
    if not counters.exists():
        pytest.skip("needs Linux's counters of bytes read")
    plan = make_plan(tmp_path / "out.mkv", cfr(), "ffv1")
    (piece,) = write_pieces(plan, cfr(), tmp_path / "pieces", (0, 30))
    path = tmp_path / f"padded.{extension}"
    remux(piece.path, path)
    before = int(counters.read_text().split()[1])
    found = inspect_piece(path)
    read = int(counters.read_text().split()[1]) - before
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.pictures, found.lag) == (30, 0)
    assert read < 1.5 * path.stat().st_size


def remux(source, target):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stream_loop", "40", "-i", source]
    subprocess.run([*map(str, command), "-c", "copy", "-frames:v", "30", str(target)], check=True)


def test_inspecting_what_holds_no_pictures_is_one_sentence(ffmpeg, tmp_path):
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", tmp_path / "sound.mkv")
    (tmp_path / "text.mkv").write_bytes(b"no video at all")
    for name, message in (
        ("sound", "holds no pictures"),
        ("text", "cannot read the segment"),
        ("gone", "is missing"),
    ):
        with pytest.raises(VideoError, match=message):
            inspect_piece(tmp_path / f"{name}.mkv")


def test_checking_a_file_finds_what_is_wrong(tmp_path):
    clock = vfr()
    plan = make_plan(tmp_path / "a.mp4", clock, "ffv1")
    write(plan, clock, range(30))
    check_file(plan.target, clock.stamps, clock.base)
    with pytest.raises(VideoError, match="30 pictures instead of 29"):
        check_file(plan.target, clock.stamps[:-1], clock.base)
    moved = [*clock.stamps[:20], clock.stamps[20] + 2, *clock.stamps[21:]]
    with pytest.raises(VideoError, match="picture 20 at"):
        check_file(plan.target, moved, clock.base)
    with pytest.raises(VideoError, match="picture 0 at"):
        check_file(plan.target, [pts + 2 for pts in clock.stamps], clock.base)
    with pytest.raises(VideoError, match="read back"):
        check_file(tmp_path / "gone.mp4", clock.stamps, clock.base)


@pytest.mark.parametrize(("encoder", "extension"), [("prores", "mkv"), ("prores", "mov")])
def test_checking_a_file_finds_a_key_picture_that_does_not_decode(encoder, extension, tmp_path):
    clock = cfr()
    plan = make_plan(tmp_path / f"a.{extension}", clock, encoder)
    write(plan, clock, range(30))
    check_file(plan.target, clock.stamps, clock.base)
    with av.open(str(plan.target)) as container:
        first = next(container.demux(video=0))
        begin, end = first.pos + first.size * 2 // 3, first.pos + first.size - 8
    damage(plan.target, *range(begin, end, 8))
    with pytest.raises(VideoError, match=r"cannot be decoded|cannot be read back"):
        check_file(plan.target, clock.stamps, clock.base)


MEMORY = """
import resource, sys
from pathlib import Path
import av, numpy as np
from dataclasses import replace
from fractions import Fraction
from tests.video.write import test_join as t
from vsrealbasicvsr.video.write.sink import open_sink, plan_output
size, count, folder = (640, 480), int(sys.argv[1]), Path(sys.argv[2])
info = t.Info(time_base=Fraction(1, 1000))
plan = plan_output(folder / "out.mkv", info, size, t.Encoding("ffv1"), overwrite=True)
piece = plan_output(folder / "piece.mkv", info, size, t.Encoding("ffv1"), overwrite=True)
noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
sink = open_sink(piece)
for n in range(count):
    frame = av.VideoFrame.from_ndarray(noise, format="rgb24").reformat(format=plan.pixel_format)
    sink.write(frame, n * 40, 40)
sink.finish()
pieces = [t.Piece(piece.target, tuple((n * 40, 40) for n in range(count)))]
lag = t.largest_lag(pieces)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
t.join_pieces(plan, pieces, lag)
print(piece.target.stat().st_size // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_join_does_not_hold_the_packets_of_a_piece(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, "60", str(tmp_path)], capture_output=True, text=True, check=True
    )
    size, growth = map(int, done.stdout.split())
    assert size > 50_000
    assert growth < size / 3
