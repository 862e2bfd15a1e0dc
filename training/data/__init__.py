"""Training data: clips from files, samples as functions of seed and position, and the batch loader."""
