# shellcheck shell=sh
# How a change ends on a host (see arm.sh): confirmed, taken back, or swept up after a boot.
# shellcheck disable=SC2153,SC2154 # STATE, state, up, boot: see observe.sh and arm.sh

# ready IF ID SECONDS: as extend, and whether it can be confirmed: what cannot be had here
# is better not begun elsewhere.
ready() {
    extend "$@"
    # By doing it: to root some `test -w` grants everything.
    if [ -s "$dir/staged" ] || [ -e "$dir/enable" ]; then
        said=$(chmod 700 /etc/wireguard 2>&1) || fail "cannot write to /etc/wireguard: ${said##*: }"
    fi
    files_stand "$1"
}

# The staged file and the one in place are what they were: somebody may apply from elsewhere.
files_stand() { # IF
    file=/etc/wireguard/$1.conf
    [ -s "$dir/staged" ] || return 0
    IFS= read -r staged <"$dir/staged"
    IFS= read -r base <"$dir/base"
    sums_of "/etc/wireguard/.$1.meshtui" "$file"
    # shellcheck disable=SC2154 # see stage.sh
    waits=$first
    case $sum:$waits in
        "$staged:none" | "$base:$staged") ;;
        *) fail "$file changed since the plan was made; plan again" 9 ;;
    esac
}

# confirm IF ID: the change stays, on disk as well. Asked again, it goes on where it was.
# Prints what could not be done, and is none of the change itself.
confirm() {
    dir=$STATE/$1/change.$2
    read_state "$dir"
    case $state in
        committing) ;;
        pending.*)
            files_stand "$1"
            mv "$dir/$state" "$dir/committing" 2>/dev/null || fail "$(how_it_ended "$1" "$2")" 8
            ;;
        *)
            [ "$(cat "$STATE/$1/last" 2>/dev/null)" != "$2 confirmed" ] || return 0
            fail "$(how_it_ended "$1" "$2")" 8
            ;;
    esac
    file=/etc/wireguard/$1.conf
    new=/etc/wireguard/.$1.meshtui
    if [ -s "$dir/staged" ] && [ -e "$new" ]; then
        mv "$new" "$file" || fail "cannot write $file: it runs as changed, and the file is the old one"
        sync "$file" /etc/wireguard 2>/dev/null || sync
    fi
    # That alone is no reason to keep the host locked: it is told.
    if [ -e "$dir/enable" ] && has_systemd; then
        enable_it "$1" >/dev/null || echo "cannot enable wg-quick@$1: it will not come back at boot"
    fi
    if [ -s "$STATE/$1/private.key" ] &&
        [ "$(wg pubkey <"$STATE/$1/private.key")" = "$(wg show "$1" public-key)" ]; then
        drop_key "$1"
    fi
    finish "$1" "$2" confirmed
}

# revert IF ID: back to what was saved, now.
revert() {
    dir=$STATE/$1/change.$2
    read_state "$dir"
    case $state in
        rolling) ;;
        pending.*)
            mv "$dir/$state" "$dir/rolling" 2>/dev/null || read_state "$dir"
            [ "$state" != committing ] || fail "$(how_it_ended "$1" "$2")" 8
            ;;
        *)
            [ "$(cat "$STATE/$1/last" 2>/dev/null)" != "$2 reverted" ] || return 0
            fail "$(how_it_ended "$1" "$2")" 8
            ;;
    esac
    # Its own timer and meshtui may both be at it.
    if lives "$dir/working"; then
        for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
            [ -d "$dir" ] || return 0
            sleep 1
        done
    fi
    own_pid 1<>"$dir/working" || :
    for _ in 1 2 3 4 5; do
        lives "$dir/busy" || break
        sleep 1
    done
    if [ -e "$dir/touched" ]; then
        [ ! -e "$dir/passing" ] || stop_what_came "$1"
        case $(cat "$dir/was") in
            running) restore "$1" || fail "$1 is not wholly as it was" ;;
            none) take_back "$1" || fail "cannot take $1 down again" ;;
            *) fail "$dir says nothing of what was" ;;
        esac
        [ ! -e "$dir/passing" ] || restore_passing "$1" || fail "$1 does not pass packets on as it did"
        restore_names "$1" || fail "the names in /etc/hosts are not as they were"
    fi
    # A key may stand in it: the change is not over before that is gone.
    rm -f "/etc/wireguard/.$1.meshtui" ||
        fail "cannot remove /etc/wireguard/.$1.meshtui: $1 runs as it did before"
    finish "$1" "$2" reverted
}

