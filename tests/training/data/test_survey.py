"""What is found, what is refused and why."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.synthetic.test_drawings import drawing
from tests.training.data.synthetic.test_text import font_file
from tests.training.data.test_frames import picture, write
from training.data.options import DataOptions, DrawingOptions, MotionOptions, TextOptions
from training.data.survey import Survey, find_clips
from training.data.synthetic.drawings import DrawingClip
from training.data.synthetic.photos import PhotoClip
from training.data.synthetic.text import TextClip
from training.errors import TrainingError


def survey(*folders: Path, photos: tuple[Path, ...] = (), count: int = 3, side: int = 32) -> Survey:
    return find_clips(folders, photos, options=DataOptions(), count=count, side=side)


def folder_of(path: Path, frames: int = 4, height: int = 40, width: int = 48) -> Path:
    for number in range(frames):
        write(path / f"{number:08}.png", picture(number, height, width))
    return path


def test_the_reds_layout_and_any_other_depth_are_found(tmp_path: Path) -> None:
    for clip in ("train_sharp/000", "train_sharp/001", "a/b/c d/ü"):
        folder_of(tmp_path / clip)
    found = survey(tmp_path)
    names = [Path(clip.name).relative_to(tmp_path).as_posix() for clip in found.clips]
    assert names == sorted(names)
    assert set(names) == {"a/b/c d/ü", "train_sharp/000", "train_sharp/001"}
    assert found.refused == ()
    assert [clip.name for clip in survey(tmp_path).clips] == [clip.name for clip in found.clips]


def test_videos_as_photographs_and_shares_of_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    drawing(tmp_path / "drawings" / "disc.png")
    left_out = DataOptions(drawings=DrawingOptions(share=0.0))
    for folders, options in (
        ({"photos": [tmp_path / "videos"]}, DataOptions()),
        ({"photos": [], "drawings": [tmp_path / "videos"]}, DataOptions()),
        ({"photos": [], "drawings": [tmp_path / "drawings"]}, left_out),
    ):
        with pytest.raises(TrainingError, match=r"can be used\. Photographs and drawings must be pictures"):
            find_clips([], **folders, options=options, count=3, side=32)


def test_a_folder_of_pictures_may_be_named_itself(tmp_path: Path) -> None:
    assert len(survey(folder_of(tmp_path / "clip")).clips) == 1


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path: Path, ffmpeg: Callable[..., None]) -> None:
    folder_of(tmp_path / "good")
    folder_of(tmp_path / "short", frames=2)
    folder_of(tmp_path / "small", height=31)
    write(folder_of(tmp_path / "mixed") / "00000003.png", picture(3, 41, 48))
    (folder_of(tmp_path / "cut") / "00000000.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mkv").touch()
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.08", "-c:v", "libx264", tmp_path / "two.mp4")
    found = survey(tmp_path)
    assert [Path(clip.name).name for clip in found.clips] == ["good"]
    reasons = {Path(refused.name.split(",")[0]).name: refused.reason for refused in found.refused}
    assert reasons.keys() == {"short", "small", "mixed", "cut", "text.mp4", "empty.mkv", "two.mp4"}
    assert reasons["short"].startswith("fewer than the 3 frames of a sample")
    assert reasons["two.mp4"] == reasons["short"]
    assert reasons["small"].startswith("smaller than 32x32")
    assert "00000003.png is 48x41, the first picture of its folder 48x40" in reasons["mixed"]
    assert "00000000.png is damaged" in reasons["cut"]
    assert reasons["text.mp4"].startswith("cannot be read")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "nowhere", "There is no folder or video"),
        (lambda path: path, "holds neither pictures nor videos"),
        (lambda path: folder_of(path / "short", frames=2), r"fewer than the 3 frames.*data\.frames"),
        (lambda path: folder_of(path / "small", width=30), r"smaller than 32x32.*data\.low_size"),
    ],
)
def test_a_folder_without_use_gets_one_sentence(
    make: Callable[[Path], Path], said: str, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=said) as refusal:
        survey(make(tmp_path))
    assert "\n" not in str(refusal.value)


def test_links_in_a_circle_do_not_hang(tmp_path: Path) -> None:
    folder_of(tmp_path / "clip")
    (tmp_path / "clip" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert len(survey(tmp_path).clips) == 1


def test_photographs_stand_beside_footage(tmp_path: Path) -> None:
    folder_of(tmp_path / "data" / "clip")
    write(tmp_path / "photos" / "one.jpg", picture(1, 90, 120))
    write(tmp_path / "photos" / "deep" / "two.png", picture(2, 64, 64))
    write(tmp_path / "photos" / "small.png", picture(3, 20, 64))
    found = survey(tmp_path / "data", photos=(tmp_path / "photos",))
    assert sorted(Path(clip.name).name for clip in found.clips) == ["clip", "one.jpg", "two.png"]
    assert [Path(refused.name).name for refused in found.refused] == ["small.png"]
    alone = survey(photos=(tmp_path / "photos",))
    assert len(alone.clips) == 2
    for clip in pickle.loads(pickle.dumps(alone.clips)):
        assert clip.take(np.random.default_rng(0), 3, 32).shape == (3, 32, 32, 3)


def test_drawings_and_text_have_their_shares_of_all_clips(tmp_path: Path) -> None:
    for number in range(14):
        write(tmp_path / "photos" / f"{number}.png", picture(number, 64, 64))
    drawing(tmp_path / "drawings" / "deep" / "disc.png")
    (tmp_path / "drawings" / "broken.png").write_bytes(b"no drawing")
    font_file(tmp_path / "fonts" / "font.ttf")
    (tmp_path / "fonts" / "broken.ttf").write_bytes(b"no font")
    options = DataOptions(drawings=DrawingOptions(share=0.2), text=TextOptions(share=0.1))
    found = find_clips(
        [], [tmp_path / "photos"], drawings=[tmp_path / "drawings"], fonts=[tmp_path / "fonts"],
        options=options, count=3, side=32,
    )  # fmt: skip
    kinds = Counter(type(clip) for clip in found.clips)
    assert kinds == {PhotoClip: 14, DrawingClip: 4, TextClip: 2}
    assert [Path(refused.name).name for refused in found.refused] == ["broken.png", "broken.ttf"]
    for clip in pickle.loads(pickle.dumps(found.clips)):
        assert clip.take(np.random.default_rng(0), 3, 32).shape == (3, 32, 32, 3)


def test_drawings_may_be_all_that_there_is_and_a_share_of_0_leaves_them_out(tmp_path: Path) -> None:
    drawing(tmp_path / "drawings" / "disc.png")
    font_file(tmp_path / "fonts" / "font.ttf")

    def kinds(options: DataOptions) -> Counter[type]:
        found = find_clips(
            [], [], drawings=[tmp_path / "drawings"], fonts=[tmp_path / "fonts"], options=options, count=3,
            side=32,
        )  # fmt: skip
        return Counter(type(clip) for clip in found.clips)

    both = kinds(DataOptions())
    assert both[DrawingClip] == 2 * both[TextClip] > 0
    assert set(kinds(DataOptions(drawings=DrawingOptions(share=0.0)))) == {TextClip}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"drawings": DrawingOptions(share=0.5), "text": TextOptions(share=0.5)}, "must sum to less than 1"),
        ({"low_size": 60}, "low_size must be a multiple of 8, not 60."),
        ({"frames": 15}, "frames must be even to be mirrored, not 15; or set mirror to false."),
        ({"workers": -1}, "workers must be 0 or more."),
        ({"cut_threshold": 0.0}, "cut_threshold must lie above 0"),
    ],
)
def test_options_without_sense_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(TrainingError) as refusal:
        DataOptions(**options)  # type: ignore[arg-type] # a table of the cases above
    assert said in str(refusal.value)


def test_half_of_the_frames_are_loaded_where_they_are_mirrored() -> None:
    assert DataOptions(frames=30).loaded_frames == 15
    assert DataOptions(frames=30, mirror=False).loaded_frames == 30


@pytest.mark.parametrize("options", [{"pan": -1.0}, {"zoom": 0.5}, {"reduction": 0.5}])
def test_motion_without_sense_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(TrainingError):
        MotionOptions(**options)
