"""Pools: samples of the cleaning stage, which are made once and stored on disk.

A pool is a folder. `pool.json` says what it was made from; each `NNNNNNNN.safetensors` is a shard of samples.
"""
