"""Benchmarks for developers: memory, the filter, the bridge and jobs. See `python -m benchmarks --help`."""
