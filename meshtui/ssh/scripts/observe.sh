# shellcheck shell=sh
# Everything that a plan needs to know of a host. Each part is "@NAME", then its
# lines, each behind a "|", so that no content can pass for a heading.

STATE=/var/lib/meshtui
NEWLINE='
'

# part NAME LINES: of what is short, without its blank lines.
part() {
    printf '@%s\n' "$1"
    IFS=$NEWLINE
    # shellcheck disable=SC2086 # a line is a word
    [ -z "$2" ] || printf '|%s\n' $2
    unset IFS
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

# read_file: prints a wg-quick file that comes on stdin, "|" before each line, and its secrets
# as marks. Sets private to its PrivateKey, of several the last, as wg takes it; "-" without one.
# preshared to "N KEY" for each of the secrets that is a peer's preshared key. And forwards to
# "yes" where a hook of meshtui's has the host pass packets on, or a peer has a /0: an exit.
read_file() {
    {
        secrets=$(awk "$FIND_SECRETS"'
            BEGIN { private = forwards = "-" }
            /# meshtui: forward/ || tolower($0) ~ /^[ \t]*allowedips[ \t]*=.*\/0/ { forwards = "yes" }
            {
                rest = $0
                done = ""
                while (find_secret(rest)) {
                    before = substr(rest, 1, at - 1)
                    value = substr(rest, at, len)
                    rest = substr(rest, at + len)
                    done = done before "@secret:" (++n) "@"
                    sub(/[ \t\r]*(#.*)?$/, "", value)
                    if (value !~ /^[^ \t]+$/) continue
                    before = tolower(before)
                    if (before ~ /^[ \t]*presharedkey[ \t]*=[ \t]*$/) preshared = preshared " " n " " value
                    if (before ~ /^[ \t]*privatekey[ \t]*=[ \t]*$/) private = value
                }
                print "|" done rest >"/dev/stderr"
            }
            END { print private, forwards preshared }')
    } 2>&1
    # shellcheck disable=SC2086 # words
    set -- $secrets
    private=$1 forwards=$2
    shift 2
    preshared=$*
}

# Sets backend to what can make a WireGuard interface here: the kernel, or a program, if any.
find_backend() {
    backend=
    if [ -e /sys/module/wireguard ] || modprobe -n -q wireguard 2>/dev/null; then
        backend=kernel
    elif [ -n "${WG_QUICK_USERSPACE_IMPLEMENTATION:-}" ]; then
        backend=$WG_QUICK_USERSPACE_IMPLEMENTATION
    else
        for program in wireguard-go boringtun-cli boringtun; do
            if command -v "$program" >/dev/null; then
                backend=$program
                return
            fi
        done
    fi
}

# fingerprints NAME KEY...: what a preshared key's two ends can be compared by without
# showing it. A function's arguments are nobody else's to see.
fingerprints() {
    while [ "$#" -gt 1 ]; do
        [ "$2" = '(none)' ] || printf '|%s %.16s\n' "$1" "$(printf %s "$2" | sha256sum)"
        shift 2
    done
}

# Of what runs, by what `wg show all dump` prints: each line begins with its interface, whose
# own is one of five fields, and a peer's one of nine. Sets live_private and live_public, too.
live_fingerprints() { # IF DUMP
    live_private='' live_public=''
    interface=$1
    IFS=$NEWLINE
    # shellcheck disable=SC2086 # a line is a word
    set -- $2
    unset IFS
    for line; do
        # shellcheck disable=SC2086
        set -- $line
        case $#$1 in
            "5$interface") live_private=$2 live_public=$3 ;;
            "9$interface") fingerprints "$2" "$3" ;;
        esac
    done
}

has_systemd() {
    [ -d /run/systemd/system ]
}

# Whether SSH to this host comes in by IF: the way back to its client leads into it, or
# the address that it was made to is one of IF's. CONNECTION (see start.sh) is sshd's
# "CLIENT PORT SERVER PORT".
ssh_inside() { # IF ADDRESSES: as `ip -o address show` has them
    client=${CONNECTION%% *} server=${CONNECTION#* * }
    server=${server%% *}
    for address in "$client" "$server"; do
        case $address in '' | *[!0-9a-fA-F:.]*) return 1 ;; esac
    done
    case $(ip -o route get "$client" 2>/dev/null) in *" dev $1 "*) return 0 ;; esac
    IFS=$NEWLINE
    # shellcheck disable=SC2086 # a line is a word
    for address in $2; do
        case $address in *": $1 "*" $server/"*) unset IFS; return 0 ;; esac
    done
    unset IFS
    return 1
}

