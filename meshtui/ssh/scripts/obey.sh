# shellcheck shell=sh
# The verbs that are learned, and what they say when they fail.

# Do what the request is that serve read: verb, args and bytes are its words.
obey() {
    # shellcheck disable=SC2154 # see serve.sh
    case $verb in
        observe | facts | nothing | ping_all | ping_times | path_mtu | run_command) ;;
        make_key | stage | place | change | bring_up | switch_key | take_over | take_down) ;;
        arm | extend | ready | confirm | revert | abandon | standing | settled | meet) ;;
        *) verb=unknown_verb ;;
    esac
    # shellcheck disable=SC2086,SC2154
    if [ "$bytes" -gt 0 ]; then
        # What a verb leaves unread must not be taken for the next request.
        take "$bytes" | {
            trap 'while IFS= read -r _; do :; done' EXIT
            "$verb" $args
        }
    else
        ("$verb" $args </dev/null)
    fi
}

unknown_verb() {
    fail 'meshtui asked for something this script does not know'
}

# Say why on stderr, and end the verb.
fail() {
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}
