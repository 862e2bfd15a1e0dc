#!/bin/sh
# A film to Matroska, x264 at high quality, sound and subtitles as they are:
#   film-to-mkv.sh old.mp4 restored.mkv [more options]
vsrealbasicvsr restore --encoder x264 --crf 16 "$@"
