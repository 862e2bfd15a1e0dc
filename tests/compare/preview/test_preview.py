"""`restore --preview` as a user meets it: its frames are those of the film that the same settings make."""

from __future__ import annotations

import gc
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from tests.compare.pages import data_of, picture_of
from tests.compare.preview.films import BLACK, CUTS, LENGTH, make_film, pictures
from tests.conftest import Restore, with_refinement
from vsrealbasicvsr.cli import main
from vsrealbasicvsr.compare.preview.footage import Footage
from vsrealbasicvsr.compare.preview.preview import make_page, preview
from vsrealbasicvsr.compare.preview.scan import scan
from vsrealbasicvsr.compare.preview.work import plan_work, restore_work
from vsrealbasicvsr.compare.stills import Still, Stills
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.grid import variants
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.read.source import SourceFrame, open_source


@pytest.fixture(scope="session")
def film(ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(ffmpeg, tmp_path_factory.mktemp("film") / "film.mkv")


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    return result


def shown(page: Path) -> dict[int, list[np.ndarray]]:
    """By the frame's number what each source shows."""
    moments = data_of(page.read_text(encoding="utf-8"))["moments"]
    return {one["number"]: [picture_of(side["picture"]) for side in one["shown"]] for one in moments}


def png(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def check_against_the_film(
    restore: Restore, source: Path, folder: Path, flags: list[str], frames: list[str]
) -> None:
    """Restore the whole film to PNG, too, by the same command, and compare the frames byte for byte."""
    done(restore(source, folder / "whole", *flags))
    done(restore(source, folder / "whole", *flags, *frames))
    made = shown(folder / "whole.preview.html")
    assert made
    for number, (_, picture) in made.items():
        assert np.array_equal(picture, png(folder / "whole" / f"{number:06d}.png")), number


@pytest.mark.parametrize(
    "flags",
    [
        ["--window", "8", "--margin", "3"],
        ["--window", "8", "--margin", "0", "--refine", "0.5", "--strength", "0.4"],
        ["--window", "5", "--margin", "7", "--cuts", "none"],
        ["--window", "0"],
        ["--scale", "1.5", "--light", "linear"],
        ["--window", "8", "--margin", "3", "--deinterlace", "field"],
    ],
    ids=" ".join,
)
def test_frames_are_those_of_the_film(restore: Restore, film: Path, tmp_path: Path, flags: list[str]) -> None:
    check_against_the_film(restore, film, tmp_path, flags, ["--preview", "6"])


def test_frames_can_be_named(restore: Restore, film: Path, tmp_path: Path) -> None:
    names = "0,7,8,19,20,21,30,38,40,61"
    flags = ["--window", "8", "--margin", "3"]
    check_against_the_film(restore, film, tmp_path, flags, ["--preview-frames", names])
    assert list(shown(tmp_path / "whole.preview.html")) == [int(number) for number in names.split(",")]


def test_a_file_of_cuts_is_kept_to(restore: Restore, film: Path, tmp_path: Path) -> None:
    cuts = tmp_path / "cuts.txt"
    cuts.write_text("0\n5\n26\n50\n")
    flags = ["--window", "8", "--margin", "3", "--cuts", str(cuts)]
    check_against_the_film(restore, film, tmp_path, flags, ["--preview", "8"])


def test_sources_of_variable_rate(restore: Restore, ffmpeg: Callable[..., None], tmp_path: Path) -> None:
    film = make_film(
        ffmpeg, tmp_path / "film.mkv", "settb=1/1000,setpts='N*33+mod(N*N*7,13)+if(gt(N,9),400,0)'"
    )
    check_against_the_film(restore, film, tmp_path, ["--window", "8"], ["--preview", "5"])
    moments = data_of((tmp_path / "whole.preview.html").read_text(encoding="utf-8"))["moments"]
    for one in moments:
        n = one["number"]
        assert one["time"] == pytest.approx((n * 33 + n * n * 7 % 13 + 400 * (n > 9)) / 1000, abs=2e-3)


def test_folders_of_images(restore: Restore, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    (tmp_path / "scans").mkdir()
    for n in range(20):
        coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse.repeat(4, 0).repeat(4, 1)).save(tmp_path / "scans" / f"{n:04d}.png")
    flags = ["--window", "6", "--margin", "2", "--rate", "16", "--cuts", "none"]
    check_against_the_film(restore, tmp_path / "scans", tmp_path, flags, ["--preview", "4"])
    for number, (before, _) in shown(tmp_path / "whole.preview.html").items():
        assert np.array_equal(before, png(tmp_path / "scans" / f"{number:04d}.png"))


def test_sources_whose_time_stamps_are_repaired(
    restore: Restore, ffmpeg: Callable[..., None], film: Path, tmp_path: Path
) -> None:
    """Such a source cannot be entered in the middle."""
    broken = tmp_path / "broken.mkv"
    ffmpeg(
        "-i",
        film,
        "-c",
        "copy",
        "-bsf:v",
        "setts=pts=if(between(N\\,10\\,14)\\,PTS-300\\,PTS):dts=DTS",
        broken,
    )
    with open_source(broken) as source:
        assert len(list(source)) == LENGTH
        if not source.repaired:
            pytest.fail("the film's time stamps are whole: the test tests nothing")
    check_against_the_film(restore, broken, tmp_path, ["--window", "8"], ["--preview", "5"])


@pytest.mark.parametrize(("window", "margin"), [(8, 3), (24, 8), (0, 8)])
def test_pictures_are_those_of_the_stream_bit_for_bit(
    film: Path, tiny_model: Path, window: int, margin: int
) -> None:
    settings = Settings(model=str(tiny_model), device="cpu", window=window, margin=margin)
    whole = list(Restorer(settings=settings).stream(pictures(film), CUTS))
    sides = [
        settings,
        Settings(model=str(tiny_model), device="cpu", window=window, margin=margin, strength=0.3),
    ]
    mild = list(Restorer(settings=sides[1]).stream(pictures(film), CUTS))
    numbers = (2, 7, 19, 20, 44, 61)
    with open_source(film) as source:
        read = scan(source, sides)
        planned = plan_work(numbers, read, sides)
        made = list(restore_work(planned, lambda: Footage(source, read), read, source.info.colour))
    assert {(one.number, one.variant) for one in made} == {(n, side) for n in numbers for side in (0, 1)}
    for one in made:
        assert torch.equal(one.picture, (whole, mild)[one.variant][one.number]), one.number
        assert one.cleaned.passes >= 1


def test_chosen_frames_are_of_different_shots_and_not_black(
    restore: Restore, film: Path, tmp_path: Path
) -> None:
    pages = []
    for name in ("one.mkv", "two.mkv"):
        done(restore(film, tmp_path / name, "--preview", "3"))
        pages.append(list(shown(tmp_path / f"{Path(name).stem}.preview.html")))
    assert pages[0] == pages[1]
    assert len({sum(cut <= frame for cut in CUTS) for frame in pages[0]}) == 3
    assert not set(pages[0]) & set(BLACK)


def test_the_page_tells_settings_passes_and_the_command(
    restore: Restore, film: Path, tmp_path: Path, tiny_model: Path
) -> None:
    out = tmp_path / "my film.mkv"
    flags = [
        "--size",
        "96x72",
        "--encoder-option",
        "preset=slow",
        "--encoder-option",
        "tune=film",
        "--overwrite",
    ]
    out.write_text("an old film")
    result = done(restore(film, out, *flags, "--preview", "2", "--no-open", "--refine=0.25"))
    assert out.read_text() == "an old film"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my film.mkv", "my film.preview.html"]
    command = result.stderr.splitlines()[-1].strip()
    expected = ["vsrealbasicvsr", "restore", str(film), str(out), "--model", str(tiny_model),
                "--device", "cpu", "--refine", "0.25", *flags[2:6], *flags[:2], "--overwrite"]  # fmt: skip
    assert shlex.split(command) == expected
    source, restored = data_of((tmp_path / "my film.preview.html").read_text(encoding="utf-8"))["sources"]
    assert (source["label"], restored["label"]) == ("film.mkv", "restored")
    assert (source["width"], restored["width"], restored["height"]) == (32, 96, 72)
    assert restored["settings"]["refine"] == "0.25"
    assert restored["settings"]["command"] == command
    # The command is what it says it is.
    done(CliRunner().invoke(main, shlex.split(command)[1:]))
    for number, (_, picture) in shown(tmp_path / "my film.preview.html").items():
        film_made = pictures(out)[number].permute(1, 2, 0).numpy() * 255
        assert np.abs(film_made - picture).mean() < 6, number  # x264 lies between


def test_the_page_tells_the_refinement_of_the_weights(
    restore: Restore, film: Path, tmp_path: Path, tiny_model: Path
) -> None:
    telling = with_refinement(tiny_model, tmp_path / "telling.safetensors", 0.0, 4)
    grid = [
        "--grid",
        f"model={tiny_model},{telling}",
        "--max-passes",
        "2",
        "--preview-frames",
        "20",
        "--no-open",
    ]
    result = done(restore(film, tmp_path / "grid", "--window", "8", *grid))
    data = data_of((tmp_path / "grid.preview.html").read_text(encoding="utf-8"))
    told = [(one["settings"]["refine"], one["settings"]["max_passes"]) for one in data["sources"][1:]]
    assert told == [("5", "2"), ("0", "2")]
    assert data["moments"][0]["shown"][2]["passes"] == 2
    assert "--refine" not in result.stderr  # the command leaves it to the weights, too


def test_a_grid_is_laid_out(restore: Restore, film: Path, tmp_path: Path) -> None:
    flags = ["--window", "8", "--margin", "3"]
    grid = ["--grid", "refine=0.5,255", "--grid", "strength=0.25,1"]
    result = done(restore(film, tmp_path / "grid", *flags, *grid))
    data = data_of((tmp_path / "grid.preview.html").read_text(encoding="utf-8"))
    assert [source["label"] for source in data["sources"]] == [
        "film.mkv", "refine=0.5 strength=0.25", "refine=0.5 strength=1", "refine=255 strength=0.25",
        "refine=255 strength=1",
    ]  # fmt: skip
    assert len(data["moments"]) == 4
    assert "--refine 0.5 --strength 0.25" in result.stderr
    sides = shown(tmp_path / "grid.preview.html")
    for place, source in enumerate(data["sources"][1:], 1):
        words = [f"--{word}" for word in source["label"].split()]
        done(restore(film, tmp_path / str(place), *flags, *words))
        for number, found in sides.items():
            assert np.array_equal(found[place], png(tmp_path / str(place) / f"{number:06d}.png"))
        assert shlex.split(source["settings"]["command"])[-4:] == [
            part for word in words for part in word.split("=")
        ]


def test_a_grid_rounds_nothing(restore: Restore, film: Path, tmp_path: Path) -> None:
    result = done(
        restore(film, tmp_path / "out.mkv", "--preview", "1", "--grid", "strength=0.1234567,0.12345671")
    )
    assert result.stderr.rstrip().endswith("--strength 0.1234567")
    data = data_of((tmp_path / "out.preview.html").read_text(encoding="utf-8"))
    assert [source["label"] for source in data["sources"][1:]] == [
        "strength=0.1234567",
        "strength=0.12345671",
    ]


def test_a_grid_of_windows_and_cuts(restore: Restore, film: Path, tmp_path: Path) -> None:
    done(restore(film, tmp_path / "grid", "--margin", "2", "--grid", "window=4,0", "--grid", "cuts=auto,none",
                 "--preview-frames", "18,21,45"))  # fmt: skip
    sides = shown(tmp_path / "grid.preview.html")
    place = 0
    for window in ("4", "0"):
        for cuts in ("auto", "none"):
            place += 1
            whole = tmp_path / str(place)
            done(restore(film, whole, "--margin", "2", "--window", window, "--cuts", cuts))
            for number, found in sides.items():
                assert np.array_equal(found[place], png(whole / f"{number:06d}.png")), (window, cuts, number)


def test_strengths_share_their_windows(film: Path, tiny_model: Path) -> None:
    base = Settings(model=str(tiny_model), device="cpu", window=8, margin=3)
    sides = [
        Settings(model=str(tiny_model), device="cpu", window=8, margin=3, refine=refine, strength=strength)
        for refine in (1.0, 5.0)
        for strength in (0.5, 0.7, 1.0)
    ]
    with open_source(film) as source:
        read = scan(source, sides)
        planned = plan_work((3, 4, 12), read, sides)
    assert len(planned) == 4  # two windows, two refinements
    assert {work.strengths for work in planned} == {(0.5, 0.7, 1.0)}
    with open_source(film) as source:
        assert len(plan_work((3, 4, 12), scan(source, [base]), [base])) == 2


def test_each_network_is_made_once(restore: Restore, film: Path, tmp_path: Path) -> None:
    told = done(
        restore(film, tmp_path / "out.mkv", "--preview", "3", "--window", "4", "--margin", "1",
                "--grid", "precision=fp32,fp16", "--max-passes", "1")
    ).stderr  # fmt: skip
    assert told.count("fp16 is many times slower") == 1


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("acceleration=off,graphs", "acceleration 'graphs' needs a CUDA device, not cpu"),
        ("memory=1GB,50%", "memory must be an amount on cpu"),
        ("model={tmp}/damaged.safetensors", "damaged.safetensors"),
    ],
)
def test_what_no_network_can_do_is_told_before_the_film_is_read(
    restore: Restore, tmp_path: Path, axis: str, words: str
) -> None:
    (tmp_path / "damaged.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{broken}")
    (tmp_path / "film.mkv").write_bytes(b"no film")
    result = restore(tmp_path / "film.mkv", tmp_path / "out.mkv", "--grid", axis.format(tmp=tmp_path))
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_damage_is_told_of(restore: Restore, film: Path, tmp_path: Path) -> None:
    whole = film.read_bytes()
    (tmp_path / "damaged.mkv").write_bytes(whole[: len(whole) * 2 // 3])
    told = done(restore(tmp_path / "damaged.mkv", tmp_path / "out.mkv", "--preview", "2")).stderr
    assert "the source is damaged" in told


@pytest.mark.parametrize("length", [50, 150])
def test_memory_holds_a_window_whatever_the_films_length(
    ffmpeg: Callable[..., None], tiny_model: Path, tmp_path: Path, length: int
) -> None:
    long = tmp_path / "long.mkv"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=32x24:r=25,trim=end_frame={length}", "-c:v", "libx264",
           "-g", "20", long)  # fmt: skip
    held = 0

    def count(_stage: str, done: int, _total: int | None) -> None:
        nonlocal held
        if done % 3:
            return
        held = max(held, sum(type(one) is SourceFrame for one in gc.get_objects()))

    settings = Settings(model=str(tiny_model), device="cpu", window=6, margin=2)
    made = preview(long, tmp_path / "out.mkv", variants(settings, ()), count=5, on_progress=count)
    assert len(made.frames) == 5
    assert 10 <= held <= 12, "a window with its margins, and what the detector of cuts looks ahead"


def test_named_frames_are_read_no_further_than_their_windows(film: Path, tiny_model: Path) -> None:
    settings = Settings(model=str(tiny_model), device="cpu", window=8, margin=3)
    with open_source(film) as source:
        assert scan(source, [settings], (9,)).frames == 19
        assert scan(source, [settings], (60,)).frames == LENGTH
        assert scan(source, [settings]).frames == LENGTH


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (["--preview", "0"], "--preview"),
        (["--preview", "51"], "--preview"),
        (["--preview", "4", "--preview-frames", "3"], "exclude"),
        (["--preview-frames", "3,x"], "0,12,40"),
        (["--preview-frames", "9" * 30], "0,12,40"),
        (["--preview-frames", "9" * 5000], "0,12,40"),
        (["--preview-frames", ",".join(map(str, range(51)))], "at most 50"),
        (["--grid", "strenght=1"], "varies no setting"),
        (["--grid", "strength=1,high"], "takes numbers"),
        (["--grid", "strength=1,2"], "between 0 and 1"),
        (["--grid", "strength="], "takes numbers"),
        (["--grid", "precision=fp8"], "precision must be one of"),
        (["--grid", "refine=1", "--grid", "refine=2"], "refine is varied twice"),
        (["--grid", f"window={','.join(map(str, range(32)))}"], "at most 31"),
        (["--preview", "3", "--join"], "--join"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage_is_refused_before_anything_is_read(
    restore: Restore, tmp_path: Path, flags: list[str], part: str
) -> None:
    result = restore(tmp_path / "absent.mkv", tmp_path / "out.mkv", *flags)
    assert result.exit_code == 2, result.output
    assert part in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (["--preview-frames", "9" * 15], f"there is no frame {'9' * 15}"),
        (["--preview-frames", "3,62"], "there is no frame 62: the source has frames 0 to 61."),
        (["--grid", "model=bundled,nosuch"], "nosuch"),
        (["--grid", "device=cpu,cuda:99"], "cuda:99"),
        (["--grid", "cuts=auto,/no/such/file"], "/no/such/file"),
        (["--preview", "2", "--encoder", "nosuch"], "nosuch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_told_in_one_line(
    restore: Restore, film: Path, tmp_path: Path, flags: list[str], part: str
) -> None:
    result = restore(film, tmp_path / "out.mkv", *flags)
    assert result.exit_code == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("vsrealbasicvsr: ")
    assert part in line
    assert list(tmp_path.iterdir()) == []


def test_quiet_says_nothing(restore: Restore, film: Path, tmp_path: Path) -> None:
    result = restore(film, tmp_path / "out.mkv", "--preview", "1", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_an_interruption_leaves_nothing(film: Path, tmp_path: Path) -> None:
    """With the whole network, which takes long enough to be interrupted."""
    command = [sys.executable, "-m", "vsrealbasicvsr.cli", "restore", film, tmp_path / "out.mkv",
               "--device", "cpu", "--preview", "6"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while not any(tmp_path.glob(".out.preview.*/*.ppm")):
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        process.wait()
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_the_output_may_be_a_folder_or_a_pattern(restore: Restore, film: Path, tmp_path: Path) -> None:
    (tmp_path / "shots.v2").mkdir()
    for target, page in (("shots.v2", "shots.v2"), ("frames/%04d.png", "frames"), ("film.v2.mp4", "film.v2")):
        done(restore(film, tmp_path / target, "--preview", "1"))
        assert (tmp_path / f"{page}.preview.html").is_file()
    assert list((tmp_path / "shots.v2").iterdir()) == []


@pytest.mark.parametrize("target", ["/", "/%06d.png"])
def test_the_root_of_a_disk_is_no_output(restore: Restore, film: Path, target: str) -> None:
    result = restore(film, target, "--preview", "1")
    assert result.exit_code == 1
    assert "choose a folder in it" in result.stderr


def test_the_page_of_the_folder_above(
    restore: Restore, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "in")
    done(restore(film, "..", "--preview", "1"))
    assert (tmp_path / "here.preview.html").is_file()


def test_a_page_of_noise_fits() -> None:
    """Hours of work are not lost to a limit of the page's size."""
    rng = np.random.default_rng(2)
    stills = [Still(n, Fraction(n), rng.choice(np.array([0, 255], np.uint8), (512, 512, 1)).repeat(3, 2))
              for n in range(3)]  # fmt: skip
    given = [Stills(name, tuple(stills)) for name in ("one", "other")]
    page = make_page(given, (0, 1, 2), "Noise", lambda _stage, _done: None, megabytes=0.1)
    assert page.frames == (0, 1, 2)
    assert len(page.text) < 0.8 * 6 * 512 * 512
