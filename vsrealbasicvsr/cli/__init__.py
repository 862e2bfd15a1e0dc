"""The command line, `vsrealbasicvsr`. Commands import what they need when they run, so --help is fast."""

from vsrealbasicvsr.cli.main import main

__all__ = ["main"]
