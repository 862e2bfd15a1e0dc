"""The page holds the frames that belong together, the ones that tell most, in the size that was allowed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from click.testing import CliRunner

from tests.compare.pages import clip, data_of, folder, painted, picture_of
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.frame_choice import greatest
from vsrealbasicvsr.errors import ClipError, SettingsError, VideoError


def pictures(count: int, **size: int) -> list[np.ndarray]:
    return [painted(number, **size) for number in range(count)]


def test_the_page_holds_the_frames_asked_for_bit_for_bit(tmp_path):
    first, second = pictures(6), pictures(6, width=64, height=48)
    page = compare([folder(tmp_path / "a", first), folder(tmp_path / "b", second)], Choices(frames=(4, 1)))
    assert page.frames == (1, 4)
    for moment, number in zip(data_of(page.text)["moments"], (1, 4), strict=True):
        assert [shown["number"] for shown in moment["shown"]] == [number, number]
        for shown, source in zip(moment["shown"], (first, second), strict=True):
            assert shown["quality"] is None
            np.testing.assert_array_equal(picture_of(shown["picture"]), source[number])


def test_single_images_are_compared(tmp_path):
    a, b = folder(tmp_path / "a", pictures(1)), folder(tmp_path / "b", [painted(9)])
    page = compare([a / "0000.png", b / "0000.png"], Choices())
    (moment,) = data_of(page.text)["moments"]
    np.testing.assert_array_equal(picture_of(moment["shown"][1]["picture"]), painted(9))
    error = np.mean((painted(0).astype(float) - painted(9)) ** 2)
    assert moment["psnr"] == [f"{10 * math.log10(255**2 / error):.2f}"]
    assert moment["difference"] == [
        pytest.approx(np.abs(painted(0).astype(float) - painted(9)).mean(), abs=1e-3)
    ]
    assert [one["label"] for one in data_of(page.text)["sources"]] == ["a/0000.png", "b/0000.png"]


def test_sixteen_bits_are_rounded_to_eight(tmp_path, ffmpeg):
    rng = np.random.default_rng(3)
    deep = rng.integers(0, 1 << 16, (16, 24, 3), np.uint16)
    (tmp_path / "deep.raw").write_bytes(deep.astype(">u2").tobytes())
    ffmpeg("-f", "rawvideo", "-pixel_format", "rgb48be", "-video_size", "24x16", "-i", tmp_path / "deep.raw",
           tmp_path / "deep.png")  # fmt: skip
    other = folder(tmp_path / "other", [painted(0)]) / "0000.png"
    (moment,) = data_of(compare([tmp_path / "deep.png", other], Choices()).text)["moments"]
    expected = np.round(deep / 65535 * 255).astype(np.uint8)
    np.testing.assert_array_equal(picture_of(moment["shown"][0]["picture"]), expected)


def test_frames_of_the_same_time_are_matched(tmp_path, ffmpeg):
    images = folder(tmp_path / "images", pictures(12))
    whole = clip(ffmpeg, tmp_path / "whole.mkv", images)
    half = clip(ffmpeg, tmp_path / "half.mkv", images, "select=not(mod(n\\,2))")
    by_time = data_of(compare([whole, half], Choices(frames=(2, 5, 6))).text)
    assert by_time["match"] == "time"
    assert [[s["number"] for s in m["shown"]] for m in by_time["moments"]] == [[2, 1], [5, 2], [6, 3]]
    assert [m["time"] for m in by_time["moments"]] == [0.08, 0.2, 0.24]
    np.testing.assert_array_equal(picture_of(by_time["moments"][1]["shown"][1]["picture"]), painted(4))
    by_number = data_of(compare([whole, half], Choices(match="number", frames=(5,))).text)
    np.testing.assert_array_equal(picture_of(by_number["moments"][0]["shown"][1]["picture"]), painted(10))


def test_frames_that_a_source_does_not_have_are_no_moments(tmp_path, ffmpeg):
    images = folder(tmp_path / "images", pictures(12))
    whole = clip(ffmpeg, tmp_path / "whole.mkv", images)
    short = clip(ffmpeg, tmp_path / "short.mkv", images, "select=lt(n\\,7)")
    for pair in ([whole, short], [short, whole]):
        for match in ("time", "number"):
            page = compare(pair, Choices(count=50, match=match))
            assert page.frames == tuple(range(7))
            (warning,) = page.warnings
            assert warning == "short.mkv ends before others; what they show after that is left out."
    assert compare([short, short], Choices()).warnings == ()
    assert compare([whole, images], Choices()).warnings == ()


def test_turned_sources_are_shown_upright(tmp_path, ffmpeg):
    folder(tmp_path / "coded", pictures(2))
    ffmpeg("-framerate", "25", "-i", tmp_path / "coded" / "%04d.png", "-c:v", "png", tmp_path / "coded.mov")
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "coded.mov", "-c", "copy", tmp_path / "turned.mov")
    upright = folder(tmp_path / "upright", [np.rot90(picture) for picture in pictures(2)])
    data = data_of(compare([tmp_path / "turned.mov", upright], Choices()).text)
    assert [(one["width"], one["height"]) for one in data["sources"]] == [(24, 32)] * 2
    assert data["curve"]["series"] == {"difference": [None, [0.0, 0.0]], "psnr": [None, [100.0, 100.0]]}
    for number, moment in enumerate(data["moments"]):
        np.testing.assert_array_equal(picture_of(moment["shown"][0]["picture"]), np.rot90(painted(number)))


def test_the_page_tells_what_the_file_says_of_itself(tmp_path, ffmpeg):
    images = folder(tmp_path / "images", pictures(2))
    made = tmp_path / "made.mkv"
    ffmpeg(
        "-i",
        clip(ffmpeg, tmp_path / "plain.mkv", images),
        "-c",
        "copy",
        "-metadata",
        "comment=refine=5",
        made,
    )
    (first, second) = data_of(compare([images, made], Choices()).text)["sources"]
    assert "refine=5" in second["tags"].values()
    assert first["facts"]["Size"] == second["facts"]["Size"] == "32 × 24"


def test_planted_differences_are_found(tmp_path):
    spoiled = {3: 255, 17: 40}
    first = [np.full((24, 32, 3), 100, np.uint8) for _ in range(20)]
    second = [picture.copy() for picture in first]
    for number, value in spoiled.items():
        second[number][8:16, 8:16] = value
    page = compare([folder(tmp_path / "a", first), folder(tmp_path / "b", second)], Choices(count=2))
    assert page.frames == (3, 17)
    curve = data_of(page.text)["curve"]
    expected = [64 * abs(spoiled.get(n, 100) - 100) / (24 * 32) for n in range(20)]
    np.testing.assert_allclose(curve["series"]["difference"][1], expected, atol=1e-3)
    squares = [64 * (spoiled.get(n, 100) - 100) ** 2 / (24 * 32) for n in range(20)]
    ratios = [10 * math.log10(255**2 / square) if square else 100 for square in squares]
    np.testing.assert_allclose(curve["series"]["psnr"][1], ratios, atol=1e-2)


@pytest.mark.parametrize(
    ("differences", "count", "chosen"),
    [
        ([0, 1, 0, 5, 4, 0], 2, (1, 3)),
        ([0, 1, 0, 5, 4, 0], 1, (3,)),
        ([2, 1], 5, (0, 1)),
        ([1, 1, 1], 1, (0,)),
        ([], 3, ()),
    ],
)
def test_each_section_gives_its_largest(differences, count, chosen):
    assert greatest(differences, count) == chosen


def test_the_worst_frames_are_those_of_the_lowest_psnr(tmp_path):
    first = [np.full((24, 32, 3), 100, np.uint8) for _ in range(10)]
    second = [picture.copy() for picture in first]
    second[2][:, :8] += 4  # a mean difference of 1, and a mean square of 4
    second[3][0, :8] += 60  # .6 and 37
    second[8][:] += 1
    sources = [folder(tmp_path / "a", first), folder(tmp_path / "b", second)]
    assert compare(sources, Choices(count=2)).frames == (2, 8)
    assert compare(sources, Choices(count=2, pick="worst")).frames == (3, 8)
    larger = folder(tmp_path / "c", pictures(10, width=64, height=48))
    with pytest.raises(ClipError, match="needs sources of one size: pick by difference"):
        compare([*sources[:1], larger], Choices(pick="worst"))


def test_picked_by_shots_each_shot_is_seen(tmp_path):
    shots = [painted(seed, 160, 96) for seed in (1, 2, 3)]
    first = [np.roll(shot, 2 * n, 1) for shot in shots for n in range(8)]
    black = [np.zeros((96, 160, 3), np.uint8)] * 6
    sources = [folder(tmp_path / "a", [*first, *black]), folder(tmp_path / "b", [*first[::-1], *black])]
    frames = compare(sources, Choices(count=3, pick="shots")).frames
    assert [number // 8 for number in frames] == [0, 1, 2]


def test_a_page_keeps_to_its_limit_and_all_pictures_of_a_moment_to_one_quality(tmp_path):
    rng = np.random.default_rng(5)
    noisy = [rng.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(8)]
    sources = [folder(tmp_path / "a", noisy[:4]), folder(tmp_path / "b", noisy[4:])]
    qualities = []
    for limit in (0.9, 0.6):
        page = compare(sources, Choices(size_limit=limit))
        assert len(page.text.encode()) <= limit * 1e6
        moments = data_of(page.text)["moments"]
        assert all(len({shown["quality"] for shown in moment["shown"]}) == 1 for moment in moments)
        qualities.append(moments[-1]["shown"][0]["quality"])
    assert qualities[0] > qualities[1]
    with pytest.raises(SettingsError, match="do not fit the size limit"):
        compare(sources, Choices(size_limit=0.1))


def test_lossy_pictures_keep_their_colours(tmp_path):
    flat = np.empty((1200, 900, 3), np.uint8)
    flat[:] = (200, 60, 90)
    sources = [folder(tmp_path / "a", [flat]), folder(tmp_path / "b", [flat])]
    shown = data_of(compare(sources, Choices()).text)["moments"][0]["shown"][0]
    assert shown["quality"] == 95
    assert np.abs(picture_of(shown["picture"]).astype(int) - flat).max() <= 2


def test_what_cannot_be_compared_is_refused(tmp_path):
    a, b = folder(tmp_path / "a", pictures(3)), folder(tmp_path / "b", pictures(2))
    with pytest.raises(SettingsError, match="shows nothing"):
        Choices(frames=())
    with pytest.raises(SettingsError, match="not possible"):
        Choices(size_limit=0)
    with pytest.raises(SettingsError, match="two sources or more"):
        compare([a], Choices())
    with pytest.raises(SettingsError, match="at most 32"):
        compare([a] * 33, Choices())
    with pytest.raises(ClipError, match="frame 2 is not in every source: they share frames 0 to 1"):
        compare([a, b], Choices(frames=(0, 2)))
    with pytest.raises(SettingsError, match="1 labels do not fit 2 sources"):
        compare([a, b], Choices(labels=("only",)))
    with pytest.raises(SettingsError, match="a label is empty"):
        compare([a, b], Choices(labels=("only", " ")))
    (tmp_path / "text.mkv").write_text("no video")
    for name in ("text.mkv", "nothing.mkv"):
        with pytest.raises(VideoError, match=name):
            compare([a, tmp_path / name], Choices())


def test_the_command_writes_a_page_and_replaces_none_unasked(tmp_path):
    a, b = folder(tmp_path / "a", pictures(3)), folder(tmp_path / "b", pictures(3))
    page = tmp_path / "page.html"
    command = ["compare", str(a), str(b), "-o", str(page), "--frames", "0,2"]
    named = [*command, "--label", "<A>", "--label", "B"]
    done = CliRunner().invoke(main, [*named, "--title", "</script> & {{data}}"])
    assert done.exit_code == 0, done.output
    assert data_of(page.read_text(encoding="utf-8"))["title"] == "</script> & {{data}}"
    assert [s["label"] for s in data_of(page.read_text(encoding="utf-8"))["sources"]] == ["<A>", "B"]
    before = page.read_bytes()
    refused = CliRunner().invoke(main, command)
    assert refused.exit_code == 1
    assert "exists" in refused.output
    assert page.read_bytes() == before
    assert CliRunner().invoke(main, [*command, "--overwrite", "--quiet"]).exit_code == 0
    assert page.read_bytes() != before
    assert CliRunner().invoke(main, [*command, "--overwrite", "--frames", "1-3"]).exit_code == 2
    assert CliRunner().invoke(main, [*command, "--overwrite", "--label", "one"]).exit_code == 2
