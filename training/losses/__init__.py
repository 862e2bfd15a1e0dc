"""The losses of the specification, section 6.1. Each is computed in float32, also under autocast."""
