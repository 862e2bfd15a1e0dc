"""Simple commands, run by PyAV where no ffmpeg program is installed."""
