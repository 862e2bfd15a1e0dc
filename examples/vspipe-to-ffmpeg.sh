#!/bin/sh
# A script's frames to x264, with the sound, subtitles, chapters and fonts of their source, in Matroska:
#   vspipe-to-ffmpeg.sh web-rip.vpy old.mp4 restored.mkv [-a device=cuda:1 and the like, for vspipe]
# Run it where python and vspipe are those of the environment that vsrealbasicvsr is installed in.
# A y4m pipe knows one frame rate, and no colours, pixel shape or start: the .py files beside this carry them.
# restored.mkv appears when it is whole; until then, and after an error, all is in restored.mkv.parts.
set -eu
trap 'exit 130' INT TERM # or a pipe ended by Ctrl-C would count as whole
script=$1 source=$(realpath "$2") result=$3 here=$(dirname "$0") parts=$3.parts; shift 3
mkdir -p "$parts"
rm -f "$parts"/*
tags=$(python "$here/source-tags.py" "$source")
eval "$tags" # filters=... location=... start=...

# Without bash's pipefail, the file `failed` tells that vspipe's end was an error.
{
    vspipe -c y4m --timecodes "$parts/times.txt" -a source="$source" "$@" "$script" - || touch "$parts/failed"
} | ffmpeg -v warning -nostdin -i - -vf "$filters" \
    -chroma_sample_location "$location" -c:v libx264 -preset slow -crf 16 "$parts/video.mkv"
test ! -e "$parts/failed"

# `mkvmerge --timestamps 0:times.txt` would do this as well.
python "$here/set-timecodes.py" "$parts/video.mkv" "$parts/times.txt" "$parts/timed.mkv"
ffmpeg -v warning -nostdin -itsoffset "$start" -i "$parts/timed.mkv" -i "$source" -map 0:v -map '1:a?' \
    -map '1:s?' -map '1:t?' -map_metadata 1 -map_chapters 1 -c copy "$parts/whole.${result##*.}"
mv "$parts/whole.${result##*.}" "$result"
rm -r "$parts"
