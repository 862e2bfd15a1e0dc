"""Metrics of clips; frames are uint8, (T, 3, H, W), RGB, as an image file would hold them."""
