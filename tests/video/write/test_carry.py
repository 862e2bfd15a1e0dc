from __future__ import annotations

import random
from fractions import Fraction

import av
import pytest

from tests.video.outputs import Info, decodes_cleanly, packet_hashes, picture, real_ffmpeg, times
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.carry import survey
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.sink import open_sink, plan_output

SRT = "1\n00:00:00,200 --> 00:00:01,000\nHello\n\n2\n00:00:01,200 --> 00:00:01,900\nWorld\n"
CHAPTERS = (
    ";FFMETADATA1\ntitle=The clip\nartist=nobody\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=one\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=two\n"
)
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=32x24:r=25:d=2")


def sine(hertz, seconds=2):
    return "-f", "lavfi", "-i", f"sine={hertz}:d={seconds}"


@pytest.fixture(scope="module")
def rich(ffmpeg, tmp_path_factory):
    """A Matroska file with two sounds, two subtitles, a font, cover art, chapters and tags."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "a.srt").write_text(SRT)
    (folder / "meta.txt").write_text(CHAPTERS)
    (folder / "f.ttf").write_text("not really a font")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=32x32", "-frames:v", "1", folder / "cover.png")
    # fmt: off
    ffmpeg(
        *PICTURES, *sine(440), *sine(880), "-i", folder / "a.srt", "-i", folder / "meta.txt",
        "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map", "3:s",
        "-map_metadata", "4", "-map_chapters", "4",
        "-attach", folder / "f.ttf", "-metadata:s:t:0", "mimetype=application/x-truetype-font",
        "-attach", folder / "cover.png", "-metadata:s:t:1", "mimetype=image/png",
        "-metadata:s:t:1", "filename=cover.png",
        "-c:v", "libx264", "-bf", "2", "-c:a:0", "aac", "-c:a:1", "flac", "-c:s:0", "srt", "-c:s:1", "ass",
        "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra",
        "-metadata:s:a:1", "title=Commentary",
        "-metadata:s:s:0", "language=ger", "-metadata:s:v:0", "title=Picture",
        "-disposition:a:0", "default", "-disposition:a:1", "comment", "-disposition:s:1", "forced",
        folder / "rich.mkv",
    )
    # fmt: on
    return folder / "rich.mkv"


@pytest.fixture(scope="module")
def plain(ffmpeg, tmp_path_factory):
    """An MP4 file with sound."""
    path = tmp_path_factory.mktemp("plain") / "plain.mp4"
    ffmpeg(*PICTURES, *sine(440), "-c:v", "libx264", "-bf", "2", "-g", "10", "-c:a", "aac", path)
    return path


def start_of(path):
    with av.open(str(path)) as container:
        return Fraction(container.start_time or 0, 1_000_000)


def pictures_of(path):
    """Index of the stream that is restored, by FFmpeg's own choice."""
    with av.open(str(path)) as container:
        return container.streams.best("video").index


def restore(source, target, count=50, first=0, start=None, **choices):
    """Write `count` pictures, 25 a second, in place of the source's."""
    start = start_of(source) if start is None else start
    info = Info(path=source, stream=pictures_of(source), time_base=Fraction(1, 1000), start=start)
    fast = Encoding("x264", options=(("preset", "ultrafast"),)) if target.suffix else Encoding()
    plan = plan_output(target, info, (64, 48), fast, **choices)
    sink = open_sink(plan)
    for n in range(count):
        sink.write(picture(plan, 40 + n), round(start * 1000) + first + n * 40, 40)
    return plan, sink.finish()


