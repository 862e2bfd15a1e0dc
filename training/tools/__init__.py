"""Commands beside training: preparing footage, degrading it, exporting weights, and a benchmark."""
