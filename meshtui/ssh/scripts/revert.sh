# shellcheck shell=sh
# The way back: what a host was before a change, and how it becomes that again by itself.
#
# A change is a directory, $STATE/IF/change.ID. The symbolic link `change` beside it is
# the host's lock: who makes that link may change the host. How the change stands is the
# name of one file in the directory, and only a rename decides between two of them, so
# that nothing is both confirmed and taken back:
#   pending.N    it goes back once the host has been up for N seconds; N = 0: never by itself
#   committing   confirmed, but the file on disk may still be the old one
#   rolling      on its way back
# `last` beside it says how the latest change ended. Time is the host's uptime: no clock
# that somebody sets counts.

# arm IF ID SECONDS SHA256|none enable|- OWNER: saves what is, locks the host, and sees to
# it that it goes back in SECONDS (0: only when asked). SHA256 is the wg-quick file's.
arm() {
    umask 077
    make_state "$1"
    settle "$1"
    # shellcheck disable=SC2153 # STATE: see observe.sh
    if [ -L "$STATE/$1/change" ]; then held "$1"; fi
    file=/etc/wireguard/$1.conf
    [ "$(sum_of "$file")" = "$4" ] || fail "$file changed since the plan was made; plan again" 9
    dir=$STATE/$1/change.$2
    mkdir "$dir" || fail "cannot make $dir"
    if ! save "$@"; then
        rm -rf "$dir"
        fail "cannot save in $dir what is to come back: is the disk full?"
    fi
    if ! ln -sn "change.$2" "$STATE/$1/change" 2>/dev/null; then
        rm -rf "$dir"
        held "$1"
    fi
    if [ "$3" -gt 0 ] && ! start_watch "$1" "$2" "$3"; then
        rm -rf "$dir"
        rm -f "$STATE/$1/change"
        fail 'cannot start what would take the change back'
    fi
}

# All that going back needs, so that nothing has to be written then: a disk may be full.
save() { # as arm
    read_boot
    printf '%s %s %s\n' "$boot" "$up" "$6" >"$dir/about" &&
        echo "$2 confirmed" >"$dir/confirmed" &&
        echo "$2 reverted" >"$dir/reverted" &&
        echo "$4" >"$dir/base" &&
        echo 00000000 >"$dir/busy" &&
        echo 00000000 >"$dir/working" &&
        { [ "$5" != enable ] || : >"$dir/enable"; } || return 1
    if has_systemd; then systemctl is-enabled "wg-quick@$1" >"$dir/enabled" 2>/dev/null || :; fi
    if wg show "$1" >/dev/null 2>&1; then
        wg showconf "$1" >"$dir/live.conf" &&
            # Without it, going back would take the interface's key away.
            grep -q '^PrivateKey = ' "$dir/live.conf" &&
            addresses "$1" >"$dir/addresses" &&
            routes 4 "$1" >"$dir/routes4" &&
            routes 6 "$1" >"$dir/routes6" &&
            cat "/sys/class/net/$1/mtu" >"$dir/mtu" &&
            echo running >"$dir/was" || return 1
    else
        { [ ! -e "$file" ] || cp -p "$file" "$dir/file"; } && echo none >"$dir/was" || return 1
    fi
    if [ "$3" -gt 0 ]; then at=$((up + $3)); else at=0; fi
    # The program that meshtui sent is what goes back, too: in a file, so that it outlives us.
    # shellcheck disable=SC2154 # s: see _LOAD in shell.py
    printf '%s\n' "$s" >"$dir/program" && : >"$dir/pending.$at" || return 1
    # What a boot would have to find; the rest is of no use after one.
    sync "$dir/about" "$dir/was" "$dir" 2>/dev/null || :
}

