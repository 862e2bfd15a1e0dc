"""Sources: video files and image sequences, with exact times, colour tags and scene cuts."""
