"""Device memory: planning how much a window needs, and what to do when it runs out."""
