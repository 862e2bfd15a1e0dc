"""What this program costs on this machine: `python -m vsrealbasicvsr.benchmark speed|memory`."""
