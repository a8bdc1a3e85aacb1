# shellcheck shell=sh
# A command that a person typed, with a limit to its time and to what is kept of its output.

# run_command SECONDS BYTES: the shell command on stdin, which gets no stdin itself.
# Prints the first BYTES of its output, stdout and stderr together; then, on a line of
# its own, its exit status, with "late" behind it where it took too long and was killed.
run_command() {
    # meshtui's own shell minds no closed pipe; the command is to end by one.
    trap - PIPE
    way=$(umask 077 && { mktemp -d /run/meshtui.XXXXXX 2>/dev/null || mktemp -d; }) || exit 1
    # Both ends at once, since one waits for the other; then no names are needed any more,
    # and nothing is left behind however this ends.
    # shellcheck disable=SC2094 # written first, read afterwards
    mkfifo "$way/said" "$way/here" &&
        exec 9<>"$way/said" 3<"$way/said" 4>"$way/said" &&
        exec 9<>"$way/here" 7<"$way/here" 8>"$way/here" &&
        exec 9>&- 5>"$way/kept" 6<"$way/kept"
    status=$?
    rm -r "$way"
    [ "$status" -eq 0 ] || exit 1
    exec 9<&0 </dev/null
    # By exec: for a function's own redirections a shell keeps copies of what they close.
    {
        exec <&3 >&5 2>/dev/null 3<&- 4>&- 5>&- 6<&- 7<&- 8>&- 9<&-
        listen "$2"
    } &
    listener=$!
    exec 3<&- 5>&-
    # A session of its own, so that all that it starts can be ended. The text is no
    # argument: those are for everybody on the host to see.
    if command -v setsid >/dev/null; then own=setsid whom=-; else own='' whom=; fi
    # shellcheck disable=SC2016
    $own sh -c 'eval "exec </dev/null
$(cat)"' <&9 >&4 2>&1 4>&- 6<&- 7<&- 8>&- 9<&- &
    command=$!
    # One as well for who ends it: meshtui may kill this shell, with all of its group.
    $own sh -c "$GUARD" guard "$1" "$whom$command" <&7 >/dev/null 2>&1 4>&- 6<&- 7<&- 8>&- 9<&- &
    guard=$!
    exec 4>&- 7<&- 9<&-
    wait "$command"
    status=$?
    kill "$guard" 2>/dev/null
    wait "$guard"
    [ "$?" -ne 9 ] || status="$status late"
    # What it left in the background may hold the line open: nobody waits for that.
    end_after 1 TERM "$listener" >/dev/null 2>&1 &
    patience=$!
    wait "$listener"
    kill "$patience" 2>/dev/null
    wait "$patience"
    cat <&6
    printf '\n%s\n' "$status"
}

# GUARD SECONDS WHOM: kill WHOM after some seconds and say so by status 9; or as soon as
# nobody holds the other end of stdin any more. Unless told to stop before.
# shellcheck disable=SC2016
GUARD='
    trap "kill \$ear \$nap; exit 0" TERM
    exec 3<&0
    sleep "$1" 3<&- &
    nap=$!
    (trap - TERM; cat <&3 >/dev/null; kill "$nap") &
    ear=$!
    wait "$nap"
    trap "" TERM
    kill -s KILL -- "$2" && exit 9
'

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

# Signal WHOM after some seconds; unless told to stop before.
end_after() { # SECONDS SIGNAL WHOM
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    sleep "$1" &
    nap=$!
    wait "$nap"
    kill -s "$2" -- "$3"
}
