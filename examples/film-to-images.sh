#!/bin/sh
# A film to PNG frames, 16 bits a channel:
#   film-to-images.sh old.mp4 'restored/%06d.png' [more options]
vsrealbasicvsr restore --pixel-format rgb48be "$@"
