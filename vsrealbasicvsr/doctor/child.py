"""Run a probe in a subprocess, with a timeout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

_TIMEOUT_SECONDS = 120  # loading PyTorch from a slow disk can take a minute


class UnansweredError(Exception):
    """The process could not be run, failed, or took too long; the text says which."""


def said_by(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run a program, and return its output on stdout.

    Raises:
        UnansweredError: the program could not be run, failed, or took too long. If it failed, the text is the
            last line that it printed on stderr, with the exit code or signal.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise UnansweredError(f"no answer within {_TIMEOUT_SECONDS} seconds") from None
    except OSError as error:
        raise UnansweredError(error.strerror or str(error)) from error
    if done.returncode:
        status = f"exit code {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        last = done.stderr.strip().rpartition("\n")[2]
        raise UnansweredError(f"{last} ({status})" if last else f"it ended with {status}")
    return done.stdout


@cache  # several parts of the report need the facts, and PyTorch takes seconds to load
def facts_of(package: str) -> dict[str, Any]:
    """Return the facts of a compiled package from `native`, run with this process's import path.

    Raises:
        UnansweredError: the package cannot be loaded.
    """
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    environment = {**os.environ, "PYTHONPATH": path}
    output = said_by([sys.executable, "-P", "-m", "vsrealbasicvsr.doctor.native", package], environment)
    try:
        facts: dict[str, Any] = json.loads(output.strip().rpartition("\n")[2])
    except ValueError as error:
        raise UnansweredError("its answer cannot be read") from error
    return facts
