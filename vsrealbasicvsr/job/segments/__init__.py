"""Segments: where they start, and how the source is divided into them."""
