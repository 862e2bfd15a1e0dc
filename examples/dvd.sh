#!/bin/sh
# An interlaced recording to progressive video, one frame for each field, doubled in size:
#   dvd.sh tape.mpg restored.mkv [more options]
vsrealbasicvsr restore --deinterlace field --scale 2 "$@"
