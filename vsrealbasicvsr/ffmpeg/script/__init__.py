"""VapourSynth scripts in the place of the decode half."""
