# shellcheck shell=sh
# Changes to the interface itself.
# shellcheck disable=SC2154 # dir and up: see at_work and read_boot in arm.sh

# The next $1 lines of stdin, and not a byte more.
lines() {
    left=$1
    while [ "$left" -gt 0 ] && IFS= read -r line; do
        printf '%s\n' "$line"
        left=$((left - 1))
    done
}

# change IF ID SECONDS: one change a line on stdin, in their order, live; "peers N" is
# followed by N lines for `wg addconf`, so that preshared keys of new peers come by stdin.
change() {
    at_the_live "$@"
    while IFS=' ' read -r what value more; do
        [ ! -e "$dir/rolling" ] || fail "it is taken back" 8
        case $what in
            listen-port) wg set "$1" listen-port "$value" ;;
            mtu) ip link set dev "$1" mtu "$value" ;;
            remove-peer) wg set "$1" peer "$value" remove ;;
            allowed-ips) wg set "$1" peer "$value" allowed-ips "$more" ;;
            endpoint) wg set "$1" peer "$value" endpoint "$more" ;;
            call) call_peer "$1" "$value" "$more" ;;
            await) await_peers "$1" "$value $more" ;;
            keepalive) wg set "$1" peer "$value" persistent-keepalive "$more" ;;
            peers) with_live_psk "$1" "$value" | wg addconf "$1" /dev/stdin ;;
            preshared) printf '%s\n' "$more" | wg set "$1" peer "$value" preshared-key /dev/stdin ;;
            add-address) ip address replace "$value" dev "$1" ;;
            remove-address) ip address del "$value" dev "$1" ;;
            # As wg-quick does: one that leads elsewhere is somebody's.
            add-route) ip route add "$value" dev "$1" ;;
            remove-route) remove_route "$1" "$value" ;;
            forward) keep_passing "$1" && pass_on "$1" "$value $more" ;;
            unforward) keep_passing "$1" && stop_passing "$1" "$value $more" ;;
            hosts-file) lines "$value" | put_names "$1" ;;
            *) fail "unknown change: $what" ;;
        esac || fail "$what failed"
    done
}

# A keepalive that was off and is set is sent at once.
call_peer() { # IF KEY SECONDS
    wg set "$1" peer "$2" persistent-keepalive 0 &&
        wg set "$1" peer "$2" persistent-keepalive 25 &&
        wg set "$1" peer "$2" persistent-keepalive "$3"
}

# For two seconds at most: a peer that does not answer holds nothing up.
await_peers() { # IF KEYS
    read_boot
    until=$((up + 2))
    for peer in $2; do
        until wg show "$1" latest-handshakes | grep -q "^$peer	[1-9]"; do
            read_boot
            [ "$up" -lt "$until" ] || return 0
            sleep 0.01 2>/dev/null || :
        done
    done
}

# One that went with an address is gone already.
remove_route() { # IF ROUTE
    said=$(ip route del "$2" dev "$1" 2>&1) || case $said in
        *'No such process'*) ;;
        *) fail "$said" ;;
    esac
}

# The next N lines; what says @live-psk:KEY@ gets the preshared key that runs for that peer.
with_live_psk() { # IF N
    {
        wg show "$1" preshared-keys
        echo peers
        lines "$2"
    } | awk '
        peers && match($0, /@live-psk:[^@]+@/) {
            $0 = substr($0, 1, RSTART - 1) psk[substr($0, RSTART + 10, RLENGTH - 11)]
        }
        peers
        $0 == "peers" { peers = 1 }
        !peers { psk[$1] = $2 }'
}

# switch_key IF ID SECONDS: the interface takes the key of the staged file, and begins a
# handshake with each peer on stdin, "KEY KEEPALIVE" a line: a keepalive that was off and is
# set is sent at once.
switch_key() {
    at_the_live "$@"
    off='' on='' as_was=''
    while IFS=' ' read -r peer seconds; do
        off="$off peer $peer persistent-keepalive 0"
        on="$on peer $peer persistent-keepalive 25"
        as_was="$as_was peer $peer persistent-keepalive $seconds"
    done
    # shellcheck disable=SC2086 # words
    if ! { sed -n 's/^PrivateKey *= *//p' "/etc/wireguard/.$1.meshtui" |
        wg set "$1" private-key /dev/stdin $off && wg set "$1" $on && wg set "$1" $as_was; }; then
        fail "cannot switch the key of $1"
    fi
}