# Sets up and boot: seconds since the host booted, and which boot that was. In a container
# the first is its own, and the kernel's name of the boot is not.
read_boot() {
    IFS=. read -r up _ </proc/uptime
    IFS= read -r boot </proc/sys/kernel/random/boot_id
    IFS= read -r stat </proc/1/stat
    # shellcheck disable=SC2086 # words
    set -- ${stat##*) }
    boot=$boot.${20}
}

# Sets state to how the change in directory $1 stands; empty: there is none any more.
read_state() {
    set +f
    # Between the look for a file and its name it may have been renamed.
    for _ in 1 2 3; do
        state=
        for one in "$1"/pending.* "$1/committing" "$1/rolling"; do
            [ ! -e "$one" ] || state=${one##*/}
        done
        [ -z "$state" ] || break
    done
    set -f
}

addresses() { # IF
    ip -o address show dev "$1" | awk '$4 !~ /^fe80:/ { print $4 }'
}

# What routes lead there, but for those of routing daemons; the words that only say how
# things are now are no part of it.
routes() { # 4|6 IF
    ip "-$1" route show dev "$2" 2>/dev/null | awk '
        { proto = ""; for (i = 1; i < NF; i++) if ($i == "proto") proto = $(i + 1) }
        proto == "" || proto ~ /^(kernel|boot|static)$/' |
        sed 's/ \(linkdown\|dead\)//g; s/ expires [0-9]*sec//; s/ nhid [0-9]*//; s/ *$//'
}

# A process of its own, which neither the end of this login nor a full disk ends.
start_watch() { # IF ID SECONDS
    if has_systemd && systemd-run --quiet --collect --unit="meshtui-revert-$2" --on-active="$3" \
        --timer-property=AccuracySec=100ms /bin/sh "$dir/program" watch "$1" "$2" 2>/dev/null; then
        return 0
    fi
    if command -v setsid >/dev/null; then
        setsid sh "$dir/program" watch "$1" "$2" </dev/null >/dev/null 2>&1 &
    else
        sh "$dir/program" watch "$1" "$2" </dev/null >/dev/null 2>&1 &
    fi
    # Its word that it runs is the proof.
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ ! -e "$dir/watching" ] || return 0
        sleep 0.05 2>/dev/null || sleep 1
    done
    return 1
}

# watch IF ID: goes back when the time has come; ends when the change has.
watch() {
    trap '' HUP INT
    dir=$STATE/$1/change.$2
    : >"$dir/watching" || exit 1
    while [ "$(readlink "$STATE/$1/change")" = "change.$2" ] && read_state "$dir" && [ -n "$state" ]; do
        read_boot
        case $state in
            committing) exit 0 ;;
            rolling) (revert "$1" "$2") ;;
            *)
                # This very one: it may be put off in this moment.
                if [ "$up" -ge "${state#pending.}" ] && mv "$dir/$state" "$dir/rolling" 2>/dev/null; then
                    (revert "$1" "$2")
                fi
                ;;
        esac
        sleep 1
    done
}

# Whatever is done to the host begins so: by then it may have gone back, and be another's.
# Going back waits for the end of it, and it ends soon: see the loop in change.
at_work() { # IF ID SECONDS
    extend "$@"
    own_pid 1<>"$dir/busy" || fail "cannot write to $dir"
    [ ! -e "$dir/rolling" ] || fail "$(how_it_ended "$1" "$2")" 8
}

# The same, where what runs is changed: only then there is something to restore.
at_the_live() { # IF ID SECONDS
    at_work "$@"
    : >"$dir/touched" || fail "cannot write to $dir"
}

# Of this very process, which need not be the shell that was started first. Written over
# what save put there, so that it takes no room.
own_pid() {
    read -r pid _ </proc/self/stat && echo "$pid"
}

# Whether the process that a file names is there still.
lives() { # FILE
    read -r pid 2>/dev/null <"$1" && [ -n "$pid" ] && [ -e "/proc/$pid" ]
}

# extend IF ID SECONDS: it goes back in SECONDS from now instead.
extend() {
    dir=$STATE/$1/change.$2
    read_state "$dir"
    case $state in
        pending.0) return 0 ;;
        pending.*) ;;
        *) fail "$(how_it_ended "$1" "$2")" 8 ;;
    esac
    read_boot
    at=$((up + $3))
    [ "$state" = "pending.$at" ] || mv "$dir/$state" "$dir/pending.$at" 2>/dev/null ||
        fail "$(how_it_ended "$1" "$2")" 8
}

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
    new=/etc/wireguard/.$1.meshtui
    sum=
    [ ! -s "$dir/staged" ] || IFS= read -r sum <"$dir/staged"
    case $sum:$(sum_of "$file"):$(sum_of "$new") in
        :* | "$sum:$sum:none" | "$sum:$(cat "$dir/base"):$sum") ;;
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
            (files_stand "$1") || exit 9
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
        case $(cat "$dir/was") in
            running) restore "$1" || fail "$1 is not wholly as it was" ;;
            none) take_back "$1" || fail "cannot take $1 down again" ;;
            *) fail "$dir says nothing of what was" ;;
        esac
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
    addresses "$1" | without "$dir/addresses" | while IFS= read -r address; do
        ip address del "$address" dev "$1"
    done
    # Added after: with the first of a subnet Linux takes the others away.
    while IFS= read -r address; do
        addresses "$1" | grep -qxF "$address" || ip address add "$address" dev "$1" || return 1
    done <"$dir/addresses"
    for family in 4 6; do
        # shellcheck disable=SC2086 # a route is words
        routes "$family" "$1" | without "$dir/routes$family" | while IFS= read -r route; do
            ip "-$family" route del $route dev "$1"
        done
        # shellcheck disable=SC2086
        while IFS= read -r route; do
            # One that somebody else has taken by now is theirs.
            routes "$family" "$1" | grep -qxF "$route" || ip "-$family" route add $route dev "$1" || :
        done <"$dir/routes$family"
    done
}

# The lines that are not in FILE; busybox finds none if that is empty.
without() { # FILE
    grep -vxF -e - -f "$1"
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
    rm -rf "$dir"
    [ "$(readlink "$STATE/$1/change")" != "change.$2" ] || rm -f "$STATE/$1/change"
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
        # What ran is gone; the file of an interface that did not run before is still there.
        [ "$(cat "$dir/was")" != none ] || (revert "$1" "$id")
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
    if id=$(readlink "$STATE/$1/change"); then
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
    [ ! -s "$STATE/$1/last" ] || sed 's/^/last /' "$STATE/$1/last"
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
