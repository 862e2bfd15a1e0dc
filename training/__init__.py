"""Training of RealBasicVSR: both stages, stochastic degradation, one machine or several.

Run from a checkout: `python -m training stage1.toml --data FOLDER --out runs/one`.
"""
