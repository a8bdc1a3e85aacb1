#!/bin/sh
# Power on: start.sh DIR SCRIPT, with "HOST V4 V6" per line on stdin.
# Runs in the keeper's namespaces and leaves the hosts to it.
set -eu
here=$(dirname "$0")
dir=$1
boot=$2

while read -r host v4 v6; do
    setsid unshare --net --uts --ipc --mount --pid --fork --propagation private \
        sh "$here/$boot" "$dir" "$host" "$v4" "$v6" \
        </dev/null >>"$dir/hosts/$host.log" 2>&1 &
done
