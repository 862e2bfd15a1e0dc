"""`python -m training`."""

import os

# Threads that wait for each other sleep instead of spinning: beside other programs several times as fast. The
# libraries read this when they are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from training.cli import main

if __name__ == "__main__":
    main()
