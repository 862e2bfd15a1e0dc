"""Simple commands, run through PyAV if no ffmpeg program is installed."""
