"""Colour: tags and their defaults, pixel layouts, resizing, exact conversion between code values and RGB."""
