"""Drawings of what a job's journal and a training's tables tell."""
