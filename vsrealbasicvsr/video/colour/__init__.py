"""Colour: tags and their defaults, pixel layouts, and exact conversion between code values and RGB."""
