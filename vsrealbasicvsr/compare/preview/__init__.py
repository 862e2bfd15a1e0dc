"""Previews: some frames of a film, restored as in the whole film, in a comparison page."""
