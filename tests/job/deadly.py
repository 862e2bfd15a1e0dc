"""The command line in a process that kills itself at a call: python -m tests.job.deadly SITE CALL WORDS..."""

from __future__ import annotations

import sys

from tests.job.kills import SITES, dies_at
from vsrealbasicvsr.cli import main

if __name__ == "__main__":
    site, call, *words = sys.argv[1:]
    dies_at(*SITES[site], int(call), before=True)()
    main(words)
