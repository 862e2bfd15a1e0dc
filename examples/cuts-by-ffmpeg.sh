#!/bin/sh
# Scene cuts from FFmpeg's own detector, whose threshold one can choose:
#   cuts-by-ffmpeg.sh old.mp4 restored.mkv [more of ffmpeg's output options]
source=$1 result=$2; shift 2
vsrealbasicvsr ffmpeg -y -i "$source" -vf scdet=threshold=12,realbasicvsr -c:a copy "$@" "$result"
