"""What an encoder is asked for that does not go with segments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vsrealbasicvsr.errors import JobError
from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding

SMALL = Delivery(encoding=Encoding("x264"), segment_length=4)


def restore(source: Path, target: Path, model: Path, encoding: Encoding) -> None:
    settings = Settings(model=str(model), device="cpu", window=4, margin=1, max_passes=0)
    restore_file(source, target, settings, delivery=replace(SMALL, encoding=encoding))


@pytest.mark.parametrize(
    ("encoder", "key", "value", "named"),
    [
        ("x264", "pass", "1", "pass=1"),
        ("x264", "passlogfile", "film", "passlogfile=film"),
        ("x264", "flags", "+cgop+pass2", "flags="),
        ("x264", "x264-params", "aq-mode=3:pass=2", "pass=2"),
        ("x264", "x264opts", "stats=film", "stats=film"),
        ("x265", "x265-params", "pass=1", "pass=1"),
        ("svtav1", "svtav1-params", "tune=0:passes=2", "passes=2"),
    ],
)
def test_two_passes_are_refused_in_a_sentence_and_nothing_is_left(
    clip: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    encoder: str, key: str, value: str, named: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)  # where x264 would put its log
    with pytest.raises(JobError, match=r"means two passes.*--crf") as caught:
        restore(clip, tmp_path / "out.mkv", tiny_model, Encoding(encoder, options=((key, value),)))
    assert named in str(caught.value)
    assert list(tmp_path.iterdir()) == []


BIT_RATE = "every segment aims at the bit rate by itself"


@pytest.mark.parametrize(
    ("encoder", "options", "named"),
    [
        ("x264", {"b": "200k"}, "b=200k"),
        ("x265", {"x265-params": "aq-mode=3:bitrate=200"}, "bitrate=200"),
        ("svtav1", {"svtav1-params": "rc=1:tbr=200"}, "rc=1"),
    ],
)
def test_a_bit_rate_is_warned_of(
    clip: Path, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    encoder: str, options: dict[str, str], named: str,
) -> None:  # fmt: skip
    restore(clip, tmp_path / "out.mkv", tiny_model, Encoding(encoder, options=tuple(options.items())))
    assert sum(BIT_RATE in text for text in caplog.messages) == 1
    assert any(text.startswith(f"{named}: ") for text in caplog.messages)


@pytest.mark.parametrize(
    ("encoder", "options"),
    [
        ("x264", {}),
        ("x264", {"qp": "20"}),
        ("x264", {"maxrate": "2M", "bufsize": "2M"}),
        ("x264", {"bf": "2", "x264-params": "b-adapt=1"}),
        ("libvpx-vp9", {"b": "0", "crf": "30"}),
    ],
)
def test_a_quality_is_not_warned_of(
    clip: Path, tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    encoder: str, options: dict[str, str],
) -> None:  # fmt: skip
    restore(clip, tmp_path / "out.mkv", tiny_model, Encoding(encoder, options=tuple(options.items())))
    assert BIT_RATE not in caplog.text
