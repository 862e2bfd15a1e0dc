"""What the ready scripts share: texts become the keywords of `restore`, a file becomes a clip."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import vapoursynth as vs

from vsrealbasicvsr import restore
from vsrealbasicvsr.filter import script
from vsrealbasicvsr.filter.script import from_mpv, open_source, restore_arguments, texts_of

PARAMETERS = {
    name: parameter.default
    for name, parameter in inspect.signature(restore).parameters.items()
    if name != "clip"
}


@pytest.fixture(autouse=True)
def cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("VSREALBASICVSR_CACHE", str(folder))
    return folder


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_argument_of_restore_can_be_given_as_a_text(name: str) -> None:
    value = restore_arguments({name: str(PARAMETERS[name])})[name]
    assert value == PARAMETERS[name]
    assert type(value) is type(PARAMETERS[name])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("device", "0", 0),
        ("device", "cuda:0", ["cuda:0"]),
        ("device", "0,1", [0, 1]),
        ("device", "cuda:0, cpu", ["cuda:0", "cpu"]),
        ("width", "1920", 1920),
        ("window", "12", 12),
        ("refine", "2.5", 2.5),
        ("refine", "none", None),
        ("max_passes", "2", 2),
        ("strength", "1", 1.0),
        ("cuts", "detect", "detect"),
        ("cuts", "240", [240]),
        ("cuts", "0,240", [0, 240]),
        ("cuts", "none", None),
        ("cuts", "nowhere.txt", "nowhere.txt"),
        ("model", "/weights/a, b.safetensors", "/weights/a, b.safetensors"),
    ],
)
def test_texts_mean_what_they_say(name: str, text: str, value: object) -> None:
    assert restore_arguments({name: text}) == {name: value}


def test_an_unknown_setting_is_answered_with_those_there_are() -> None:
    with pytest.raises(vs.Error) as raised:
        restore_arguments({"widow": "12"})
    known = ", ".join(["source", *PARAMETERS])
    assert str(raised.value) == f"realbasicvsr: There is no setting 'widow'; there are {known}."


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("window", "4.5", "a whole number"),
        ("window", "", "a whole number"),
        ("width", "wide", "a whole number"),
        ("prefetch", "4,5", "a whole number"),
        ("refine", "much", "a number"),
    ],
)
def test_what_is_no_number_is_refused_in_a_sentence(name: str, text: str, kind: str) -> None:
    with pytest.raises(vs.Error) as raised:
        restore_arguments({name: text})
    assert str(raised.value) == f"realbasicvsr: {name} must be {kind}, not {text!r}."


def test_files_are_found_where_the_user_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("cuts.txt", "mine.safetensors", "bundled"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    given = {"cuts": "cuts.txt", "model": "mine.safetensors"}
    assert restore_arguments(given) == {key: str(tmp_path / name) for key, name in given.items()}
    assert restore_arguments({"cuts": "~/cuts.txt"}) == {"cuts": str(tmp_path / "cuts.txt")}
    assert restore_arguments({"model": "bundled"}) == {"model": "bundled"}


def test_settings_are_told_from_the_other_names_of_a_script() -> None:
    clip = vs.core.std.BlankClip(length=1)
    names = {"__name__": "__vapoursynth__", "vs": vs, "restore": restore, "clip": clip, "_own": "x"}
    given = {"source": b"/videos/film.mkv", "window": 12, "refine": 2.5, "cuts": "detect"}
    texts = {"source": "/videos/film.mkv", "window": "12", "refine": "2.5", "cuts": "detect"}
    assert texts_of({**names, **given}) == texts


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4", "clip.mpg"])
def test_every_frame_of_a_source_says_how_long_it_lasts(
    ffmpeg: Callable[..., None], tmp_path: Path, name: str
) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=48x32:r=25:d=0.2", "-pix_fmt", "yuv420p", tmp_path / name)
    clip = open_source(str(tmp_path / name))
    durations = [(frame.props["_DurationNum"], frame.props["_DurationDen"]) for frame in clip.frames()]
    assert durations == [(1, 25)] * 5


def test_an_index_goes_to_the_cache_folder(
    ffmpeg: Callable[..., None], tmp_path: Path, cache_folder: Path
) -> None:
    """BestSource writes none for short files; this is long enough."""
    video = tmp_path / "videos" / "long.mkv"
    video.parent.mkdir()
    ffmpeg("-f", "lavfi", "-i", "color=s=16x16:r=25:d=40", "-c:v", "libx264", video)
    assert open_source(str(video)).num_frames == 1000
    assert list(video.parent.iterdir()) == [video]
    assert list(cache_folder.rglob("*.bsindex"))


def test_a_source_that_is_missing_is_answered_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(
        vs.Error, match=r"^realbasicvsr: no source is given; name the video with vspipe -a source=F"
    ):
        open_source(None)
    with pytest.raises(
        vs.Error, match=r"^realbasicvsr: cannot read nowhere\.mkv: .*; give its whole path\.$"
    ):
        open_source("nowhere.mkv")
    with pytest.raises(vs.Error, match=rf"^realbasicvsr: cannot read {tmp_path}: [^;]*\.$"):
        open_source(str(tmp_path))
    monkeypatch.setattr(script, "vs", SimpleNamespace(core=SimpleNamespace(), Error=vs.Error))
    with pytest.raises(
        vs.Error, match=r"^realbasicvsr: the plugin BestSource is missing; run `pip install vap"
    ):
        open_source("film.mkv")


def test_the_matrix_that_mpv_tells_is_seen() -> None:
    clip = vs.core.std.BlankClip(format=vs.YUV420P8, length=1).std.RemoveFrameProps("_Matrix")
    assert "_Matrix" not in from_mpv(clip).get_frame(0).props
    assert from_mpv(clip.std.SetFrameProps(_ColorSpace=5)).get_frame(0).props["_Matrix"] == 5
    both = clip.std.SetFrameProps(_ColorSpace=5, _Matrix=1)
    assert from_mpv(both).get_frame(0).props["_Matrix"] == 1
