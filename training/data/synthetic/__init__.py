"""Clips made of still pictures: photographs, drawings and text, set in motion."""