# What is many lines, in one go: the clock; of `wg show all dump` IF's part, masked, and the
# ports of all; the routes of IF as `ip` tells them, and "DEVICE PREFIX" of those that lead
# elsewhere, of a router with very many not all; and the mesh's names (see names.sh).
tables() { # IF DUMP
    hosts=/etc/hosts
    [ -e "$hosts" ] || hosts=/dev/null
    {
        printf '%s\nroutes\n' "$2"
        ip -4 route show
        ip -6 route show 2>/dev/null
    } | awk -F '\t' -v OFS='\t' -v own="$1" -v first="# meshtui $1 begin" -v last="# meshtui $1 end" '
        BEGIN { srand(); print "@clock\n|" srand() }
        names { '"$FIND_NAMES"'; next }
        routes {
            device = ""
            count = split($0, word, " ")
            for (i = 2; i < count; i++) if (word[i] == "dev") device = word[i + 1]
            if (device == own) print "@routes\n|" $0
            else if (device != "" && word[1] ~ /^[0-9a-f]+[.:]/ && word[1] !~ /^fe80:/ && ++others <= 2000)
                print "@other-routes\n|" device " " word[1]
            next
        }
        $0 == "routes" { routes = 1; next }
        NF == 5 { print "@ports\n|" $1, $4 }
        { interface = $1; sub(/^[^\t]*\t/, "") }
        '"$MASK_DUMP"'
        interface == own { print "@dump\n|" $0 }
        END {
            print "@names"
            if (on || broken) block = first
            count = split(block, line, "\n")
            for (i = 1; i <= count; i++) if (line[i] != "") print "|" line[i]
        }' - names=1 "$hosts"
}

# observe IF [forward]: also whether packets are passed on, if they are to be or it says so.
observe() {
    file=/etc/wireguard/$1.conf
    echo @tools
    for tool in wg wg-quick ip awk ping sha256sum; do
        if command -v "$tool" >/dev/null; then echo "|$tool"; fi
    done
    command -v wg >/dev/null || return 0
    find_backend
    part backend "$backend"
    if has_systemd; then part systemd "$(systemctl is-enabled "wg-quick@$1" 2>/dev/null)"; fi
    dump=$(wg show all dump 2>/dev/null)
    tables "$1" "$dump"
    echo @preshared
    live_fingerprints "$1" "$dump"
    addresses=$(ip -o address show)
    part addresses "$addresses"
    if link=$(ip -o link show dev "$1" 2>/dev/null); then
        part link "$link"
        if ssh_inside "$1" "$addresses"; then part ssh inside; fi
    fi
    if [ -e "$file" ]; then
        [ -r "$file" ] || fail "$file cannot be read"
        sum_of "$file"
        # shellcheck disable=SC2154 # sum: see sum_of in stage.sh
        part sha256 "$sum"
        part mode "$(stat -c %a "$file")"
        echo @file
        read_file <"$file"
        echo @file-preshared
        # shellcheck disable=SC2086 # words
        fingerprints $preshared
        case $private in
            -) ;;
            "$live_private") part file-key "$live_public" ;;
            *) part file-key "$(printf '%s\n' "$private" | wg pubkey 2>/dev/null)" ;;
        esac
    fi
    if [ "${2:-}" ] || [ "${forwards:-}" = yes ]; then part forward "$(passing "$1")"; fi
    if [ -s "$STATE/$1/private.key" ]; then
        part made-key "$(wg pubkey <"$STATE/$1/private.key")"
    fi
    if [ -d "$STATE/$1" ]; then part standing "$(standing "$1")"; fi
}
