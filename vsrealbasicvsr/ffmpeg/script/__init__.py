"""VapourSynth scripts in place of the decode half."""
