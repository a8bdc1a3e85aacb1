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

serve() {
    set -f
    while IFS=' ' read -r token bytes verb args; do
        case $verb in
            look | learn | observe | facts | nothing | ping_all | ping_times | path_mtu | run_command) ;;
            make_key | stage | place | change | bring_up | switch_key | take_over | take_down) ;;
            arm | extend | ready | confirm | revert | abandon | standing | settled | meet) ;;
            *) verb=unknown_verb ;;
        esac
        # Splitting is wanted: meshtui sends no argument with a space in it.
        # shellcheck disable=SC2086
        if [ "$verb" = look ]; then
            # Asked every second: it has no need of a shell of its own.
            look $args </dev/null
        elif [ "$verb" = learn ]; then
            # Verbs, to be known from now on.
            taught=$(take "$bytes") && eval "$taught"
        elif [ "$bytes" -gt 0 ]; then
            # What a verb leaves unread must not be taken for the next request.
            take "$bytes" | {
                trap 'while IFS= read -r _; do :; done' EXIT
                "$verb" $args
            }
        else
            ("$verb" $args </dev/null)
        fi
        status=$?
        [ "$status" -eq 0 ] || printf '\n%s\n' "$token" >&2
        printf '\n%s %s\n' "$token" "$status"
    done
}

unknown_verb() {
    fail 'meshtui asked for something this script does not know'
}

# Say why on stderr, and end the verb.
fail() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}
