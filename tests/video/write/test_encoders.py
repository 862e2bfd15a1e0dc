from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import av
import pytest

from tests.video.outputs import tags
from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.video.write.encoders import (
    ENCODERS,
    Encoding,
    Pictures,
    check_encoder,
    codec_options,
    pixel_format_of,
)

PICTURES = Pictures(64, 64, "yuv420p10le", tags(), Fraction(1), Fraction(1, 1000), Fraction(25))


def check(encoding, **changes):
    fitting = replace(PICTURES, pixel_format=encoding.pixel_format or pixel_format_of(encoding), **changes)
    check_encoder(encoding, fitting)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_encoder_of_ours_opens_as_it_comes(encoder):
    check(Encoding(encoder))


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_4k_picture_opens(encoder):
    check(Encoding(encoder), width=3840, height=2160)


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("x264", "yuv420p10le"),
        ("x265", "yuv420p10le"),
        ("svtav1", "yuv420p10le"),
        ("ffv1", "yuv444p10le"),
        ("prores", "yuv422p10le"),
        ("png", "rgb24"),
        ("utvideo", "gbrp"),
    ],
)
def test_default_pixel_formats(encoder, expected):
    assert pixel_format_of(Encoding(encoder)) == expected


def test_ten_bits_only_where_this_builds_encoder_can():
    assert pixel_format_of(Encoding("mpeg4")) == "yuv420p"


def test_the_users_options_win_over_ours():
    assert codec_options(Encoding("x264"))["crf"] == "16"
    assert codec_options(Encoding("x264", crf=20.5))["crf"] == "20.5"
    assert codec_options(Encoding("svtav1", options=(("preset", "9"),)))["preset"] == "9"
    assert "crf" not in codec_options(Encoding("x264", options=(("qp", "10"),)))
    assert codec_options(Encoding("x265", options=(("x265-params", "aq-mode=3"),)))["x265-params"].endswith(
        ":aq-mode=3"
    )


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding("nosuch"), "no encoder nosuch; ours are x264"),
        (Encoding("aac"), "encodes audio, not pictures"),
        (Encoding("x264", pixel_format="rgb48le"), "cannot write the pixel format rgb48le; it takes yuv420p"),
        (Encoding("x264", crf=-1), "--crf -1 is out of range: x264 takes 0 to 51"),
        (Encoding("svtav1", crf=64), "x*svtav1 takes 0 to 63"),
        (Encoding("ffv1", crf=16), "ffv1 has no --crf"),
        (Encoding("prores", crf=16), "prores has no --crf"),
        (Encoding("utvideo", crf=16), "utvideo has no option crf"),
        (Encoding("x264", options=(("nosuch", "1"), ("other", "2"))), "x264 has no option nosuch, other"),
        (Encoding("x264", options=(("preset", "quick"),)), "preset=quick: Error setting preset"),
        (Encoding("x264", options=(("g", "many"),)), "g=many"),
        (Encoding("x264", options=(("x264-params", "nosuch=1"),)), "nosuch"),
        (Encoding("x265", options=(("x265-params", "nosuch=1"),)), "nosuch"),
        (Encoding("svtav1", options=(("svtav1-params", "nosuch=1"),)), "nosuch"),
    ],
)
def test_what_an_encoder_does_not_take_is_one_sentence(encoding, message):
    with pytest.raises(VideoError, match=message) as caught:
        check(encoding)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("encoder", "size", "message"),
    [
        ("x264", (63, 64), "even width"),
        ("x265", (64, 63), "even width"),
        ("x264", (16640, 64), "too large"),
        ("svtav1", (16640, 64), "too large"),
    ],
)
def test_a_size_the_codec_cannot_have_is_refused(encoder, size, message):
    with pytest.raises(VideoError, match=message):
        check(Encoding(encoder), width=size[0], height=size[1])


def test_ffmpegs_log_is_as_quiet_after_a_check_as_before():
    before = av.logging.get_level()
    check(Encoding("x264"))
    assert av.logging.get_level() == before


@pytest.mark.parametrize("encoder", ["x264", "x265", "svtav1"])
def test_encoders_print_nothing(encoder):
    script = f"from tests.video.write.test_encoders import *\ncheck(Encoding({encoder!r}))\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
