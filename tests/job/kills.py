"""Kills a job again and again, anywhere, until it is done; compares what comes out with an undisturbed run.

Run by tests/job/test_kills.py, and by hand: python -m tests.job.kills --kills 60 --workers 0
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import torch

from tests.conftest import save
from vsrealbasicvsr.job import Delivery, restore_file
from vsrealbasicvsr.job.store.folder import JobFolder
from vsrealbasicvsr.job.store.journal import Journal
from vsrealbasicvsr.job.workers.writer import SegmentWriter
from vsrealbasicvsr.network import RealBasicVSR
from vsrealbasicvsr.settings import Settings
from vsrealbasicvsr.video.write.encoders import Encoding
from vsrealbasicvsr.video.write.output_file import OutputFile

SHOTS, SHOT = 20, 5
SITES: dict[str, tuple[Any, str]] = {
    "a frame is encoded": (SegmentWriter, "write"),
    "a journal line is due": (Journal, "add"),
    "bytes are written by the system": (os, "write"),
    "a file goes to the disk": (os, "fsync"),
    "a file gets its name": (Path, "replace"),
    "packets are joined": (OutputFile, "mux"),
    "the folder is removed": (shutil, "rmtree"),
}


class Job:
    """One restoration, in forked children of this process, which has torch loaded but has not used it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source, self.target = folder / "in.mkv", folder / "out.mkv"
        self.opened, self.journal = folder / "opened.txt", folder / "journal.jsonl"
        self.arguments = (
            *("--model", str(folder / "tiny.safetensors"), "--device", "cpu", "--window", "4"),
            *("--margin", "2", "--segment-length", str(SHOT), "--max-passes", "1"),
        )

    def make_source(self) -> None:
        """Twenty shots of five frames with sound, and a tiny network."""
        program = imageio_ffmpeg.get_ffmpeg_exe()
        length = SHOTS * SHOT / 25
        subprocess.run(
            [program, "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=48x32:r=25:d={length}",
             "-f", "lavfi", "-i", f"sine=d={length}",
             "-vf", f"hue=h='trunc(n/{SHOT})*67':b='mod(trunc(n/{SHOT}),2)*4-2'",
             "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "flac", str(self.source)],
            check=True,
        )  # fmt: skip

    def run(self, prepare: Callable[[], None] = lambda: None) -> int:
        """Start the restoration; returns the process's number."""
        child = os.fork()
        if child:
            return child
        try:
            os.setpgid(0, 0)
            self._watch()
            prepare()
            torch.set_num_threads(1)
            model = str(self.folder / "tiny.safetensors")
            settings = Settings(model=model, device="cpu", window=4, margin=2, max_passes=1)
            delivery = Delivery(encoding=Encoding(encoder="x264"), segment_length=SHOT)
            restore_file(self.source, self.target, settings, delivery=delivery)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)

    def run_workers(self, workers: int) -> int:
        """The same by the command line, with worker processes."""
        command = [sys.executable, "-m", "vsrealbasicvsr.cli", "restore", str(self.source), str(self.target)]
        process = subprocess.Popen(
            [*command, *self.arguments, "--workers", str(workers), "--quiet"], start_new_session=True
        )
        return process.pid

    def _watch(self) -> None:
        """Note which segments are begun, and keep the journal when the folder goes."""
        begin, remove = SegmentWriter._begin, JobFolder.remove

        def noted(writer: SegmentWriter, restored: Any) -> Any:
            with self.opened.open("a") as file:
                file.write(f"{restored.number}\n")
            return begin(writer, restored)

        def kept(folder: JobFolder) -> None:
            self.keep_journal()
            remove(folder)

        SegmentWriter._begin = noted  # type: ignore[method-assign] # in a forked child
        JobFolder.remove = kept  # type: ignore[method-assign] # likewise

    def keep_journal(self) -> None:
        """A copy that outlives the folder."""
        if (path := self.folder / "out.mkv.parts" / "journal.jsonl").exists():
            shutil.copy(path, self.journal)

    def recorded(self) -> Counter[int]:
        """How often each segment was recorded."""
        self.keep_journal()
        if not self.journal.exists():
            return Counter()
        found = Counter[int]()
        for line in self.journal.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # torn
                continue
            if entry["kind"] == "segment":
                found[entry["start"]] += 1
        return found

    def pictures(self) -> list[tuple[int, bytes]]:
        """Time and content of each picture, and the sound's packets."""
        with av.open(str(self.target)) as container:
            shown = [(p.pts, p.to_ndarray().tobytes()) for p in container.decode(video=0)]
        with av.open(str(self.target)) as container:
            return shown + [(p.pts, bytes(p)) for p in container.demux(audio=0) if p.size]

    def clear(self) -> None:
        """Begin anew."""
        for path in (self.target, self.opened, self.journal):
            path.unlink(missing_ok=True)


