"""Metrics of clips. Frames are uint8, (T, 3, H, W), RGB, as in an image file."""
