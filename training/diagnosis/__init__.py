"""Which part of a network is lacking: each part is replaced by the best that can be had, and measured."""
