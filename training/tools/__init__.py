"""Further commands: preparing footage, degrading it, exporting weights, and a benchmark."""
