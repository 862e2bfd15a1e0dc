"""A few frames of a film restored before the whole of it, in a page for the eye."""
