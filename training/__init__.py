"""Training RealBasicVSR: both stages, stochastic degradation, on one machine or many.

Run from a checkout: `python -m training stage1.toml --data FOLDER --out runs/one`.
"""
