"""What the makers measure: memory, the filter, the bridge and jobs. `python -m benchmarks --help`."""
