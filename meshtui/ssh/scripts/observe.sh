# shellcheck shell=sh
# Everything that a plan needs to know of a host. Each part is "@NAME", then its
# lines, each behind a "|", so that no content can pass for a heading.

STATE=/var/lib/meshtui

part() {
    printf '@%s\n' "$1"
    sed 's/^/|/'
}

# Secrets in a wg-quick file: the value of PrivateKey and PresharedKey (also where
# commented out), whatever has a key's shape anywhere else but in PublicKey, and
# whatever reads like one of meshtui's marks. mask_file writes @secret:N@ for the Nth
# of them; put_secrets (stage.sh) puts the Nth back, so both must find the same ones:
# this is the one place that finds them. Old mawk knows no {43}, hence the loop.
# shellcheck disable=SC2016,SC2034
FIND_SECRETS='
    BEGIN {
        shape = ""
        for (i = 0; i < 43; i++) shape = shape "[A-Za-z0-9+/]"
        shape = shape "=|@[a-z-]+(:[^@]*)?@"
    }
    # Sets at and len to where the first secret in text stands; len 0: none.
    function find_secret(text,   low, skip) {
        low = tolower(text)
        len = 0
        if (match(low, /^[ \t#;]*(privatekey|presharedkey)[ \t]*=[ \t]*/)) {
            at = RLENGTH + 1
            len = length(text) - RLENGTH
            return len
        }
        skip = match(low, /^[ \t]*publickey[ \t]*=[^#@]*/) ? RLENGTH : 0
        if (match(substr(text, skip + 1), shape)) {
            at = skip + RSTART
            len = RLENGTH
        }
        return len
    }'

mask_file() {
    awk "$FIND_SECRETS"'
        {
            rest = $0
            done = ""
            while (find_secret(rest)) {
                done = done substr(rest, 1, at - 1) "@secret:" (++n) "@"
                rest = substr(rest, at + len)
            }
            print done rest
        }'
}

# "N FINGERPRINT" for each of these secrets that is a peer's preshared key.
file_fingerprints() {
    awk "$FIND_SECRETS"'
        {
            rest = $0
            while (find_secret(rest)) {
                n++
                value = substr(rest, at, len)
                sub(/[ \t\r]*(#.*)?$/, "", value)
                if (tolower(substr(rest, 1, at - 1)) ~ /^[ \t]*presharedkey[ \t]*=[ \t]*$/) print n "\t" value
                rest = substr(rest, at + len)
            }
        }' | fingerprints
}

# "wg pubkey" of the PrivateKey in a wg-quick file on stdin, of several the last, as
# wg takes it; nothing without one.
file_public_key() {
    private=$(awk -F= 'tolower($1) ~ /^[ \t]*privatekey[ \t]*$/ { sub(/^[^=]*=[ \t]*/, ""); sub(/[ \t\r]*(#.*)?$/, ""); last = $0 } END { print last }')
    [ -z "$private" ] || printf '%s\n' "$private" | wg pubkey 2>/dev/null
}

# Whether the kernel, or a program, can make a WireGuard interface here.
backend() {
    if [ -e /sys/module/wireguard ] || modprobe -n -q wireguard 2>/dev/null; then
        echo kernel
    elif [ -n "${WG_QUICK_USERSPACE_IMPLEMENTATION:-}" ]; then
        echo "$WG_QUICK_USERSPACE_IMPLEMENTATION"
    else
        for program in wireguard-go boringtun-cli boringtun; do
            if command -v "$program" >/dev/null; then
                echo "$program"
                return
            fi
        done
    fi
}

# What a preshared key's two ends can be compared by without showing it.
fingerprints() {
    while IFS='	' read -r peer psk; do
        [ "$psk" = '(none)' ] || printf '%s %s\n' "$peer" "$(printf %s "$psk" | sha256sum | cut -c 1-16)"
    done
}

has_systemd() {
    [ -d /run/systemd/system ]
}

# Whether SSH to this host comes in by IF: the way back to its client leads into it, or
# the address that it was made to is one of IF's. CONNECTION (see start.sh) is sshd's
# "CLIENT PORT SERVER PORT".
ssh_inside() { # IF
    client=${CONNECTION%% *} server=${CONNECTION#* * }
    server=${server%% *}
    for address in "$client" "$server"; do
        case $address in '' | *[!0-9a-fA-F:.]*) return 1 ;; esac
    done
    case $(ip -o route get "$client" 2>/dev/null) in *" dev $1 "*) return 0 ;; esac
    case $(ip -o address show dev "$1") in *" $server/"*) return 0 ;; esac
    return 1
}

# What else this interface has to get along with: "port IF PORT" of the other WireGuard
# interfaces, "route DEVICE PREFIX" of what leads elsewhere; of a router with very many
# routes not all.
others() { # IF
    wg show all listen-port | awk -v own="$1" '$1 != own { print "port", $1, $2 }'
    { ip -4 route show; ip -6 route show 2>/dev/null; } | awk -v own="$1" '
        NR > 2000 { exit }
        {
            device = ""
            for (i = 2; i < NF; i++) if ($i == "dev") device = $(i + 1)
            if (device != "" && device != own && $1 ~ /^[0-9a-f]+[.:]/ && $1 !~ /^fe80:/) print "route", device, $1
        }'
}

# observe IF
observe() {
    file=/etc/wireguard/$1.conf
    {
        for tool in wg wg-quick ip awk ping sha256sum; do
            if command -v "$tool" >/dev/null; then echo "$tool"; fi
        done
    } | part tools
    command -v wg >/dev/null || return 0
    date +%s | part clock
    backend | part backend
    if has_systemd; then
        systemctl is-enabled "wg-quick@$1" 2>/dev/null | part systemd
    fi
    if wg show "$1" dump >/dev/null 2>&1; then
        wg show "$1" dump | mask_dump | part dump
        wg show "$1" preshared-keys | fingerprints | part preshared
    fi
    if ip link show dev "$1" >/dev/null 2>&1; then
        ip -o link show dev "$1" | part link
        ip -o address show dev "$1" | part addresses
        { ip -4 route show dev "$1"; ip -6 route show dev "$1" 2>/dev/null; } | part routes
        if ssh_inside "$1"; then echo inside; fi | part ssh
    fi
    if [ -e "$file" ]; then
        [ -r "$file" ] || fail "$file cannot be read"
        sha256sum <"$file" | cut -d ' ' -f 1 | part sha256
        stat -c %a "$file" | part mode
        mask_file <"$file" | part file
        file_fingerprints <"$file" | part file-preshared
        file_public_key <"$file" | part file-key
    fi
    if [ -s "$STATE/$1/private.key" ]; then
        wg pubkey <"$STATE/$1/private.key" | part made-key
    fi
    names "$1" | part names
    others "$1" | part others
    if [ -d "$STATE/$1" ]; then standing "$1" | part standing; fi
}
