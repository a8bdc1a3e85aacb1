# shellcheck shell=sh
# Whether the mesh carries packets.

# ping_all SECONDS: the addresses on stdin, all at once, each until it answers or
# the time is over; one line for each that answered: "ADDRESS MILLISECONDS".
ping_all() {
    command -v ping >/dev/null || fail 'ping is not installed' 127
    {
        while IFS= read -r address; do
            # A ping without an answer says so by its absence.
            ping -n -c 1 -w "$1" "$address" 2>/dev/null &
        done
        wait
    } | awk '/ bytes from / && split($0, half, "time=") == 2 {
        sub(/^.* bytes from /, "", half[1]); sub(/: .*$/, "", half[1])
        sub(/[^0-9.].*$/, "", half[2])
        print half[1], half[2]
    }'
}
