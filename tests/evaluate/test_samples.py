"""Data sets are found by their folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from vsrealbasicvsr.errors import VideoError
from vsrealbasicvsr.evaluate.degrade.recipe import RECIPES
from vsrealbasicvsr.evaluate.samples import find_samples

MEDIUM = next(recipe for recipe in RECIPES if recipe.name == "medium")


def make(root: Path, *clips: str) -> Path:
    for clip in clips:
        folder = root / clip
        folder.mkdir(parents=True)
        (folder / "00000000.png").touch()
    return root


def test_reds4_is_four_clips_with_truth(tmp_path: Path) -> None:
    clips = [
        f"{kind}/{clip}" for kind in ("GT", "sharp_bicubic") for clip in ("000", "001", "011", "015", "020")
    ]
    root = make(tmp_path / "REDS4", *clips)
    samples = find_samples(root, None, ())
    assert [(one.set, one.clip) for one in samples] == [("reds4", c) for c in ("000", "011", "015", "020")]
    assert samples[0].low == root / "sharp_bicubic" / "000"
    assert samples[0].truth == root / "GT" / "000"


def test_videolq_has_no_truth(tmp_path: Path) -> None:
    (sample,) = find_samples(make(tmp_path / "VideoLQ", "Input/000"), None, ())
    assert (sample.set, sample.clip, sample.truth) == ("videolq", "000", None)
    with pytest.raises(VideoError, match="no ground truth to degrade"):
        find_samples(tmp_path / "VideoLQ", None, (MEDIUM,))


def test_udm10_is_known_in_both_forms(tmp_path: Path) -> None:
    first = make(tmp_path / "a", "GT/archwall", "BDx4/archwall")
    second = make(tmp_path / "b", "archwall/truth", "archwall/blur4")
    for root in (first, second):
        (sample,) = find_samples(root, "udm10", ())
        assert (sample.set, sample.clip) == ("udm10 BD", "archwall")
        assert sample.low is not None
        assert sample.truth is not None


def test_vid4_prefers_bicubic(tmp_path: Path) -> None:
    root = make(tmp_path / "Vid4", "GT/walk", "BIx4/walk", "BDx4/walk")
    (sample,) = find_samples(root, None, ())
    assert (sample.set, sample.low) == ("vid4 BI", root / "BIx4" / "walk")


def test_any_folder_with_truth_beside_low_quality(tmp_path: Path) -> None:
    root = tmp_path / "mine"
    for name in ("GT/one.mkv", "GT/two.mkv", "GT/notes.txt", "LQ/one.mp4"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (sample,) = find_samples(root, None, ())
    assert (sample.set, sample.clip, sample.low, sample.truth) == (
        "mine", "one", root / "LQ" / "one.mp4", root / "GT" / "one.mkv",
    )  # fmt: skip
    degraded = find_samples(root, None, (MEDIUM,))
    assert [(one.set, one.clip, one.low) for one in degraded] == [
        ("mine medium", "one", None), ("mine medium", "two", None),
    ]  # fmt: skip


def test_a_folder_of_clips_is_real_footage_or_ground_truth(tmp_path: Path) -> None:
    root = make(tmp_path / "clips", "a", "b")
    assert [(one.set, one.clip, one.truth) for one in find_samples(root, None, ())] == [
        ("clips", "a", None), ("clips", "b", None),
    ]  # fmt: skip
    assert [one.truth for one in find_samples(root, None, (MEDIUM,))] == [root / "a", root / "b"]


def test_a_clip_alone_is_real_or_degraded(tmp_path: Path) -> None:
    folder = make(tmp_path, "scan") / "scan"
    for path in (folder, tmp_path / "film.mkv", tmp_path / "film%03d.png"):
        (real,) = find_samples(path, None, ())
        assert (real.set, real.low, real.truth) == ("real", path, None)
        both = find_samples(path, None, RECIPES[:2])
        assert [(one.set, one.low, one.truth) for one in both] == [
            ("bicubic", None, path), ("mild", None, path),
        ]  # fmt: skip


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="holds no clips in the layout vid4"):
        find_samples(tmp_path, "vid4", ())