# abandon IF ID: the host is free again, however it is: it cannot go back.
abandon() {
    dir=$STATE/$1/change.$2
    read_state "$dir"
    [ "$state" = rolling ] || fail "change $2 is not one that cannot go back here" 8
    rm -f "/etc/wireguard/.$1.meshtui"
    finish "$1" "$2" reverted
}

# The running interface, as it was saved in $dir.
restore() { # IF
    [ -e "/sys/class/net/$1" ] || start_it "$1" || return 1
    if ! wg showconf "$1" | cmp -s - "$dir/live.conf"; then
        # `wg syncconf` leaves a preshared key or a keepalive that the file does not name
        # (tools before 1.0.20260223).
        wg showconf "$1" | awk '
            /^\[/ { key = "" }
            /^PublicKey = / { key = $3; seen[key]++ }
            /^(PresharedKey|PersistentKeepalive) = / { has[key, seen[key], $1] = 1 }
            END {
                for (key in seen) {
                    if (seen[key] < 2) continue
                    if (has[key, 2, "PresharedKey"] && !has[key, 1, "PresharedKey"]) print key, "preshared-key", "/dev/null"
                    if (has[key, 2, "PersistentKeepalive"] && !has[key, 1, "PersistentKeepalive"]) print key, "persistent-keepalive", 0
                }
            }' "$dir/live.conf" - |
            while IFS=' ' read -r peer what value; do wg set "$1" peer "$peer" "$what" "$value"; done
        wg syncconf "$1" "$dir/live.conf" || return 1
    fi
    IFS= read -r mtu <"$dir/mtu"
    [ "$(cat "/sys/class/net/$1/mtu")" = "$mtu" ] || ip link set dev "$1" mtu "$mtu" || return 1
    was=$(addresses <"$dir/addresses")
    addresses_now "$1" | without "$was" | while IFS= read -r address; do
        ip address del "$address" dev "$1"
    done
    # Added after: with the first of a subnet Linux takes the others away.
    for address in $was; do
        addresses_now "$1" | grep -qxF "$address" || ip address add "$address" dev "$1" || return 1
    done
    if addresses_now "$1" | without "$was" | grep -q .; then return 1; fi
    for family in 4 6; do
        was=$(routes <"$dir/routes$family")
        # shellcheck disable=SC2086 # a route is words
        routes_now "$family" "$1" | without "$was" | while IFS= read -r route; do
            ip "-$family" route del $route dev "$1"
        done
        # shellcheck disable=SC2086
        printf '%s\n' "$was" | while IFS= read -r route; do
            # One that somebody else has taken by now is theirs.
            [ -z "$route" ] || routes_now "$family" "$1" | grep -qxF "$route" ||
                ip "-$family" route add $route dev "$1" || :
        done
    done
}

addresses_now() { # IF
    ip -o address show dev "$1" | addresses
}

routes_now() { # 4|6 IF
    ip "-$1" route show dev "$2" 2>/dev/null | routes
}

# The lines of stdin that are not among these; a pattern that nothing matches, for there may
# be none.
without() { # LINES
    grep -vxF -e - -e "$1"
}

# The interface did not run before: neither does it now, and the file is what it was.
take_back() { # IF
    stop_it "$1" || return 1
    if [ -e "$dir/file" ]; then
        cp -p "$dir/file" "/etc/wireguard/.$1.meshtui" &&
            mv "/etc/wireguard/.$1.meshtui" "/etc/wireguard/$1.conf" || return 1
    else
        rm -f "/etc/wireguard/$1.conf" || return 1
    fi
    if [ "$(cat "$dir/enabled" 2>/dev/null)" = enabled ]; then
        enable_it "$1" || return 1
    elif has_systemd; then
        systemctl disable "wg-quick@$1" 2>/dev/null || :
    fi
}

# The change is over: its history is written, and the host is free.
finish() { # IF ID confirmed|reverted
    dir=$STATE/$1/change.$2
    [ ! -e "$dir/$3" ] || mv "$dir/$3" "$STATE/$1/last" || fail "cannot write $STATE/$1/last"
    if has_systemd; then systemctl stop "meshtui-revert-$2.timer" 2>/dev/null || :; fi
    # shellcheck disable=SC3013 # -ef: in dash, bash and busybox
    if [ "$STATE/$1/change" -ef "$dir" ]; then
        rm -rf "$dir" "$STATE/$1/change"
    else
        rm -rf "$dir"
    fi
}

# A change that nobody can end any more is ended here: the host booted since, or what
# was to take it back is dead.
settle() { # IF
    sweep "$1"
    [ -L "$STATE/$1/change" ] || return 0
    id=$(readlink "$STATE/$1/change")
    id=${id#change.}
    dir=$STATE/$1/change.$id
    if ! IFS=' ' read -r its_boot _ 2>/dev/null <"$dir/about" || [ -z "$its_boot" ]; then
        rm -rf "$dir"
        rm -f "$STATE/$1/change" "/etc/wireguard/.$1.meshtui"
        return 0
    fi
    read_state "$dir"
    if [ "$state" = committing ]; then
        # Its file may not be the one that runs after a boot: a plan tells.
        (confirm "$1" "$id")
    elif [ "$its_boot" != "$boot" ]; then
        rm -f "$dir/passing"
        # What ran is gone; the file of an interface that did not run before is still there.
        [ "$(cat "$dir/was")" != none ] || (revert "$1" "$id")
        if [ -e "$dir/touched" ]; then restore_names "$1" || :; fi
        [ ! -d "$dir" ] || rm -f "/etc/wireguard/.$1.meshtui"
        [ ! -d "$dir" ] || (finish "$1" "$id" reverted)
    elif [ "$state" = rolling ] ||
        { [ "$state" != pending.0 ] && [ "$up" -gt "$((${state#pending.} + 10))" ]; }; then
        (revert "$1" "$id")
    fi
}

# What a power cut left of a change that does not hold the host: keys stand in it.
sweep() { # IF
    read_boot
    set +f
    for dir in "$STATE/$1"/change.*; do
        [ -d "$dir" ] || continue
        [ "${dir##*/}" != "$(readlink "$STATE/$1/change")" ] || continue
        IFS=' ' read -r its_boot _ 2>/dev/null <"$dir/about" || continue
        read_state "$dir"
        if [ "$its_boot" = "$boot" ]; then
            # Somebody may be arming it right now.
            case $state in
                pending.0) continue ;;
                pending.*) [ "$up" -gt "$((${state#pending.} + 10))" ] || continue ;;
            esac
        fi
        rm -rf "$dir"
    done
    set -f
}

