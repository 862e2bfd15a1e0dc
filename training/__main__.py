"""Entry point of `python -m training`."""

import os
import sys

from vsrealbasicvsr.terminal import INTERRUPTED, signals_held

# OpenMP threads that wait sleep instead of spinning. When other programs run too, training is then several
# times as fast. The libraries read this variable when they are loaded, so it is set before the imports.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    with signals_held():
        from training.cli import main
except KeyboardInterrupt:
    sys.exit(INTERRUPTED)
except ModuleNotFoundError as error:
    sys.exit(
        f"training: {error.name} is not installed; in the checkout: pip install -e '.[training]', or "
        "make venv and then .venv/bin/python."
    )

if __name__ == "__main__":
    main()
