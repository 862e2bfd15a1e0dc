"""A job takes its refinement from the weights, tells the numbers, and goes on where older ones were begun."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import pytest

from tests.conftest import with_refinement
from tests.job.test_restore import FFV1, settings
from vsrealbasicvsr import __version__
from vsrealbasicvsr.errors import JobError, WeightsError
from vsrealbasicvsr.job import Progress, restore_file
from vsrealbasicvsr.job.figures import read_figures
from vsrealbasicvsr.settings import Settings

FIGURES = replace(FFV1, figures=True)
IN_FOURS = replace(FFV1, segment_length=4)
SHORT = {"window": 4, "margin": 2}
"""Windows as long as those segments."""


@pytest.fixture(scope="module")
def telling_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network; its file says that each frame is cleaned four times."""
    return with_refinement(tiny_model, tmp_path_factory.mktemp("model") / "telling.safetensors", 0.0, 4)


def interrupt(progress: Progress) -> None:
    if progress.frames == 10:
        raise KeyboardInterrupt


def begun(clip: Path, output: Path, choice: Settings) -> dict[str, str]:
    """Begin a job, stop it with eight of ten frames done; returns what its journal says of it."""
    with pytest.raises(KeyboardInterrupt):
        restore_file(clip, output, choice, delivery=IN_FOURS, on_progress=interrupt)
    first = (output.with_name(f"{output.name}.parts") / "journal.jsonl").read_text().splitlines()[0]
    fingerprint: dict[str, str] = json.loads(first)["fingerprint"]
    return fingerprint


@pytest.mark.parametrize(
    ("chosen", "passes", "words"),
    [
        ({}, 4, "--refine 0 --max-passes 4"),
        ({"refine": 255.0}, 1, "--refine 255 --max-passes 4"),
        ({"max_passes": 2}, 2, "--refine 0 --max-passes 2"),
    ],
)
def test_a_film_is_cleaned_as_its_weights_say_and_tells_the_numbers(
    clip: Path, telling_model: Path, tmp_path: Path, chosen: dict[str, float], passes: int, words: str
) -> None:
    output = tmp_path / "out.mkv"
    report = restore_file(clip, output, settings(telling_model, **chosen), delivery=FIGURES)
    assert report.mean_passes == passes
    assert [made for made, _ in read_figures(output)] == [passes] * 10
    with av.open(str(output)) as container:
        note = container.metadata["VSREALBASICVSR"]
    assert note == f"vsrealbasicvsr {__version__} --model telling.safetensors {words} --cuts none"


def test_weights_that_say_nothing_mean_5_and_3(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    fingerprint = begun(clip, tmp_path / "out.mkv", settings(tiny_model, **SHORT))
    assert (fingerprint["setting refine"], fingerprint["setting max_passes"]) == ("5.0", "3")


def test_a_job_that_was_begun_with_the_numbers_goes_on_without_them(
    clip: Path, tiny_model: Path, telling_model: Path, tmp_path: Path
) -> None:
    """As the versions did whose settings had 5.0 and 3 for all weights: their journals hold the same."""
    for model, refine, most in ((tiny_model, 5.0, 3), (telling_model, 0.0, 4)):
        output = tmp_path / f"{model.stem}.mkv"
        fingerprint = begun(clip, output, settings(model, refine=refine, max_passes=most, **SHORT))
        assert (fingerprint["setting refine"], fingerprint["setting max_passes"]) == (str(refine), str(most))
        assert restore_file(clip, output, settings(model, **SHORT), delivery=IN_FOURS).resumed == 8


def test_a_job_whose_weights_say_something_else_now_is_refused_by_name(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model = with_refinement(tiny_model, tmp_path / "mine.safetensors", 5.0, 3)
    begun(clip, tmp_path / "out.mkv", settings(model, **SHORT))
    with_refinement(tiny_model, model, 2.5, None)
    refused = r"in: weights \(was .*, is .*\); setting refine \(was 5.0, is 2.5\)\. Run"
    with pytest.raises(JobError, match=refused):
        restore_file(clip, tmp_path / "out.mkv", settings(model, **SHORT), delivery=IN_FOURS)


def test_workers_make_the_same_passes(clip: Path, telling_model: Path, tmp_path: Path) -> None:
    delivery = replace(IN_FOURS, figures=True)
    restore_file(clip, tmp_path / "out.mkv", settings(telling_model, **SHORT), delivery=delivery, workers=1)
    assert [made for made, _ in read_figures(tmp_path / "out.mkv")] == [4] * 10


def test_weights_that_say_nonsense_end_the_job_before_it_begins(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    model = with_refinement(tiny_model, tmp_path / "mine.safetensors", 5.0, None)
    model.write_bytes(model.read_bytes().replace(b'_threshold":"5"', b'_threshold":"x"'))
    with pytest.raises(WeightsError, match="says refinement_threshold 'x', which must be a number"):
        restore_file(clip, tmp_path / "out.mkv", settings(model))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.safetensors"]
