# shellcheck shell=sh
# A command that a person typed, with a limit to its time and to what is kept of its output.

# run_command SECONDS BYTES: the shell command on stdin, which gets no stdin itself.
# Prints the first BYTES of its output, stdout and stderr together; then, on a line of
# its own, its exit status, with "late" behind it where it took too long and was killed.
run_command() {
    # meshtui's own shell minds no closed pipe; the command is to end by one.
    trap - PIPE
    way=$(umask 077 && { mktemp -d /run/meshtui.XXXXXX 2>/dev/null || mktemp -d; }) || exit 1
    mkfifo "$way/said" || exit 1
    exec 5<&0 </dev/null
    listen "$2" <"$way/said" >"$way/kept" 5<&- 2>/dev/null &
    listener=$!
    # A session of its own, so that all that it starts can be ended. The text is no
    # argument: those are for everybody on the host to see.
    if command -v setsid >/dev/null; then own=setsid whom=-; else own='' whom=; fi
    # shellcheck disable=SC2016
    $own sh -c 'eval "exec </dev/null
$(cat)"' <&5 5<&- >"$way/said" 2>&1 &
    command=$!
    end_after "$1" KILL "$whom$command" "$way/late" 5<&- >/dev/null 2>&1 &
    guard=$!
    wait "$command"
    status=$?
    # What it left in the background may hold the line open: nobody waits for that.
    end_after 1 TERM "$listener" "$way/left" 5<&- >/dev/null 2>&1 &
    patience=$!
    wait "$listener"
    kill "$guard" "$patience" 2>/dev/null
    wait "$guard" "$patience"
    cat "$way/kept"
    [ ! -e "$way/late" ] || status="$status late"
    printf '\n%s\n' "$status"
    rm -r "$way"
}

# Passes on the first BYTES of stdin, each at once; the rest must go somewhere, or a
# command that says more would never end.
listen() { # BYTES
    exec 6<&0
    trap 'kill "$!" 2>/dev/null; exit' TERM
    dd bs=1 count="$1" <&6 &
    wait "$!"
    cat <&6 >/dev/null &
    wait "$!"
}

# Signal WHOM after some seconds, and leave a MARK; unless told to stop before.
end_after() { # SECONDS SIGNAL WHOM MARK
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    sleep "$1" &
    nap=$!
    wait "$nap"
    : >"$4"
    kill -s "$2" -- "$3"
}
