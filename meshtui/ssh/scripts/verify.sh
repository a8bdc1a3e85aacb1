# shellcheck shell=sh
# Whether the mesh carries packets.

# ping_all SECONDS [AGAIN]: the addresses on stdin, all at once, each until it answers or
# the time is over; "ADDRESS MILLISECONDS" for each that answered. With AGAIN those are
# pinged once more: the first may have had to wait for a handshake.
ping_all() {
    command -v ping >/dev/null || fail 'ping is not installed' 127
    {
        while IFS= read -r address; do
            # A ping without an answer says so by its absence.
            if [ -n "${2:-}" ]; then
                { ping -n -c 1 -w "$1" "$address" && ping -n -c 1 -w 1 "$address"; } 2>/dev/null &
            else
                ping -n -c 1 -w "$1" "$address" 2>/dev/null &
            fi
        done
        wait
    } | answer_times
}

# ping_times COUNT ADDRESS: "ADDRESS MILLISECONDS" for each ping that was answered; where
# none was, "! " and what ping says.
ping_times() {
    command -v ping >/dev/null || fail 'ping is not installed' 127
    # Old busybox knows no fraction of a second between two.
    said=$(ping -n -c "$1" -i 0.2 -W 2 "$2" 2>&1) ||
        case $said in *[Ii]nvalid* | *unrecognized*) said=$(ping -n -c "$1" -W 2 "$2" 2>&1) ;; esac
    answers=$(printf '%s\n' "$said" | grep -v DUP | answer_times)
    if [ -n "$answers" ]; then
        printf '%s\n' "$answers"
    else
        printf '%s\n' "$said" | grep -E '^ping: |^From ' | head -n 1 | sed 's/^/! /'
    fi
}

# Of what several pings print: "ADDRESS MILLISECONDS" for each answer.
answer_times() {
    awk '/ bytes from / && split($0, half, "time=") == 2 {
        sub(/^.* bytes from /, "", half[1]); sub(/: .*$/, "", half[1])
        sub(/[^0-9.].*$/, "", half[2])
        print half[1], half[2]
    }'
}

# path_mtu IF ADDRESS [OUTSIDE]: in bytes, the interface's MTU, the largest packet that
# ADDRESS answers through the tunnel, and the largest that OUTSIDE does beside it.
path_mtu() {
    command -v ping >/dev/null || fail 'ping is not installed' 127
    case $(ping -n -c 1 -w 1 -M "do" 127.0.0.1 2>&1) in
        *[Ii]nvalid* | *[Uu]sage* | *unrecognized*)
            fail 'this ping cannot forbid fragments: install iputils-ping' 127
            ;;
    esac
    mtu=$(mtu_of "$1")
    printf 'interface %s\n' "$mtu"
    {
        # The first may wait for a handshake.
        if ping -n -c 1 -w 3 "$2" >/dev/null 2>&1; then
            printf 'tunnel %s\n' "$(largest "$2" "$mtu")"
        fi
    } &
    if [ -n "${3:-}" ]; then
        device=$(ip -o route get "$3" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
        if [ -n "$device" ] && ping -n -c 1 -w 3 "$3" >/dev/null 2>&1; then
            printf 'path %s\n' "$(largest "$3" "$(mtu_of "$device")")"
        fi
    fi
    wait
}

mtu_of() { # DEVICE
    ip -o link show dev "$1" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# The size of the largest packet that ADDRESS answers and that nobody broke up on the
# way; 24 sizes at once, then those in between.
largest() { # ADDRESS MOST
    case $1 in *:*) headers=48 low=1280 ;; *) headers=28 low=576 ;; esac
    high=$2 best=0
    while [ "$low" -le "$high" ]; do
        step=$(((high - low) / 24 + 1))
        found=$(try_sizes "$1" "$low" "$high" "$step" | sort -n | tail -n 1)
        [ -n "$found" ] || break
        best=$((found + headers - 8))
        [ "$best" -lt "$high" ] || break
        low=$((best + 1))
        if [ "$((best + step - 1))" -lt "$high" ]; then high=$((best + step - 1)); fi
    done
    echo "$best"
}

# The sizes, by ping's own count, that are answered.
try_sizes() { # ADDRESS LOW HIGH STEP
    {
        size=$2
        while [ "$size" -lt "$3" ]; do
            try_size "$1" "$size" &
            size=$((size + $4))
        done
        try_size "$1" "$3" &
        wait
    } | sed -n 's/^\([0-9]*\) bytes from .*/\1/p'
}

try_size() { # ADDRESS SIZE
    ping -n -c 2 -i 0.2 -W 1 -M "do" -s "$(($2 - headers))" "$1" 2>/dev/null
}
