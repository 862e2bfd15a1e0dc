"""FFmpeg filter graphs as text: parse them, and cut them at our node."""