# take_over IF ID SECONDS: "KEY PREFIXES" on stdin; the peer gets the prefixes as soon as it
# shook hands.
take_over() {
    at_the_live "$@"
    IFS=' ' read -r peer prefixes
    read_boot
    until=$((up + 8))
    until wg show "$1" latest-handshakes | grep -q "^$peer	[1-9]"; do
        read_boot
        [ "$up" -lt "$until" ] || fail 'no handshake came with the new key'
        sleep 0.01 2>/dev/null || :
    done
    wg set "$1" peer "$peer" allowed-ips "$prefixes" || fail 'cannot move the prefixes over'
}

# bring_up IF ID SECONDS: by systemd where it runs; that it comes back at boot is for confirm.
bring_up() {
    at_the_live "$@"
    if has_systemd; then
        # A unit that failed, or whose interface somebody removed, is started afresh.
        if systemctl is-active -q "wg-quick@$1"; then systemctl stop "wg-quick@$1" || :; fi
        systemctl reset-failed "wg-quick@$1" 2>/dev/null || :
    fi
    # Only hooks of meshtui's change what passes: wg-quick itself undoes what it did.
    ! grep -qs '# meshtui: forward' "/etc/wireguard/$1.conf" || keep_passing "$1"
    start_it "$1" || exit
    # It may have taken longer than all others waited.
    if [ ! -d "$dir" ] || [ -e "$dir/rolling" ]; then
        stop_it "$1"
        fail 'it was taken back meanwhile' 8
    fi
}

start_it() { # IF
    if ! has_systemd; then
        unheard wg-quick up "$1"
    elif ! systemctl start "wg-quick@$1"; then
        # What it said may be still on its way there.
        journalctl --sync 2>/dev/null || :
        journalctl -q -u "wg-quick@$1" -n 12 -o cat --no-pager >&2
        fail "wg-quick@$1 did not start"
    fi
}

stop_it() { # IF
    if has_systemd; then
        # Without asking whether it runs: a start under way is to end, too.
        systemctl stop "wg-quick@$1" 2>/dev/null || :
        systemctl reset-failed "wg-quick@$1" 2>/dev/null || :
    fi
    if ip link show dev "$1" >/dev/null 2>&1; then
        if [ -e "/etc/wireguard/$1.conf" ]; then
            unheard wg-quick down "$1" || fail "wg-quick down $1 failed"
        else
            ip link del dev "$1" || fail "cannot remove the interface $1"
        fi
    fi
}

# unheard COMMAND...: to its end even if nobody listens any more. What it says on stderr
# waits in a file without a name: writing to a closed channel would end it (wg-quick talks
# much). A pipe would not do: wireguard-go keeps it open for ever.
unheard() {
    said=$(umask 077 && mktemp /run/meshtui.XXXXXX 2>/dev/null || mktemp 2>/dev/null) || {
        "$@"
        return
    }
    # shellcheck disable=SC2094 # written first, read afterwards
    exec 6>"$said" 7<"$said"
    rm -f "$said"
    "$@" 2>&6 6>&- 7<&-
    status=$?
    cat <&7 >&2
    exec 6>&- 7<&-
    return "$status"
}

# Back at boot; what runs is not touched.
enable_it() { # IF
    systemctl enable "wg-quick@$1" 2>&1
}

# take_down IF SHA256|none: the host leaves the mesh. Its interface, file, key and
# state go, if the file still is the one that was shown.
take_down() {
    file=/etc/wireguard/$1.conf
    [ ! -L "$STATE/$1/change" ] || fail "$(who_holds "$1")" 7
    sum_of "$file"
    [ "$sum" = "$2" ] || fail "$file changed since the plan was made; plan again" 9
    stop_it "$1"
    forget_passing "$1"
    if has_systemd; then systemctl disable "wg-quick@$1" 2>/dev/null || :; fi
    rm -f "$file" "/etc/wireguard/.$1.meshtui" || fail "cannot remove $file"
    rm -rf "${STATE:?}/$1" || fail "cannot remove $STATE/$1"
    put_names "$1" </dev/null
    rmdir "$STATE" 2>/dev/null || :
    sync
}
