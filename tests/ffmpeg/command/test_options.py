from __future__ import annotations

import re

import pytest

from vsrealbasicvsr.errors import GraphError
from vsrealbasicvsr.ffmpeg.command.options import asks_for_help, options_help, settings_of
from vsrealbasicvsr.ffmpeg.graph.grammar import parse
from vsrealbasicvsr.settings import Settings


def _settings(text: str) -> Settings:
    return settings_of(next(iter(parse(text))), text)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("realbasicvsr", Settings()),
        ("realbasicvsr=", Settings()),
        ("realbasicvsr@one=window=12:refine=2.5", Settings(window=12, refine=2.5)),
        ("realbasicvsr=bundled:cpu:12:margin=4", Settings(device="cpu", window=12, margin=4)),
        (r"realbasicvsr=model=C\\:/m\,1.pth", Settings(model="C:/m,1.pth")),
        ("realbasicvsr=model='a b;[c].pth':cuts=none", Settings(model="a b;[c].pth", cuts="none")),
        ("realbasicvsr = strength=0.5 : device=cpu ", Settings(strength=0.5, device="cpu")),
    ],
)
def test_options_are_written_as_other_filters_write_theirs(text: str, settings: Settings) -> None:
    assert _settings(text) == settings


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("windw=3", "has no option 'windw'"),
        ("window=3:window=4", "given twice"),
        ("window=many", "whole number"),
        ("window=2.5", "whole number"),
        ("refine=x", "a number, not 'x'"),
        ("refine=300", "between 0 and 255"),
        ("refine=nan", "between 0 and 255"),
        ("precision=fp8", "one of auto, fp32, fp16, bf16"),
        ("window=3:4", "has no name"),
        ("a:b:1:1:1:1:1:auto:none:1GB:off:10", "one value too many"),
        ("enable=between(t\\,1\\,2)", "enable"),
        ("model=", "must be a text"),
    ],
)
def test_a_wrong_option_is_refused_in_one_sentence_with_its_place(arguments: str, words: str) -> None:
    text = f"scale=2:2,realbasicvsr={arguments}"
    with pytest.raises(GraphError, match=words.replace("(", r"\(")) as caught:
        settings_of(list(parse(text))[1], text)
    assert caught.value.position == text.index("realbasicvsr")
    assert str(caught.value).count(". ") == 0


def test_help_names_every_setting_with_its_default() -> None:
    text = options_help()
    assert all(f"   {name} " in text for name in Settings.__dataclass_fields__)
    assert "(default 24)" in text
    assert re.search(r"\n   refine +<float> .*\(default from the weights, 5 where they do not say\)\n", text)
    assert re.search(
        r"\n   max_passes +<int> .*\(default from the weights, 3 where they do not say\)\n", text
    )
    assert asks_for_help(["-vf", "realbasicvsr=help"])
    assert asks_for_help(["-hide_banner", "-h", "filter=realbasicvsr"])
    assert not asks_for_help(["-vf", "realbasicvsr=window=2"])
    assert not asks_for_help(["-h", "filter=scale"])
