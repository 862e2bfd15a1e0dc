#!/bin/sh
# Scene cuts from a list instead of the detector, for example one that `--cuts-out cuts.txt` wrote and you corrected:
#   given-cuts.sh old.mp4 restored.mkv cuts.txt [more options]
# The list holds the number of each new shot's first frame, one a line; the clip's first frame is 0.
in=$1 out=$2 cuts=$3; shift 3
vsrealbasicvsr restore "$in" "$out" --cuts "$cuts" "$@"
