"""FFmpeg command lines: options, inputs, outputs and the place of our node."""
