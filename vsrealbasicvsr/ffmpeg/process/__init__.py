"""The ffmpeg program: finding it, running it and reading its log."""
