#!/bin/sh
# Power on: start.sh DIR SCRIPT, with "HOST ARGUMENT..." per line on stdin.
# Runs in the keeper's namespaces and leaves hosts and routers to it.
set -eu
here=$(dirname "$0")
dir=$1
boot=$2

while read -r host arguments; do
    # shellcheck disable=SC2086 # a word for each
    setsid unshare --net --uts --ipc --mount --pid --fork --propagation private \
        sh "$here/$boot" "$dir" "$host" $arguments \
        </dev/null >>"$dir/hosts/$host.log" 2>&1 &
done
