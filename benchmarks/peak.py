"""The peak memory of one stream, measured and printed in its own process; `memory` starts it."""

from __future__ import annotations

import json
import resource
import sys

from vsrealbasicvsr.bench.case import Case
from vsrealbasicvsr.bench.machine import machine
from vsrealbasicvsr.engine import Restorer
from vsrealbasicvsr.settings import Settings


def main(case: Case) -> None:
    """Restore the clip, keep no frames, and write the peak as JSON to stdout."""
    settings = Settings(window=case.window, margin=case.margin)
    restorer = Restorer(case.network(), settings, device="cpu")
    restored = sum(1 for _ in restorer.stream(case.clip()))
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    json.dump({"frames": restored, "bytes": peak, "machine": machine("cpu")}, sys.stdout)


if __name__ == "__main__":
    main(Case(**json.loads(sys.argv[1])))