# settled IF: what ended by the host's boot, or would never end, is tidied up; then as standing.
settled() {
    settle "$1"
    standing "$1"
}

# standing IF: "change ID STATE LEFT AGE OWNER" of a change under way, LEFT and AGE in
# seconds, STATE also "void" after a boot; "last ID HOW" of the latest that ended.
standing() {
    if [ -L "$STATE/$1/change" ] && id=$(readlink "$STATE/$1/change"); then
        id=${id#change.}
        dir=$STATE/$1/change.$id
        if IFS=' ' read -r its_boot began owner 2>/dev/null <"$dir/about"; then
            read_boot
            read_state "$dir"
            left=0
            case $state in pending.0) ;; pending.*) left=$((${state#pending.} - up)) ;; esac
            [ "$its_boot" = "$boot" ] || state=void
            printf 'change %s %s %s %s %s\n' "$id" "${state%.*}" "$left" "$((up - began))" "$owner"
        fi
    fi
    if [ -s "$STATE/$1/last" ]; then
        IFS= read -r last <"$STATE/$1/last"
        printf 'last %s\n' "$last"
    fi
}

# Somebody else's change is under way; or one that is stuck, which stops this host only.
held() { # IF
    status=7
    [ ! -e "$STATE/$1/change/rolling" ] || status=1
    fail "$(who_holds "$1")" "$status"
}

who_holds() { # IF
    standing "$1" | {
        IFS=' ' read -r _ id how left age owner
        printf '%s is changing this host (change %s, %s, begun %s s ago)' "$owner" "$id" "$how" "$age"
        if [ "$how" = pending ] && [ "$left" -gt 0 ]; then
            printf '; it ends in %s s at the latest' "$left"
        else
            printf '; meshtui recover --break %s ends it' "$id"
        fi
        # What is left unread would make its writer complain.
        cat >/dev/null
    }
}

how_it_ended() { # IF ID
    case $(cat "$STATE/$1/last" 2>/dev/null) in
        "$2 reverted") echo "change $2 was taken back here" ;;
        "$2 confirmed") echo "change $2 is confirmed here" ;;
        *) echo "change $2 is not under way here" ;;
    esac
}
