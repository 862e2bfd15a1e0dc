"""Segments: the rule of where they start, and two ways to divide a source into them."""
