# shellcheck shell=sh
# Answers meshtui's requests, one after the other, until stdin ends.
#
# A request is one line, "TOKEN BYTES VERB [ARG...]", and then BYTES bytes: the
# verb's stdin. The answer is what the verb prints, then "TOKEN STATUS" on a line
# of its own. TOKEN is random and new each time, so no output can forge an end.
# When a verb fails, "TOKEN" ends what it said on stderr, too.

# Exactly $1 bytes of stdin. GNU and busybox dd know fullblock; the rest go bytewise.
take() {
    dd bs="$1" count=1 iflag=fullblock 2>/dev/null || dd bs=1 count="$1" 2>/dev/null
}

# This much each connection begins with, read byte by byte: the rest of it is in obey.sh.
serve() {
    set -f
    while IFS=' ' read -r token bytes verb args; do
        # Splitting is wanted: meshtui sends no argument with a space in it.
        # shellcheck disable=SC2086
        case $verb in
            # Asked every second: it has no need of a shell of its own.
            look) look $args </dev/null ;;
            # Verbs, to be known from now on.
            learn) taught=$(take "$bytes") && eval "$taught" ;;
            *) obey ;;
        esac
        status=$?
        [ "$status" -eq 0 ] || printf '\n%s\n' "$token" >&2
        printf '\n%s %s\n' "$token" "$status"
    done
}
