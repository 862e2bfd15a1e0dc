"""The graph under pressure: little memory, one thread, errors, seeks from many threads, what it leaves."""

from __future__ import annotations

import gc
import random
import re
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vapoursynth as vs

from tests.filter.conftest import Restore, all_pixels, noise_clip, pixels
from vsrealbasicvsr import realbasicvsr
from vsrealbasicvsr.filter import graph
from vsrealbasicvsr.filter.graph import frame_of
from vsrealbasicvsr.filter.worker import Worker


@pytest.mark.parametrize("threads", [1, 2, 16])
@pytest.mark.parametrize("limit", [1, 4])
def test_no_hang_with_little_memory(
    restored: Restore, core_settings: vs.Core, threads: int, limit: int
) -> None:
    """A window of 64x48 and its neighbours are some 20 MB, many times the limit; we hold frames, too."""
    source = noise_clip(50, 64, 48)
    expected = all_pixels(restored(source))
    core_settings.num_threads, core_settings.max_cache_size = threads, limit
    clip = restored(source)
    held = [clip.get_frame(n) for n in range(20)]
    got = all_pixels(clip, requests=16)
    for frame in held:
        frame.close()
    np.testing.assert_array_equal(np.stack(got), np.stack(expected))


def windows_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """First frames of the windows that are restored from now on."""
    made: list[int] = []
    really = Worker.restore

    def counting(self, window, *arguments, **keywords):  # type: ignore[no-untyped-def]
        made.append(window.core_start)
        return really(self, window, *arguments, **keywords)

    monkeypatch.setattr(Worker, "restore", counting)
    return made