def dies_at(owner: Any, name: str, call: int, before: bool) -> Callable[[], None]:
    """Makes the process kill itself before or after a call; a write is done by half before."""

    def prepare() -> None:
        original, calls = getattr(owner, name), 0

        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call and before:
                if owner is os and name == "write":
                    original(arguments[0], arguments[1][: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **named)
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, counted)

    return prepare


def outcome(child: int) -> str:
    """Whether a process was killed, or how it ended."""
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def kill_group(leader: int, only_worker: bool, chance: random.Random) -> bool:
    """Kill the driver with all its children, or one of its children; False where there is none."""
    if not only_worker:
        os.kill(leader, signal.SIGKILL)
        return True
    found = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
    workers = [int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    if not workers:
        return False
    os.kill(chance.choice(workers), signal.SIGKILL)
    return True


def run_once(
    job: Job, kills: int, workers: int, chance: random.Random, length: float, told: Counter[str]
) -> int:
    """One job from its beginning to its end, killed up to `kills` times; returns how often."""
    done = 0
    while True:
        begun = len(job.opened.read_text().split()) if job.opened.exists() else 0
        before = job.recorded().total()
        if workers:
            child = job.run_workers(workers)
            if done < kills:
                time.sleep(chance.uniform(0.3, length))
                only_worker = chance.random() < 0.6
                try:
                    killed = kill_group(child, only_worker, chance)
                except (ProcessLookupError, FileNotFoundError):
                    killed = False
                if killed:
                    done += 1
                    told["a worker" if only_worker else "driver and workers"] += 1
        elif done < kills and chance.random() < 0.6:
            site = chance.choice(list(SITES))
            early = chance.random() < 0.5
            most = {"a frame is encoded": 60, "the folder is removed": 1, "packets are joined": SHOTS * SHOT}
            child = job.run(dies_at(*SITES[site], chance.randint(1, most.get(site, 25)), early))
        else:
            child, site = job.run(), "any time"
            if done < kills:
                time.sleep(chance.uniform(0.02, length))
                os.kill(child, signal.SIGKILL)
        ended = outcome(child)
        if not workers:
            if ended == "killed":
                done += 1
                told[site] += 1
            opened = len(job.opened.read_text().split()) - begun if job.opened.exists() else 0
            redone = opened - (job.recorded().total() - before)
            # One is open, and the one before it may be about to be whole.
            assert redone <= 2, f"{redone} segments were in flight"
        assert all(count == 1 for count in job.recorded().values()), "a segment was made twice"
        if ended == "exit 0":
            assert not (job.folder / "out.mkv.parts").exists()
            return done
        assert ended == "killed", ended
        if job.target.exists() and not (job.folder / "out.mkv.parts").exists():
            return done  # killed when all was over


def main() -> None:
    """Prints what was done as JSON; exit code 1 with a traceback where something is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance, told = random.Random(arguments.seed), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        job = Job(Path(name))
        job.make_source()
        # In a child: torch must not be used here before it forks.
        if not (child := os.fork()):
            torch.manual_seed(7)
            save(RealBasicVSR(8, 1, 1), job.folder / "tiny.safetensors")
            os._exit(0)
        assert outcome(child) == "exit 0"
        begun = time.monotonic()
        ended = outcome(job.run_workers(arguments.workers) if arguments.workers else job.run())
        assert ended == "exit 0", ended
        length = time.monotonic() - begun
        expected = job.pictures()
        kills = jobs = 0
        while kills < arguments.kills:
            job.clear()
            kills += run_once(job, min(15, arguments.kills - kills), arguments.workers, chance, length, told)
            jobs += 1
            assert job.pictures() == expected, "the output differs from an undisturbed run's"
    facts = {"kills": kills, "jobs": jobs, "seconds undisturbed": round(length, 1), "where": told}
    sys.stdout.write(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
