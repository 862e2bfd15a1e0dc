"""Frames given one by one are shown as they are, beside files, matched by their numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tests.compare.pages import data_of, folder, painted, picture_of
from vsrealbasicvsr.compare.comparison import Choices, compare
from vsrealbasicvsr.compare.stills import Still, Stills
from vsrealbasicvsr.errors import ClipError, SettingsError, VideoError


def stills(label: str, numbers, offset: int = 100, **more) -> Stills:
    frames = (Still(number, Fraction(number, 10), painted(number + offset), 2, 1.5) for number in numbers)
    return Stills(label, tuple(frames), **more)


def test_frames_in_memory_are_shown_beside_a_folder(tmp_path):
    whole = folder(tmp_path / "whole", [painted(number) for number in range(8)])
    few = stills("<few>", (1, 4, 6), settings={"refine": "3"})
    page = compare([whole, few, stills("others", (0, 4, 6, 9), 200)], Choices())
    assert page.frames == (4, 6)
    data = data_of(page.text)
    assert [source["label"] for source in data["sources"]] == ["whole", "<few>", "others"]
    assert data["sources"][1]["settings"] == {"refine": "3"}
    for moment, number in zip(data["moments"], (4, 6), strict=True):
        assert [shown["number"] for shown in moment["shown"]] == [number] * 3
        for shown, offset in zip(moment["shown"], (0, 100, 200), strict=True):
            np.testing.assert_array_equal(picture_of(shown["picture"]), painted(number + offset))
        assert moment["shown"][1]["time"] == number / 10
    curve = data["curve"]
    assert curve["numbers"] == [4, 6]
    assert curve["series"]["passes"] == [None, [2, 2], [2, 2]]
    assert curve["series"]["residue"] == [None, [1.5, 1.5], [1.5, 1.5]]
    assert [shown["passes"] for shown in data["moments"][0]["shown"]] == [None, 2, 2]
    error = np.abs(painted(4).astype(float) - painted(104)).mean()
    assert data["moments"][0]["difference"][0] == pytest.approx(error, abs=1e-3)


def test_sixteen_bits_and_image_files_are_frames_too(tmp_path):
    files = folder(tmp_path / "files", [painted(5)])
    deep = Stills("deep", (Still(5, Fraction(0), painted(5).astype(np.uint16) * 257),))
    on_disk = Stills("on disk", (Still(5, Fraction(0), files / "0000.png"),))
    (moment,) = data_of(compare([deep, on_disk], Choices()).text)["moments"]
    assert moment["psnr"] == ["∞"]
    np.testing.assert_array_equal(picture_of(moment["shown"][0]["picture"]), painted(5))


def test_many_sources_fit_in_a_page():
    many = [stills(f"refine={place}", (0,), place) for place in range(32)]
    data = data_of(compare(many, Choices()).text)
    for place, shown in enumerate(data["moments"][0]["shown"]):
        np.testing.assert_array_equal(picture_of(shown["picture"]), painted(place))


def test_what_is_no_frame_is_refused(tmp_path):
    with pytest.raises(ClipError, match="no frames"):
        Stills("a", ())
    with pytest.raises(ClipError, match="not in order"):
        stills("a", (3, 2))
    for picture in (
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ):
        with pytest.raises(ClipError, match="give uint8 or uint16"):
            Stills("a", (Still(0, Fraction(0), picture),))
    with pytest.raises(SettingsError, match="by number"):
        compare([stills("a", (0,)), stills("b", (0,))], Choices(match="time"))
    with pytest.raises(ClipError, match="never show frames"):
        compare([stills("a", (0,)), stills("b", (1,))], Choices())
    Image.fromarray(painted(1, 64, 48)).save(tmp_path / "larger.png")
    sizes = Stills("b", (Still(0, Fraction(0), painted(0)), Still(1, Fraction(1), tmp_path / "larger.png")))
    with pytest.raises(VideoError, match="frame 1 of b is 64x48, the first is 32x24"):
        compare([stills("a", (0, 1)), sizes], Choices())
    missing = Stills("b", (Still(0, Fraction(0), tmp_path / "missing.png"),))
    with pytest.raises(VideoError, match=r"missing\.png cannot be decoded"):
        compare([stills("a", (0,)), missing], Choices())
