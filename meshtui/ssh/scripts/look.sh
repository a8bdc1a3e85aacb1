# shellcheck shell=sh
# What an interface looks like now: asked once a second, so it forks little.

# `wg show IF dump` prints private and preshared keys; they stop here.
# shellcheck disable=SC2016
MASK_DUMP='NF == 4 { $1 = "-" } NF == 8 && $2 != "(none)" { $2 = "set" }'

# look IF: the host's clock in epoch seconds, then the masked dump; no dump: no interface.
look() {
    command -v wg >/dev/null || {
        echo 'wg is not installed: install wireguard-tools' >&2
        return 127
    }
    # srand() gives back its last seed, which was the time: one program less than `date`.
    # That the interface is missing is an answer, not a failure.
    wg show "$1" dump 2>/dev/null |
        awk -F '\t' -v OFS='\t' 'BEGIN { srand(); print srand() }'"$MASK_DUMP 1"
}
