"""The main job end to end: what goes in comes out, in time, whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
import torch

from tests.conftest import EXAMPLE_CLIP
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.errors import JobError, RestorationError, VideoError
from vsrealbasicvsr.job import Delivery, Progress, restore_file
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.colour.pixels import rgb_from_frame
from vsrealbasicvsr.video.colour.tags import describe_colour
from vsrealbasicvsr.video.write.encoders import Encoding

FFV1 = Delivery(encoding=Encoding(encoder="ffv1", pixel_format="gbrp16le"))


def settings(model: Path, **values: object) -> Settings:
    return Settings.from_mapping({"model": str(model), "device": "cpu", "cuts": "none", **values})


def pictures(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def rgb(frames: list[av.VideoFrame]) -> torch.Tensor:
    return torch.stack([rgb_from_frame(frame, describe_colour(frame)[0]) for frame in frames])


def times(path: Path) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in pictures(path)]


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(**{kind: 0}) if p.size]


@pytest.mark.parametrize(("window", "margin"), [(24, 8), (3, 2), (0, 0)])
def test_the_file_holds_what_the_engine_gives(
    clip: Path, tiny_model: Path, tmp_path: Path, window: int, margin: int
) -> None:
    choice = settings(tiny_model, window=window, margin=margin)
    report = restore_file(clip, tmp_path / "out.mkv", choice, delivery=FFV1)
    assert (report.frames, report.lost) == (10, 0)
    expected = torch.stack(list(Restorer(settings=choice).stream(rgb(pictures(clip)))))
    assert (rgb(pictures(tmp_path / "out.mkv")) - expected).abs().max() <= 0.51 / 65535


def test_several_devices_make_the_same_file(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    choice = settings(tiny_model, window=3, margin=2)
    several = settings(tiny_model, window=3, margin=2, device="cpu,cpu")
    report = restore_file(clip, tmp_path / "out.mkv", several, delivery=FFV1)
    assert report.frames == 10
    expected = torch.stack(list(Restorer(settings=choice).stream(rgb(pictures(clip)))))
    assert (rgb(pictures(tmp_path / "out.mkv")) - expected).abs().max() <= 0.51 / 65535


def test_sound_and_time_come_along(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    restore_file(clip, tmp_path / "out.mkv", settings(tiny_model))
    assert times(tmp_path / "out.mkv") == times(clip)
    assert packets(tmp_path / "out.mkv", "audio") == packets(clip, "audio")


def test_variable_frame_rate_is_kept_to_the_tick(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path
) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=60:d=0.4"),
        *("-vf", "settb=1/90000,setpts='N*1500+mod(N*N*37,1100)+if(gt(N,9),40000,0)'"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000"),
        *("-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", tmp_path / "vfr.mp4"),
    )
    before = times(tmp_path / "vfr.mp4")
    assert len({b - a for a, b in pairwise(before)}) > 5
    restore_file(tmp_path / "vfr.mp4", tmp_path / "out.mp4", settings(tiny_model))
    assert times(tmp_path / "out.mp4") == before
    restore_file(tmp_path / "vfr.mp4", tmp_path / "out.mkv", settings(tiny_model))
    after = times(tmp_path / "out.mkv")
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= Fraction(1, 2000)  # Matroska's tick


def test_cuts_are_found_used_and_written(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path
) -> None:
    source = tmp_path / "small.mkv"
    ffmpeg("-i", EXAMPLE_CLIP, "-ss", "0.25", "-frames:v", "15", "-vf", "scale=64:36", "-c:v", "ffv1", source)
    cuts_file = tmp_path / "cuts.txt"
    delivery = Delivery(encoding=Encoding(encoder="ffv1", pixel_format="gbrp16le"), cuts_out=cuts_file)
    report = restore_file(
        source, tmp_path / "found.mkv", settings(tiny_model, cuts="auto"), delivery=delivery
    )
    assert report.cuts == (7,)
    assert cuts_file.read_text().splitlines()[-1] == "7"

    restore_file(source, tmp_path / "given.mkv", settings(tiny_model, cuts=str(cuts_file)), delivery=FFV1)
    found, given = rgb(pictures(tmp_path / "found.mkv")), rgb(pictures(tmp_path / "given.mkv"))
    assert torch.equal(found, given)

    restore_file(source, tmp_path / "none.mkv", settings(tiny_model), delivery=FFV1)
    assert not torch.equal(rgb(pictures(tmp_path / "none.mkv")), found)


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        (Delivery(), (256, 192)),
        (Delivery(scale=2), (128, 96)),
        (Delivery(scale=1.5, light="linear", kernel="lanczos"), (96, 72)),
        (Delivery(size=(200, 100)), (200, 100)),
    ],
)
def test_size_and_scale(
    clip: Path, tiny_model: Path, tmp_path: Path, delivery: Delivery, expected: tuple[int, int]
) -> None:
    restore_file(clip, tmp_path / "out.mkv", settings(tiny_model), delivery=delivery)
    first = pictures(tmp_path / "out.mkv")[0]
    assert (first.width, first.height) == expected


def test_the_display_shape_survives_an_anamorphic_resize(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path
) -> None:
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.12,setsar=16/11"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", tmp_path / "sar.mkv"),
    )
    for delivery, expected in ((Delivery(), Fraction(16, 11)), (Delivery(size=(256, 256)), Fraction(64, 33))):
        out = tmp_path / f"{delivery.size}.mkv"
        restore_file(tmp_path / "sar.mkv", out, settings(tiny_model), delivery=delivery)
        with av.open(str(out)) as container:
            ratio = container.streams.video[0].sample_aspect_ratio
        assert Fraction(ratio.numerator, ratio.denominator) == expected


def test_image_sequences_in_and_out(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    restore_file(clip, tmp_path / "frames", settings(tiny_model), delivery=Delivery(scale=1))
    files = sorted((tmp_path / "frames").iterdir())
    assert [file.name for file in files] == [f"{n:06d}.png" for n in range(10)]
    report = restore_file(
        tmp_path / "frames",
        tmp_path / "again.mkv",
        settings(tiny_model),
        delivery=Delivery(rate=Fraction(16), size=(64, 48)),
    )
    assert report.frames == 10
    assert times(tmp_path / "again.mkv")[1] == pytest.approx(1 / 16, abs=5.1e-4)  # Matroska's tick


def test_progress_is_told_at_first_and_after_every_frame(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    restore_file(clip, tmp_path / "out.mkv", settings(tiny_model, refine=0.0), on_progress=seen.append)
    assert [progress.frames for progress in seen] == list(range(11))
    assert seen[-1].total == 10
    assert seen[-1].mean_passes == 3.0


def test_a_failure_midway_leaves_nothing(clip: Path, tmp_path: Path, tiny_model: Path) -> None:
    def fail(progress: Progress) -> None:
        if progress.frames == 4:
            raise VideoError("the encoder died")

    with pytest.raises(VideoError, match="the encoder died"):
        restore_file(clip, tmp_path / "out.mkv", settings(tiny_model), on_progress=fail)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_keeps_what_is_done_and_the_same_call_goes_on(
    clip: Path, tmp_path: Path, tiny_model: Path
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.frames == 6:
            raise KeyboardInterrupt

    choice = settings(tiny_model, window=2, margin=3)
    delivery = replace(FFV1, segment_length=4)
    with pytest.raises(KeyboardInterrupt):
        restore_file(clip, tmp_path / "out.mkv", choice, delivery=delivery, on_progress=interrupt)
    assert [file.name for file in tmp_path.iterdir()] == ["out.mkv.parts"]

    seen: list[Progress] = []
    report = restore_file(clip, tmp_path / "out.mkv", choice, delivery=delivery, on_progress=seen.append)
    assert [progress.frames for progress in seen] == list(range(4, 11))
    assert (report.frames, report.resumed) == (10, 4)
    assert [file.name for file in tmp_path.iterdir()] == ["out.mkv"]
    restore_file(clip, tmp_path / "whole.mkv", choice, delivery=FFV1)
    assert torch.equal(rgb(pictures(tmp_path / "out.mkv")), rgb(pictures(tmp_path / "whole.mkv")))
    assert times(tmp_path / "out.mkv") == times(clip)
    assert packets(tmp_path / "out.mkv", "audio") == packets(clip, "audio")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": (1, 1)}, "size 1x1"),
        ({"size": (64, 48), "scale": 2.0}, "exclude each other"),
        ({"scale": 99.0}, "scale 99"),
        ({"rate": Fraction(0)}, "rate 0"),
    ],
)
def test_contradictions_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(JobError, match=message):
        Delivery(**values)  # type: ignore[arg-type] # values of several kinds


def test_checks_come_before_any_work(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    for source, target, choice in (
        (tmp_path / "no.mkv", tmp_path / "out.mkv", settings(tiny_model)),
        (clip, tmp_path / "out.xyz", settings(tiny_model)),
        (clip, clip, settings(tiny_model)),
        (clip, tmp_path / "out.mkv", settings(tmp_path / "no.pth")),
        (clip, tmp_path / "out.mkv", settings(tiny_model, cuts=str(tmp_path / "no.txt"))),
    ):
        with pytest.raises(RestorationError) as caught:
            restore_file(source, target, choice, on_progress=lambda _: pytest.fail("work began"))
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_cuts_file_is_known_beforehand(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    delivery = Delivery(cuts_out=tmp_path / "no folder" / "cuts.txt")
    with pytest.raises(JobError, match="no folder"):
        restore_file(
            clip, tmp_path / "out.mkv", settings(tiny_model), delivery=delivery,
            on_progress=lambda _: pytest.fail("work began"),
        )  # fmt: skip


def test_who_waits_for_workers_waits_still(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    choice = settings(tiny_model, window=2, margin=1)
    delivery = replace(FFV1, segment_length=2)
    report = restore_file(
        clip, tmp_path / "out.mkv", choice, delivery=delivery, workers=1, on_progress=told.append
    )
    # For each of five segments at most: read, given back, and the one wait that finds both.
    assert len(told) <= 3 * 5 + report.seconds + 2
    assert (told[0].frames, told[-1].frames) == (0, 10)