def test_matroska_to_matroska_copies_everything(rich, tmp_path):
    target = tmp_path / "out.mkv"
    plan, lost = restore(rich, target)
    assert plan.warnings == lost == ()
    for selection in ("0:a:0", "0:a:1", "0:s:0", "0:s:1"):
        assert packet_hashes(target, selection) == packet_hashes(rich, selection)
        assert packet_hashes(target, selection)
    with av.open(str(rich)) as before, av.open(str(target)) as after:
        assert [(s.type, s.language, s.disposition, s.metadata.get("title")) for s in after.streams] == [
            (s.type, s.language, s.disposition, s.metadata.get("title")) for s in before.streams
        ]
        assert after.chapters() == before.chapters()
        assert after.metadata["title"] == "The clip"
        assert after.metadata["ARTIST"] == "nobody"
        fonts = [[s.data for s in c.streams if s.type == "attachment"] for c in (before, after)]
        assert fonts[0] == fonts[1] == [b"not really a font"]
        covers = [[bytes(p) for p in c.demux(c.streams.video[1]) if p.size] for c in (before, after)]
        assert covers[0] == covers[1]
        assert len(covers[1][0]) > 50
    assert decodes_cleanly(target)


def test_what_mp4_cannot_hold_is_named_in_one_warning(rich, tmp_path):
    target = tmp_path / "out.mp4"
    plan, _ = restore(rich, target)
    (warning,) = plan.warnings
    assert warning == (
        "out.mp4 cannot hold these of the source: "
        "subtitle 3 (srt, ger); subtitle 4 (ssa); attachment 5 (f.ttf)."
    )
    for selection in ("0:a:0", "0:a:1"):
        assert packet_hashes(target, selection) == packet_hashes(rich, selection)
    with av.open(str(target)) as after:
        assert after.metadata["title"] == "The clip"
        assert [chapter["metadata"]["title"] for chapter in after.chapters()] == ["one", "two"]
        assert [stream.language for stream in after.streams.audio] == ["eng", "fra"]
        cover = after.streams.video[1]
        assert cover.disposition & av.stream.Disposition.attached_pic
    assert decodes_cleanly(target)


def test_strict_refuses_what_cannot_be_held_before_anything_is_written(rich, tmp_path):
    for name in ("out.mp4", "out.mov", "frames"):
        with pytest.raises(VideoError, match=r"cannot hold .*; write a \.mkv file, or leave --strict out"):
            restore(rich, tmp_path / name, strict=True)
    assert list(tmp_path.iterdir()) == []
    restore(rich, tmp_path / "out.mkv", count=2, strict=True)


def test_mov_leaves_out_what_it_cannot_hold(rich, tmp_path):
    target = tmp_path / "out.mov"
    plan, _ = restore(rich, target)
    assert "audio 2 (flac, fra)" in plan.warnings[0]
    assert "cover art 6 (png)" in plan.warnings[0]
    assert packet_hashes(target, "0:a:0") == packet_hashes(rich, "0:a:0")
    assert decodes_cleanly(target)


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_cover_art_of_an_mp4_stays_cover_art(extension, ffmpeg, plain, rich, tmp_path):
    source, target = tmp_path / "covered.mp4", tmp_path / f"out.{extension}"
    # fmt: off
    ffmpeg("-i", plain, "-i", rich.with_name("cover.png"), "-map", "0", "-map", "1", "-c", "copy",
           "-disposition:v:1", "attached_pic", source)
    # fmt: on
    plan, _ = restore(source, target)
    assert plan.warnings == ()
    with av.open(str(target)) as after:
        cover = next(s for s in after.streams.video if s.disposition & av.stream.Disposition.attached_pic)
        data = next(bytes(packet) for packet in after.demux(cover) if packet.size)
    assert data == rich.with_name("cover.png").read_bytes()
    assert len(times(target)) == 50


