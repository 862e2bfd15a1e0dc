"""FFmpeg filter graphs as text: parsing them and cutting them at our node."""
