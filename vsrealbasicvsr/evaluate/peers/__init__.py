"""Peers, the upscalers that are compared: each enlarges a clip to four times its size."""
