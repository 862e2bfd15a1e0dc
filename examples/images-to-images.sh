#!/bin/sh
# A folder of images, read in the order of their names, to numbered PNG frames:
#   images-to-images.sh scans/ restored/ [more options]
vsrealbasicvsr restore --rate 24 "$@"
