"""The losses of SPEC 6.1. Each is computed in float32, also under autocast."""
