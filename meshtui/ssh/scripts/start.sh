# shellcheck shell=sh
# The last part of the program: say hello, then serve.

# shellcheck disable=SC2034 # for observe.sh
CONNECTION=${1:-}
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# A step that prints to a channel that was closed goes on.
trap '' PIPE
# From a file, and not from meshtui: see start_watch.
if [ "${1:-}" = watch ]; then
    watch "$2" "$3"
    exit
fi
# Our process group, for when meshtui must end what runs here: sshd passes no
# signal on to root's sessions.
group=0
if IFS= read -r stat 2>/dev/null </proc/$$/stat; then
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    group=$3
fi
# The line that meshtui sent tells its answer from whatever the login printed.
IFS= read -r hello
printf '%s %s\n' "$hello" "$group"
serve
