"""The kernels of the fast engine: interpreted, compiled, and (on a GPU) run.

Triton decides at its import whether it interprets, and keeps to it; so this happens in processes of its own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHECKS = Path(__file__).with_name("kernel_checks.py")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="no Triton here; PyTorch for Linux brings it"
)


def run(*arguments: str | Path, **variables: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=inherited | variables,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_interpreted_kernels_equal_the_networks_parts() -> None:
    run("-m", "pytest", "-n0", "-q", CHECKS, KERNEL_DEVICE="cpu", TRITON_INTERPRET="1")


@pytest.mark.gpu
def test_compiled_kernels_equal_the_networks_parts() -> None:
    report = run("-m", "pytest", "-n0", "-q", CHECKS, KERNEL_DEVICE="cuda:0")
    print(report)  # noqa: T201 - what was skipped for want of memory


@pytest.mark.parametrize("capability", [80])
def test_kernels_compile_for_a_gpu_that_is_not_here(capability: int, tmp_path: Path) -> None:
    output = run(
        "-m", "tests.engine.acceleration.kernel_compilation", str(capability), TRITON_CACHE_DIR=str(tmp_path)
    )
    kernels = {"_warp_and_join", "_add_bias_and_activate", "_add_bias_and_skip", "_shuffle_and_activate"}
    assert set(json.loads(output)) == kernels


def test_the_engine_does_not_load_triton_by_itself() -> None:
    assert run("-c", "import sys, vsrealbasicvsr.engine; print('triton' in sys.modules)").strip() == "False"
