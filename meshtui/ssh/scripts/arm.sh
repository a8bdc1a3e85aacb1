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
    sum_of "$file"
    # shellcheck disable=SC2154 # sum: see sum_of in stage.sh
    [ "$sum" = "$4" ] || fail "$file changed since the plan was made; plan again" 9
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
        names "$1" >"$dir/names" &&
        { [ "$5" != enable ] || : >"$dir/enable"; } || return 1
    if has_systemd; then systemctl is-enabled "wg-quick@$1" >"$dir/enabled" 2>/dev/null || :; fi
    if live=$(wg showconf "$1" 2>/dev/null && printf x); then
        # Without it, going back would take the interface's key away.
        case $live in *"${NEWLINE}PrivateKey = "*) ;; *) return 1 ;; esac
        # As they are told: what counts of it is found out where it is compared.
        printf %s "${live%x}" >"$dir/live.conf" &&
            ip -o address show dev "$1" >"$dir/addresses" &&
            ip -4 route show dev "$1" >"$dir/routes4" &&
            { ip -6 route show dev "$1" 2>/dev/null || :; } >"$dir/routes6" &&
            IFS= read -r mtu <"/sys/class/net/$1/mtu" &&
            echo "$mtu" >"$dir/mtu" &&
            echo running >"$dir/was" || return 1
    else
        { [ ! -e "$file" ] || cp -p "$file" "$dir/file"; } && echo none >"$dir/was" || return 1
    fi
    if [ "$3" -gt 0 ]; then at=$((up + $3)); else at=0; fi
    # The program that meshtui sent is what goes back, too: in a file, so that it outlives us.
    # shellcheck disable=SC2154 # s: see _LOAD in shell.py; taught: see serve.sh
    printf '%s\n%s\n' "$taught" "$s" >"$dir/program" && : >"$dir/pending.$at" || return 1
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

# What counts of the addresses that `ip -o address show` tells.
addresses() {
    awk '$4 !~ /^fe80:/ { print $4 }'
}

# What counts of the routes that `ip route show` tells: not those of routing daemons, and not
# the words that only say how things are now.
routes() {
    awk '
        { proto = ""; for (i = 1; i < NF; i++) if ($i == "proto") proto = $(i + 1) }
        proto == "" || proto ~ /^(kernel|boot|static)$/ {
            gsub(/ (linkdown|dead)/, "")
            sub(/ expires [0-9]*sec/, "")
            sub(/ nhid [0-9]*/, "")
            sub(/ *$/, "")
            print
        }'
}

# A process of its own, which neither the end of this login nor a full disk ends.
start_watch() { # IF ID SECONDS
    if has_systemd && systemd-run --quiet --collect --unit="meshtui-revert-$2" --on-active="$3" \
        --timer-property=AccuracySec=100ms /bin/sh "$dir/program" watch "$1" "$2" 2>/dev/null; then
        return 0
    fi
    own=
    ! command -v setsid >/dev/null || own=setsid
    # Its word that it runs is the proof; then it closes the pipe.
    [ "$($own sh "$dir/program" watch "$1" "$2" </dev/null 2>/dev/null &)" = watching ]
}

# watch IF ID: goes back when the time has come; ends when the change has.
watch() {
    trap '' HUP INT
    dir=$STATE/$1/change.$2
    echo watching
    exec >/dev/null
    # shellcheck disable=SC3013 # -ef: in dash, bash and busybox
    while [ "$STATE/$1/change" -ef "$dir" ] && read_state "$dir" && [ -n "$state" ]; do
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
    # Without /proc, as on macOS, by a child's word.
    if read -r pid _ 2>/dev/null </proc/self/stat; then echo "$pid"; else sh -c 'echo "$PPID"'; fi
}

# Whether the process that a file names is there still.
lives() { # FILE
    read -r pid 2>/dev/null <"$1" && [ "${pid:-0}" -gt 0 ] && kill -0 "$pid" 2>/dev/null
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
