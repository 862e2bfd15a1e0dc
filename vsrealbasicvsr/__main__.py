"""The command as `python -m vsrealbasicvsr`, for systems where it is not on the PATH."""

from vsrealbasicvsr.cli import main

if __name__ == "__main__":  # the processes of `restore --workers` import this module, too
    main(prog_name="vsrealbasicvsr")
