"""`python -m vsrealbasicvsr.cli`: the command line without its entry point."""

from vsrealbasicvsr.cli.main import main

main(prog_name="vsrealbasicvsr")
