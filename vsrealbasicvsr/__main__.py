"""`python -m vsrealbasicvsr`: the command where it is not on the PATH."""

from vsrealbasicvsr.cli import main

if __name__ == "__main__":  # processes that `restore --workers` starts import this as well
    main(prog_name="vsrealbasicvsr")
