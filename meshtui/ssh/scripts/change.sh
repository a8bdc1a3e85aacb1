# shellcheck shell=sh
# Changes to the interface itself.

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
    extend "$@"
    while IFS=' ' read -r what value more; do
        case $what in
            listen-port) wg set "$1" listen-port "$value" ;;
            mtu) ip link set dev "$1" mtu "$value" ;;
            remove-peer) wg set "$1" peer "$value" remove ;;
            allowed-ips) wg set "$1" peer "$value" allowed-ips "$more" ;;
            endpoint) wg set "$1" peer "$value" endpoint "$more" ;;
            keepalive) wg set "$1" peer "$value" persistent-keepalive "$more" ;;
            peers) lines "$value" | wg addconf "$1" /dev/stdin ;;
            add-address) ip address replace "$value" dev "$1" ;;
            remove-address) ip address del "$value" dev "$1" ;;
            add-route) ip route replace "$value" dev "$1" ;;
            remove-route) ip route del "$value" dev "$1" ;;
            *) fail "unknown change: $what" ;;
        esac || fail "$what failed"
    done
}

# bring_up IF ID SECONDS: by systemd where it runs; that it comes back at boot is for confirm.
bring_up() {
    extend "$@"
    if has_systemd; then
        # A unit that failed, or whose interface somebody removed, is started afresh.
        if systemctl is-active -q "wg-quick@$1"; then systemctl stop "wg-quick@$1" || :; fi
        systemctl reset-failed "wg-quick@$1" 2>/dev/null || :
    fi
    start_it "$1"
}

start_it() { # IF
    if ! has_systemd; then
        wg-quick up "$1"
    elif ! systemctl start "wg-quick@$1"; then
        # What it said may be still on its way there.
        journalctl --sync 2>/dev/null || :
        journalctl -q -u "wg-quick@$1" -n 12 -o cat --no-pager >&2
        fail "wg-quick@$1 did not start"
    fi
}

stop_it() { # IF
    if has_systemd; then
        if systemctl is-active -q "wg-quick@$1"; then
            systemctl stop "wg-quick@$1" || fail "wg-quick@$1 did not stop"
        fi
        systemctl reset-failed "wg-quick@$1" 2>/dev/null || :
    fi
    if ip link show dev "$1" >/dev/null 2>&1; then
        if [ -e "/etc/wireguard/$1.conf" ]; then
            wg-quick down "$1" || fail "wg-quick down $1 failed"
        else
            ip link del dev "$1" || fail "cannot remove the interface $1"
        fi
    fi
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
    [ "$(sum_of "$file")" = "$2" ] || fail "$file changed since the plan was made; plan again" 9
    stop_it "$1"
    if has_systemd; then systemctl disable "wg-quick@$1" 2>/dev/null || :; fi
    rm -f "$file" "/etc/wireguard/.$1.meshtui" || fail "cannot remove $file"
    rm -rf "${STATE:?}/$1" || fail "cannot remove $STATE/$1"
    rmdir "$STATE" 2>/dev/null || :
    sync
}
