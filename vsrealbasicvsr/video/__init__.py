"""Video files: reading frames, converting colours, and writing outputs with the source's other streams."""
