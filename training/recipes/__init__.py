"""Recipes of our own weights: footage and training stages."""
