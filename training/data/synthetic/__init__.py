"""Clips made from still pictures: photographs, drawings and text in synthetic motion."""
