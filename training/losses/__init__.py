"""The losses of SPEC 6.1, unweighted; each is computed in float32 also under autocast."""
