#!/bin/sh
# A restored film with a logo in its corner, and its own sound, by ffmpeg:
#   overlay.sh old.mp4 logo.png restored.mkv [more of ffmpeg's output options]
source=$1 logo=$2 result=$3; shift 3
vsrealbasicvsr ffmpeg -y -i "$source" -i "$logo" \
    -filter_complex '[0:v]realbasicvsr[large];[large][1:v]overlay=W-w-16:16[v]' \
    -map '[v]' -map '0:a?' -c:a copy "$@" "$result"
