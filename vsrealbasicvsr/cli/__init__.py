"""The command line, `vsrealbasicvsr`. Commands import what they need when they run: --help stays light."""

from vsrealbasicvsr.cli.main import main

__all__ = ["main"]
