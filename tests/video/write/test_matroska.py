from __future__ import annotations

import zlib
from fractions import Fraction

import pytest

from tests.video.outputs import Info, real_ffmpeg, write
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.matroska import write_pixel_shape
from vsrealbasicvsr.video.write.sink import open_sink, plan_output


def produce(path, size=(64, 48), **source):
    plan = plan_output(path, Info(**source), size, Encoding("ffv1"))
    write(open_sink(plan), plan, [0, 40], [40, 40])
    return path


@pytest.mark.parametrize(
    "shape", [Fraction(16, 11), Fraction(10, 11), Fraction(4, 3), Fraction(64, 45), Fraction(5, 1)]
)
def test_ffmpeg_reads_the_exact_pixel_shape(shape, tmp_path):
    path = produce(tmp_path / "out.mkv", sample_aspect_ratio=shape)
    told = real_ffmpeg("-v", "info", "-i", path, "-f", "null", "-")
    assert f"SAR {shape.numerator}:{shape.denominator} " in told
    assert "rotation" not in told


def test_the_changed_header_has_a_valid_checksum(tmp_path):
    data = produce(tmp_path / "out.mkv", sample_aspect_ratio=Fraction(16, 11)).read_bytes()
    at = data.rindex(b"\x16\x54\xae\x6b") + 4  # Tracks; the seek table names it before
    octets = 9 - data[at].bit_length()
    size = int.from_bytes(data[at : at + octets]) - (1 << 7 * octets)
    body = data[at + octets : at + octets + size]
    assert body[:2] == b"\xbf\x84"
    assert int.from_bytes(body[2:6], "little") == zlib.crc32(body[6:])


def test_a_file_without_the_placeholder_is_left_alone(tmp_path):
    path = produce(tmp_path / "out.mkv")
    before = path.read_bytes()
    assert not write_pixel_shape(path, (64, 48), Fraction(16, 11))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "junk", [b"\0" * 100, b"\xff" * 100, b"RIFF no matroska at all", b"\x18\x53\x80\x67\x01"]
)
def test_junk_is_left_alone(junk, tmp_path):
    path = tmp_path / "junk.mkv"
    path.write_bytes(junk)
    assert not write_pixel_shape(path, (64, 48), Fraction(16, 11))
    assert path.read_bytes() == junk
