"""`vsrealbasicvsr doctor`: what it says of this machine, and of machines in trouble."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import av
import pytest
import torch

import vsrealbasicvsr
from vsrealbasicvsr.doctor import machine, software
from vsrealbasicvsr.doctor.container import Limits
from vsrealbasicvsr.doctor.finding import Finding
from vsrealbasicvsr.doctor.report import PROBES, guarded
from vsrealbasicvsr.weights import KNOWN

PACKAGE = Path(vsrealbasicvsr.__path__[0])


def doctor(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, its cache in a folder of the test's."""
    path = os.pathsep.join([variables.pop("FIRST", ""), str(PACKAGE.parent)]).strip(os.pathsep)
    own = {"VSREALBASICVSR_CACHE": str(tmp_path / "cache"), "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, "-m", "vsrealbasicvsr.cli", "doctor", *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ, **own, **variables},
    )  # fmt: skip


def told(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """Findings by subject; the exit code must say whether one is in trouble."""
    assert done.stderr == ""
    found = {finding["subject"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == any(finding["state"] == "trouble" for finding in found.values())
    for finding in found.values():
        assert finding["advice"] or finding["state"] == "ok" or "could not be found out" in finding["text"]
    return found


def test_a_report_of_this_machine(tmp_path: Path) -> None:
    found = told(doctor(tmp_path, "--json"))
    assert found["PyTorch"]["text"] == torch.__version__
    assert found["PyAV"]["text"].startswith(av.__version__)
    assert "libavcodec {}.{}.{}".format(*av.library_versions["libavcodec"]) in found["PyAV"]["text"]
    assert found["numpy"]["text"] == metadata.version("numpy")
    assert found["this program"]["text"].startswith(vsrealbasicvsr.__version__)
    assert found["weights bundled"]["text"] == f"whole, {KNOWN[0].path}"
    assert {found[f"plugin {name}"]["state"] for name in ("bs", "bwdif", "vivtc", "resize2")} == {"ok"}
    assert {finding["part"] for finding in found.values()} == {part for part, _ in PROBES}
    assert not (tmp_path / "cache").exists()


def test_trouble_is_told_in_lines_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / KNOWN[1].file_name).write_bytes(b"<html>")
    done = doctor(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (damaged,) = (number for number, line in enumerate(lines) if "wrong SHA-256" in line)
    assert lines[damaged].startswith("  trouble  weights realbasicvsr-x4: ")
    assert lines[damaged + 1].endswith("run `vsrealbasicvsr weights fetch realbasicvsr-x4`.")
    assert any(line.startswith("  note     ffmpeg: not ") for line in lines)
    assert lines[-1].endswith("in trouble: see the arrows")


def test_a_library_that_ends_the_process_does_not_end_the_report(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "torch.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    found = told(doctor(tmp_path, "--json", FIRST=str(tmp_path / "first")))
    assert found["PyTorch"]["state"] == "trouble"
    assert "cannot be loaded: it ended with signal 4" in found["PyTorch"]["text"]
    assert found["devices"]["text"].startswith("could not be found out")
    assert found["VapourSynth"]["state"] == "ok"


def test_without_vapoursynth_all_else_is_reported(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "vapoursynth.py").write_text("raise ImportError('no core')\n")
    found = told(doctor(tmp_path, "--json", FIRST=str(tmp_path / "first")))
    reason = "ImportError: no core (exit code 1)"
    assert found["VapourSynth"]["state"] == "trouble"
    assert found["VapourSynth"]["text"].endswith(f" cannot be loaded: {reason}")
    assert found["VapourSynth's plugins"]["text"] == f"could not be found out: {reason}"
    assert {"ffmpeg", "ffprobe", "vspipe", "mpv"} <= found.keys()
    assert found["PyAV"]["state"] == "ok"


def test_a_second_install_is_noticed(tmp_path: Path) -> None:
    other = tmp_path / "other" / "vsrealbasicvsr"
    other.mkdir(parents=True)
    shutil.copy(PACKAGE / "__init__.py", other)
    path = os.pathsep.join([str(PACKAGE.parent), str(other.parent)])
    script = (
        "from vsrealbasicvsr.doctor.software import installs\n"
        "import sys; sys.stdout.writelines(f'{f.state} {f.text}\\n' for f in installs())"
    )

    def lines() -> list[str]:
        command = [sys.executable, "-c", script]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return [line for line in done.stdout.splitlines() if str(other) in line]

    assert lines() == [f"note {PACKAGE} is loaded, and hides {other} (version {vsrealbasicvsr.__version__})"]
    (other / "__init__.py").write_text('__version__ = "9.9"\n')
    assert lines() == [f"trouble {PACKAGE} is loaded, and hides {other} (version 9.9)"]


def test_a_probe_that_fails_is_a_note() -> None:
    def probe() -> Iterator[Finding]:
        yield Finding("ok", "first", "found")
        raise ZeroDivisionError

    assert list(guarded("part", probe)) == [
        Finding("ok", "first", "found"),
        Finding("note", "part", "could not be found out: ZeroDivisionError"),
    ]


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [("2.5.1", "2.6", True), ("2.6", "2.6.0", False), ("2.10.0+cu132", "2.6", False), ("81", "78", False),
     ("1.9rc2", "2", True), ("2.0.0", "2", False)],
)  # fmt: skip
def test_versions_compare_as_numbers(version: str, than: str, older: bool) -> None:
    assert software.is_older(version, than) is older


def test_requirements_of_extras_are_not_needed() -> None:
    lines = ["av>=19", "torch >=2.6", "ruff>=0.8; extra == 'dev'", 'ray>=2.40; extra == "ray"']
    assert list(software.requirements(lines)) == [("av", "19"), ("torch", "2.6")]


@pytest.mark.parametrize(
    ("capability", "built_for", "state"),
    [("sm_86", ["sm_80", "sm_90"], "ok"), ("sm_61", ["sm_75", "sm_80"], "trouble"),
     ("sm_120", ["sm_90", "compute_90"], "ok"), ("sm_120", ["sm_90"], "trouble"),
     ("sm_90", ["gfx90a"], "ok")],
)  # fmt: skip
def test_a_gpu_that_pytorch_is_not_built_for(capability: str, built_for: list[str], state: str) -> None:
    memory: dict[str, str | int] = {"free": 2 * 10**9, "total": 8 * 10**9}
    found = machine.gpu(1, {"name": "G", "capability": capability, **memory}, built_for)
    assert (found.subject, found.state) == ("cuda:1", state)
    assert found.text.startswith("G, 2.0 of 8.0 GB free")


def test_a_gpu_that_does_not_answer_is_in_trouble() -> None:
    found = machine.gpu(0, {"error": "CUDA error: device busy"}, ["sm_90"])
    assert (found.state, found.subject, found.text) == ("trouble", "cuda:0", "CUDA error: device busy")


def test_the_limits_of_control_groups_of_version_2(tmp_path: Path) -> None:
    limits = Limits(tmp_path, "0::/user/me\n")
    assert (limits.memory, limits.cores) == (None, None)
    (tmp_path / "user" / "me").mkdir(parents=True)
    (tmp_path / "user" / "me" / "memory.max").write_text("max\n")
    (tmp_path / "user" / "me" / "cpu.max").write_text("max 100000\n")
    assert (limits.memory, limits.cores) == (None, None)
    (tmp_path / "user" / "memory.max").write_text("2147483648\n")
    (tmp_path / "memory.max").write_text("8589934592\n")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert (limits.memory, limits.cores) == (2 << 30, 1.5)


def test_the_limits_of_control_groups_of_version_1(tmp_path: Path) -> None:
    limits = Limits(tmp_path, "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n0::/\n")
    for controller in ("memory", "cpu"):
        (tmp_path / controller).mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert (limits.memory, limits.cores) == (None, None)
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("2147483648\n")
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("400000\n")
    assert (limits.memory, limits.cores) == (2 << 30, 4.0)
    assert Limits(tmp_path, "").memory is None


def test_memory_for_small_pictures_is_needed() -> None:
    assert [machine.amount("m", size, "in all").state for size in (2 << 30, 8 << 30)] == ["trouble", "ok"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = machine.folder("cache", tmp_path / "file" / "cache", "Do this.")
    assert (found.state, found.advice) == ("trouble", "Do this.")
    assert machine.folder("cache", tmp_path / "new" / "cache", "").text.startswith(f"{tmp_path}/new/cache, ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_variables_that_slow_things_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    assert [found.state for found in machine.environment()] == ["ok"]
    monkeypatch.setenv("OMP_NUM_THREADS", "9999")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert [found.subject for found in machine.environment()] == [
        "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES"
    ]  # fmt: skip
