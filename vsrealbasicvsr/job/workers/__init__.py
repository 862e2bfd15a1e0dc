"""Workers that make segments: in this process, in several processes, or on a Ray cluster."""