def first_sound(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return next(float(frame.time) for frame in container.decode(stream))


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
@pytest.mark.parametrize("late", ["picture", "sound"])
def test_picture_and_sound_keep_their_distance(late, extension, ffmpeg, tmp_path):
    source, target = tmp_path / "late.ts", tmp_path / f"out.{extension}"
    graph = (
        "[0:v]setpts=PTS+0.32/TB[v];[1:a]anull[a]"
        if late == "picture"
        else "[0:v]null[v];[1:a]asetpts=PTS+0.32/TB[a]"
    )
    codecs = ("-c:v", "libx264", "-c:a", "mp2")
    ffmpeg(*PICTURES, *sine(440), "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *codecs, source)
    with av.open(str(source)) as before:
        shown = [frame.pts * frame.time_base for frame in before.decode(video=0)]
        start = Fraction(before.start_time, 1_000_000)
    offset = float(shown[0]) - first_sound(source)
    restore(source, target, first=round((shown[0] - start) * 1000), start=start)
    assert float(times(target)[0][0]) - first_sound(target) == pytest.approx(offset, abs=0.002)
    assert packet_hashes(target, "0:a:0") == packet_hashes(source, "0:a:0")
    assert decodes_cleanly(target)


def test_sound_past_the_last_picture_and_before_the_first_is_kept(plain, tmp_path):
    restore(plain, tmp_path / "out.mkv", count=3, first=1000)
    assert packet_hashes(tmp_path / "out.mkv", "0:a:0") == packet_hashes(plain, "0:a:0")


def test_sound_lies_beside_its_pictures_in_the_file(plain, tmp_path):
    target = tmp_path / "out.mkv"
    restore(plain, target)
    with av.open(str(target)) as container:
        clock = [
            float(packet.dts * packet.time_base) for packet in container.demux() if packet.dts is not None
        ]
    assert max(max(clock[: n + 1]) - now for n, now in enumerate(clock)) < 0.2


def test_a_truncated_source_gives_what_it_has(rich, tmp_path):
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(rich.read_bytes()[: rich.stat().st_size * 6 // 10])
    restore(cut, tmp_path / "out.mkv", count=10)
    kept = packet_hashes(tmp_path / "out.mkv", "0:a:0")
    whole = packet_hashes(rich, "0:a:0")
    assert 0 < len(kept) < len(whole)
    assert kept[:-1] == whole[: len(kept) - 1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_damaged_source_still_gives_a_file(seed, extension, ffmpeg, plain, tmp_path):
    source = tmp_path / "damaged.mkv"
    ffmpeg("-i", plain, "-c", "copy", source)
    data, chance = bytearray(source.read_bytes()), random.Random(seed)
    for _ in range(60):
        data[chance.randrange(len(data) // 4, len(data))] ^= 1 << chance.randrange(8)
    source.write_bytes(data)
    target = tmp_path / f"out.{extension}"
    restore(source, target, start=Fraction(0))
    assert len(times(target)) == 50


def test_time_code_tracks_and_chapter_tracks_do_not_come_twice(ffmpeg, rich, tmp_path):
    source = tmp_path / "code.mov"
    # fmt: off
    ffmpeg("-i", rich, "-map", "0:v:0", "-map", "0:a:0", "-c", "copy", "-timecode", "01:00:00:00", source)
    # fmt: on
    with av.open(str(source)) as before:
        kinds = [stream.type for stream in before.streams]
    assert kinds.count("data") == 2
    plan, _ = restore(source, tmp_path / "out.mov")
    assert plan.warnings == ()
    with av.open(str(tmp_path / "out.mov")) as after:
        assert sorted(stream.type for stream in after.streams) == sorted(kinds)
        assert after.streams.video[0].metadata["timecode"] == "01:00:00:00"
        assert len(after.chapters()) == 2


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_chapter_before_a_late_start_begins_with_the_file(extension, ffmpeg, tmp_path):
    source, target = tmp_path / "late.mkv", tmp_path / f"out.{extension}"
    (tmp_path / "meta.txt").write_text(CHAPTERS)
    late = ("-vf", "setpts=PTS+0.4/TB", "-avoid_negative_ts", "disabled", "-c:v", "ffv1")
    ffmpeg(*PICTURES, "-i", tmp_path / "meta.txt", "-map_chapters", "1", *late, source)
    assert start_of(source) == Fraction(2, 5)
    restore(source, target)
    with av.open(str(target)) as after:
        clock = [(c["start"] * c["time_base"], c["end"] * c["time_base"]) for c in after.chapters()]
    assert clock == [(0, Fraction(3, 5)), (Fraction(3, 5), Fraction(8, 5))]


def test_a_second_picture_track_is_copied(ffmpeg, plain, tmp_path):
    source, target = tmp_path / "two.mkv", tmp_path / "out.mkv"
    ffmpeg(
        "-i",
        plain,
        *PICTURES,
        "-map",
        "0",
        "-map",
        "1",
        "-c:v:0",
        "copy",
        "-c:v:1",
        "ffv1",
        "-c:a",
        "copy",
        source,
    )
    restore(source, target)
    with av.open(str(source)) as container:
        best = container.streams.best("video").index
    other = "0:v:1" if best == 0 else "0:v:0"
    assert packet_hashes(source, other)[0] in {
        *packet_hashes(target, "0:v:0"),
        *packet_hashes(target, "0:v:1"),
    }
    assert decodes_cleanly(target)


def test_old_statistics_do_not_describe_the_new_pictures(ffmpeg, plain, tmp_path):
    source = tmp_path / "tagged.mkv"
    tags = (
        "-metadata:s:v",
        "NUMBER_OF_FRAMES=50",
        "-metadata:s:v",
        "_STATISTICS_TAGS=BPS",
        "-metadata:s:v",
        "MOOD=calm",
    )
    ffmpeg("-i", plain, "-c", "copy", *tags, source)
    restore(source, tmp_path / "out.mkv", count=2)
    with av.open(str(tmp_path / "out.mkv")) as after:
        tags = after.streams.video[0].metadata
    assert tags["MOOD"] == "calm"
    assert not {"NUMBER_OF_FRAMES", "_STATISTICS_TAGS"} & tags.keys()


def test_tags_that_mp4_does_not_know_are_named(ffmpeg, plain, tmp_path):
    source = tmp_path / "tagged.mkv"
    ffmpeg("-i", plain, "-c", "copy", "-metadata", "MOOD=calm", "-metadata", "artist=nobody", source)
    plan, _ = restore(source, tmp_path / "out.mp4", count=2)
    assert plan.warnings == ("out.mp4 cannot hold these of the source: tag MOOD.",)
    assert restore(source, tmp_path / "out.mkv", count=2)[0].warnings == ()


def test_pictures_alone_carry_nothing_and_say_so(plain, tmp_path):
    plan, _ = restore(plain, tmp_path / "frames", count=2)
    assert plan.warnings == ("PNG frames cannot hold these of the source: audio 1 (aac, und).",)


def test_carrying_can_be_switched_off(rich, tmp_path):
    plan, _ = restore(rich, tmp_path / "out.mp4", count=2, carry=False)
    assert plan.warnings == ()
    with av.open(str(tmp_path / "out.mp4")) as after:
        assert len(after.streams) == 1


def test_a_survey_of_something_that_is_no_video_is_one_sentence(tmp_path):
    (tmp_path / "a.mkv").write_bytes(b"no video at all")
    with pytest.raises(VideoError, match="cannot read"):
        survey(tmp_path / "a.mkv", "matroska", 0)


def test_the_real_ffmpeg_agrees_on_the_copied_times(rich, tmp_path):
    """Our copy of the sound has the times of ffmpeg's own copy, also where the file starts before zero."""
    theirs, ours = tmp_path / "theirs.mkv", tmp_path / "ours.mkv"
    real_ffmpeg(
        "-v", "error", "-i", rich, "-map", "0:v:0", "-map", "0:a", "-map", "0:s", "-c", "copy", theirs
    )
    restore(rich, ours)
    for selection in ("a:0", "a:1", "s:0"):
        kind, number = selection.split(":")
        clocks = []
        for path in (theirs, ours):
            with av.open(str(path)) as container:
                stream = [s for s in container.streams if s.type[0] == kind][int(number)]
                clocks.append([packet.pts for packet in container.demux(stream) if packet.pts is not None])
        assert clocks[0] == clocks[1]
