"""Other processes that are asked something, with an end to one's patience."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

_PATIENCE = 120  # seconds: PyTorch from a slow disk can take one minute


class UnansweredError(Exception):
    """The process could not be run, ended badly, or took too long; the text says which."""


def said_by(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """What a program prints on stdout.

    Raises:
        UnansweredError: with the last line that it printed on stderr.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise UnansweredError(f"no answer within {_PATIENCE} seconds") from None
    except OSError as error:
        raise UnansweredError(error.strerror or str(error)) from error
    if done.returncode:
        ended = f"exit code {done.returncode}" if done.returncode > 0 else f"signal {-done.returncode}"
        last = done.stderr.strip().rpartition("\n")[2]
        raise UnansweredError(f"{last} ({ended})" if last else f"it ended with {ended}")
    return done.stdout


@cache  # several parts of a report ask, and PyTorch takes seconds to answer
def facts_of(package: str) -> dict[str, Any]:
    """What `native` tells of a compiled package; the same import path as this process has.

    Raises:
        UnansweredError: the package cannot be loaded.
    """
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    environment = {**os.environ, "PYTHONPATH": path}
    told = said_by([sys.executable, "-P", "-m", "vsrealbasicvsr.doctor.native", package], environment)
    try:
        facts: dict[str, Any] = json.loads(told.strip().rpartition("\n")[2])
    except ValueError as error:
        raise UnansweredError("its answer cannot be read") from error
    return facts
