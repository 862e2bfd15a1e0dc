"""From files to batches: clips, samples that are functions of seed and position, and their loader."""
