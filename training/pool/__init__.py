"""Pools: samples of the cleaning stage, made once and kept on disk.

A pool is a folder. `pool.json` says what it was made of; each `NNNNNNNN.safetensors` is a shard of samples.
"""
