# shellcheck shell=sh
# Two hosts behind NAT begin a tunnel, each told where the others see the far end.

# meet IF SECONDS: "KEY ENDPOINT first|later" a line on stdin. Each becomes a peer, without
# allowed IPs if it was none, and is called: the later ones half a second after the first, since
# two that call at the same moment drop each other's. Prints the keys of those that answered in
# time; the others are no peers afterwards, unless they were before.
meet() {
    [ ! -L "$STATE/$1/change" ] || fail "$(who_holds "$1")" 7
    there=$(wg show "$1" latest-handshakes) || fail "there is no interface $1"
    called='' later=''
    while IFS=' ' read -r key endpoint turn; do
        called="$called $key"
        if [ "$turn" = first ]; then call "$1" "$key" "$endpoint"; else later="$later $key $endpoint"; fi
    done
    read_boot
    # shellcheck disable=SC2154 # by read_boot
    until=$((up + $2))
    sleep 0.5 2>/dev/null || sleep 1
    # shellcheck disable=SC2086 # words
    set -- "$1" $later
    interface=$1
    shift
    while [ "$#" -gt 0 ]; do
        call "$interface" "$1" "$2"
        shift 2
    done
    left=$called met=''
    while :; do
        now=$(wg show "$interface" latest-handshakes)
        still=''
        for key in $left; do
            if shook_hands "$key"; then met="$met $key"; else still="$still $key"; fi
        done
        left=$still
        read_boot
        if [ -z "$left" ] || [ "$up" -ge "$until" ]; then break; fi
        sleep 0.05 2>/dev/null || :
    done
    for key in $left; do
        case $there in *"$key"*) ;; *) wg set "$interface" peer "$key" remove ;; esac
    done
    # shellcheck disable=SC2086
    [ -z "$met" ] || printf '%s\n' $met
}

# A keepalive that was off and is set is sent at once.
call() { # IF KEY ENDPOINT
    wg set "$1" peer "$2" endpoint "$3" persistent-keepalive 0 || fail "cannot call $3"
    wg set "$1" peer "$2" persistent-keepalive 25 || fail "cannot call $3"
}

# Whether the line of KEY in $now says another time than in $there, and one at all.
shook_hands() { # KEY
    case $now in *"$1	"*) ;; *) return 1 ;; esac
    line=${now#*"$1	"}
    line=${line%%[!0-9]*}
    before=0
    case $there in *"$1"*) before=${there#*"$1	"} before=${before%%[!0-9]*} ;; esac
    [ "$line" -gt 0 ] && [ "$line" != "$before" ]
}