def test_a_flushed_cache_makes_no_window_again(
    restored: Restore, core_settings: vs.Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VapourSynth empties its caches after two seconds over the limit; a slow reader feels it often."""
    made = windows_made(monkeypatch)
    core_settings.max_cache_size = 1
    clip = restored(noise_clip(21, 64, 48), prefetch=0)
    for n in range(21):
        clip.get_frame(n).close()
        core_settings.clear_cache()
    assert made == [0, 7, 14]


@pytest.mark.parametrize("requests", [1, 2, 4, 16])
@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_no_window_and_no_source_frame_is_made_twice(
    restored: Restore, monkeypatch: pytest.MonkeyPatch, requests: int, prefetch: int
) -> None:
    made, asked = windows_made(monkeypatch), []
    source = noise_clip(70)
    counted = source.std.ModifyFrame(source, lambda n, f: asked.append(n) or f)
    counted.std.SetVideoCache(mode=0)
    all_pixels(restored(counted, prefetch=prefetch), requests=requests)
    assert sorted(made) == list(range(0, 70, 7))
    assert len(asked) <= 70 * 1.05


@pytest.mark.parametrize("devices", [1, 2])
def test_windows_are_made_ahead_only_in_sequence(
    restored: Restore, monkeypatch: pytest.MonkeyPatch, devices: int
) -> None:
    made = windows_made(monkeypatch)
    clip = restored(noise_clip(140), ["cpu"] * devices)
    clip.get_frame(0)
    clip.get_frame(70)
    time.sleep(0.3)
    assert made == [0, 70]  # a seek says nothing of what comes next
    clip.get_frame(77)
    deadline = time.monotonic() + 20
    while len(made) < 3 + devices and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sorted(made[2:]) == [77 + 7 * ahead for ahead in range(devices + 1)]


def test_an_error_in_the_source_reaches_the_caller_and_other_frames_do_not_suffer(restored: Restore) -> None:
    source = noise_clip(40)

    def fail(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        if n == 20:
            raise ValueError("the tape is torn")
        return f

    clip = restored(source.std.ModifyFrame(source, fail))
    with pytest.raises(vs.Error, match="the tape is torn"):
        clip.get_frame(15)
    whole = restored(source)
    for n in (0, 9, 39):  # windows and margins without frame 20
        np.testing.assert_array_equal(pixels(clip, n), pixels(whole, n))


def test_an_error_of_our_own_blocks_nothing(restored: Restore, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [True]

    def fail_once(*arguments: Any) -> vs.VideoFrame:
        if failing:
            failing.pop()
            raise MemoryError("no room for a frame")
        return frame_of(*arguments)

    monkeypatch.setattr(graph, "frame_of", fail_once)
    clip = restored(noise_clip(8))
    with pytest.raises(vs.Error, match="no room"):
        clip.get_frame(0)
    clip.get_frame_async(0).result(timeout=60).close()


def test_the_callers_clip_keeps_its_own_cache(restored: Restore) -> None:
    made, source = [], noise_clip(12)

    def count(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        made.append(n)
        return f

    clip = source.std.ModifyFrame(source, count)
    untouched = restored(clip, window=4, margin=0)
    for n in (*range(12), *range(12)):
        clip.get_frame(n).close()
    assert len(made) == 12
    untouched.get_frame(0).close()


def test_a_device_that_is_not_there_is_told_with_each_frame(mini_model: Path) -> None:
    clip = realbasicvsr(noise_clip(20), "cuda:77", mini_model, window=5)
    for n in (0, 1, 12):
        with pytest.raises(vs.Error, match=r"realbasicvsr: device 'cuda:77' is not there") as caught:
            clip.get_frame(n)
        assert str(caught.value).count("realbasicvsr: ") == 1


def test_weights_that_are_none_are_told_with_the_first_frame(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"no weights")
    clip = realbasicvsr(noise_clip(3), "cpu", tmp_path / "broken.safetensors")
    with pytest.raises(vs.Error, match=r"realbasicvsr: .*broken\.safetensors"):
        clip.get_frame(0)


def test_pictures_that_are_no_numbers_are_refused(restored: Restore) -> None:
    source = noise_clip(3)

    def spoil(n: int, f: vs.VideoFrame) -> vs.VideoFrame:
        frame = f.copy()
        np.asarray(frame[1])[3, 3] = np.nan
        return frame

    with pytest.raises(vs.Error, match=r"realbasicvsr: .*non-finite"):
        restored(source.std.ModifyFrame(source, spoil)).get_frame(0)


def test_a_flag_of_interlacing_is_warned_of_once(restored: Restore, caplog: pytest.LogCaptureFixture) -> None:
    clip = restored(noise_clip(30).std.SetFieldBased(2))
    all_pixels(clip)
    (record,) = caplog.records
    assert re.match(r"realbasicvsr: frame \d+ is flagged as interlaced", record.getMessage())


def test_what_a_script_made_goes_with_it(restored: Restore, monkeypatch: pytest.MonkeyPatch) -> None:
    workers: weakref.WeakSet[Worker] = weakref.WeakSet()
    really = Worker.__init__

    def noting(self, *arguments):  # type: ignore[no-untyped-def]
        really(self, *arguments)
        workers.add(self)

    monkeypatch.setattr(Worker, "__init__", noting)
    for _ in range(3):
        clip = restored(noise_clip(30), ["cpu", "cpu"], cuts="detect")
        for n in range(30):
            clip.get_frame(n).close()
        assert len(workers) >= 2
        del clip
        deadline = time.monotonic() + 20  # windows that were asked for ahead end first
        while len(workers) and time.monotonic() < deadline:
            gc.collect()
            time.sleep(0.02)
        assert not workers


def test_windows_asked_for_ahead_end_with_the_clip(
    restored: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), []
    really = Worker.restore

    def slow(self, window, picture, cuts, *, half):  # type: ignore[no-untyped-def]
        for n, pair in enumerate(really(self, window, picture, cuts, half=half)):
            if window.core_start == 14 and n == 0:
                begun.set()
                time.sleep(0.5)
            yield pair
        ended.append(window.core_start)

    monkeypatch.setattr(Worker, "restore", slow)
    clip = restored(noise_clip(60))
    for n in range(8):
        clip.get_frame(n).close()
    assert begun.wait(20)
    del clip
    gc.collect()
    time.sleep(1)
    assert ended == [0, 7]


def test_an_interpreter_that_ends_does_not_wait_for_its_windows(mini_model: Path) -> None:
    """Here a window would take minutes; without an end of its own the process waited for all of it."""
    script = (
        "import sys, threading, time, vapoursynth as vs\n"
        "from vsrealbasicvsr import realbasicvsr\n"
        "clip = vs.core.std.BlankClip(format=vs.RGBS, width=96, height=64, length=3000)\n"
        f"out = realbasicvsr(clip, 'cpu', {str(mini_model)!r}, window=3000, margin=0)\n"
        "answer = out.get_frame_async(0)\n"
        "while 'vsrealbasicvsr.engine.restorer' not in sys.modules: time.sleep(0.1)\n"
        "time.sleep(1)\n"
        "print(answer.done())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


def test_seeks_from_four_threads(restored: Restore) -> None:
    """The minute-long form is `python -m benchmarks seeks`."""
    source = noise_clip(60)
    expected = all_pixels(restored(source))
    clip = restored(source, window=4, margin=1)
    small = all_pixels(clip)
    whole = restored(source)

    def seek(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(40):
            n = chance.randrange(60)
            np.testing.assert_array_equal(pixels(clip, n), small[n])
            np.testing.assert_array_equal(pixels(whole, n), expected[n])

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(seek, seed) for seed in range(4)]:
            done.result(timeout=100)


def test_the_scale_is_the_networks() -> None:
    from vsrealbasicvsr.network.basicvsr import SCALE

    assert graph.SCALE == SCALE
