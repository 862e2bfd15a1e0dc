"""The filter's keywords are the settings'; what is wrong is said in one sentence when the script is read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import vapoursynth as vs

from tests.conftest import with_refinement
from tests.filter.conftest import noise_clip
from vsrealbasicvsr import realbasicvsr, restore
from vsrealbasicvsr.settings import Settings

DIFFERENT = {"device": None, "cuts": "props"}
"""Defaults that a script has of its own: VapourSynth's habits."""


@pytest.mark.parametrize("function", [realbasicvsr, restore])
def test_every_setting_is_a_keyword_with_the_same_default(function: Callable[..., vs.VideoNode]) -> None:
    parameters = inspect.signature(function).parameters
    for item in fields(Settings):
        assert parameters[item.name].default == DIFFERENT.get(item.name, item.default)
    assert list(parameters)[:3] == ["clip", "device", "model"]
    assert {"prefetch"} <= set(parameters)


def test_the_help_gives_each_keyword_its_meaning_unit_and_range() -> None:
    text = re.sub(r"\s+", " ", inspect.getdoc(realbasicvsr) or "")
    for item in fields(Settings):
        described = re.search(rf"\b{item.name}: (.*?)(?= \w+: |Returns:)", text)
        assert described is not None, item.name
        if item.name in ("device", "cuts", "precision", "memory", "acceleration", "model"):
            continue
        rule = item.metadata
        assert rule["help"].split(";")[0] in described[1], item.name
        low = 1 if item.name == "window" else rule["low"]  # a whole shot is for the command line
        assert f"{low:g} to {rule['high']:g}" in described[1], item.name
        assert rule["unit"].split(",")[0] in described[1] or rule["unit"] in item.name + " frames", item.name


@pytest.mark.parametrize("function", [realbasicvsr, restore])
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"window": 0}, "window=0 .*window=24"),
        ({"window": -1}, "window must lie between 0 and 10000"),
        ({"window": 2.5}, "window must be a whole number"),
        ({"window": True}, "window must be a whole number"),
        ({"margin": 1001}, "margin must lie between 0 and 1000"),
        ({"refine": "5"}, "refine must be a number"),
        ({"refine": float("nan")}, "refine must lie between"),
        ({"max_passes": -1}, "max_passes must lie between 0 and 100"),
        ({"strength": 1.1}, "strength must lie between 0 and 1"),
        ({"precision": "fp8"}, "precision must be one of auto, fp32, fp16, bf16"),
        ({"acceleration": "jit"}, "acceleration must be one of auto, off, compile, graphs, fused"),
        ({"prefetch": -1}, "prefetch must be a whole number from 0 to 16"),
        ({"prefetch": 1.0}, "prefetch must be a whole number"),
        ({"model": "realbasicvsr-x5"}, "realbasicvsr-x5"),
        ({"model": "no/such.safetensors"}, "no/such.safetensors"),
        ({"model": Path("no/such.safetensors")}, "There is no weights file"),
        ({"model": 3}, "model must be a text"),
        ({"device": []}, "device is an empty list"),
        ({"device": 1.5}, "device must be .auto., .cpu., .cuda:0., an index"),
        ({"device": ["cpu", None, 2.5]}, "device must be .*not 2.5"),
        ({"device": b"cpu"}, "device must be "),
        ({"device": -1}, "device must be .*not -1"),
        ({"device": "gpu"}, "device must be .*not 'gpu'"),
        ({"device": "mps"}, "device must be .*not 'mps'"),
        ({"device": True}, "device must be "),
        ({"model": "/"}, "/ is a folder"),
        ({"cuts": "here"}, 'cuts must be "props", "detect".*no file'),
        ({"cuts": [1, -2]}, "cuts must hold frame numbers"),
        ({"cuts": [1.5]}, "cuts must hold frame numbers"),
        ({"cuts": {3: 4}}, "cuts must hold frame numbers"),
        ({"cuts": b"3"}, "cuts must hold frame numbers"),
        ({"cuts": [True]}, "cuts must hold frame numbers"),
        ({"cuts": "x" * 5000}, "cuts must be .props., .detect."),
        ({"cuts": Path("a\0b")}, "cannot read cuts from"),
        ({"cuts": np.array([[1, 2]])}, "cuts must hold frame numbers"),
        ({"window": np.array([1, 2])}, "window must be "),
        ({"cuts": 7}, "cuts must hold frame numbers"),
        ({"cuts": Path("no.txt")}, "cannot read cuts from no.txt"),
    ],
)
def test_wrong_values_are_refused_when_the_script_is_read(
    function: Callable[..., vs.VideoNode], keywords: dict[str, object], message: str
) -> None:
    with pytest.raises(vs.Error, match=rf"^realbasicvsr: (?s:.*){message}") as caught:
        function(noise_clip(3), **keywords)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("keywords", "passes"), [({}, 4), ({"refine": 255}, 1), ({"max_passes": 2}, 2), ({"refine": None}, 4)]
)
@pytest.mark.parametrize("device", ["cpu", "cpu,cpu"])
def test_frames_are_cleaned_as_the_weights_say_unless_the_script_does(
    mini_model: Path, tmp_path: Path, device: str, keywords: dict[str, float], passes: int
) -> None:
    telling = with_refinement(mini_model, tmp_path / "telling.safetensors", 0.0, 4)
    clip = realbasicvsr(noise_clip(5), device, telling, window=3, margin=0, **keywords)  # type: ignore[arg-type]
    assert [frame.props["RealBasicVSRPasses"] for frame in clip.frames()] == [passes] * 5


def test_an_unknown_keyword_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="windows"):
        realbasicvsr(noise_clip(3), windows=3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"width": 0}, "width must be a whole number"),
        ({"height": 1.5}, "height must be a whole number"),
        ({"width": 70_000}, "width must be a whole number from 1 to 65536"),
        ({"width": 33, "height": 30}, "33x30 does not fit YUV420P8"),
        ({"width": 32, "height": 31}, "32x31 does not fit YUV420P8"),
        ({"width": 32, "kernel": "nearest"}, "kernel must be one of"),
    ],
)
def test_sizes_that_cannot_be(keywords: dict[str, object], message: str) -> None:
    clip = vs.core.std.BlankClip(format=vs.YUV420P8, width=16, height=16, length=1)
    with pytest.raises(vs.Error, match=rf"^realbasicvsr: {message}"):
        restore(clip, "cpu", **keywords)  # type: ignore[arg-type]
