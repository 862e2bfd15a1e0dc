"""Plots of a job's journal, of a film's figures and of a training's tables."""
