# shellcheck shell=sh
# The wg-quick file: written beside the old one, then put in its place by one rename.

make_state() { # IF
    if [ ! -d "$STATE/$1" ]; then
        mkdir -p "$STATE/$1" || fail "cannot make $STATE/$1"
        chmod 700 "$STATE" "$STATE/$1" || exit 1
    fi
}

# make_key IF: a new private key that waits in meshtui's state for its file;
# prints the public one. Asked again, it is the same key.
make_key() {
    umask 077
    make_state "$1"
    if [ ! -s "$STATE/$1/private.key" ]; then
        wg genkey >"$STATE/$1/private.key.new" || fail "cannot write a key to $STATE/$1"
        sync
        mv "$STATE/$1/private.key.new" "$STATE/$1/private.key" || exit 1
    fi
    wg pubkey <"$STATE/$1/private.key" || fail "the key in $STATE/$1/private.key is not one: remove it"
}

# drop_key IF: the key stands in the wg-quick file now.
drop_key() {
    rm -f "$STATE/$1/private.key" "$STATE/$1/private.key.new"
    # Only what is empty goes; the history of later changes may live here.
    rmdir "$STATE/$1" "$STATE" 2>/dev/null || :
}

# Sets sum to a file's SHA256, "none" without a file.
sum_of() {
    sum=none
    [ ! -e "$1" ] || sum=$(sha256sum <"$1")
    sum=${sum%% *}
}

# Sets first and sum to those of two files.
sums_of() {
    if [ -e "$1" ] && [ -e "$2" ]; then
        first=$(sha256sum "$1" "$2")
        sum=${first##*"$NEWLINE"}
        sum=${sum%% *} first=${first%% *}
    else
        sum_of "$1"
        first=$sum
        sum_of "$2"
    fi
}

# Puts the real keys where a template on stdin says @...@. Keys pass through
# pipes only. The template comes last, so nothing before it can end it.
put_secrets() { # IF
    {
        wg show "$1" dump 2>/dev/null
        echo template
        cat
    } | awk -v file="/etc/wireguard/$1.conf" -v made="$STATE/$1/private.key" "$FIND_SECRETS"'
        BEGIN {
            while ((getline rest <file) > 0) {
                while (find_secret(rest)) {
                    secret["@secret:" (++n) "@"] = substr(rest, at, len)
                    rest = substr(rest, at + len)
                }
            }
            if ((getline rest <made) > 0) secret["@made@"] = rest
        }
        function put(text,   tag) {
            # From the left, and never again over what was put in.
            out = ""
            while (match(text, /@(secret|live-psk|live|made)(:[A-Za-z0-9+\/=]+)?@/)) {
                tag = substr(text, RSTART, RLENGTH)
                if (!(tag in secret)) { print "no value for " tag >"/dev/stderr"; bad = 1; exit 1 }
                out = out substr(text, 1, RSTART - 1) secret[tag]
                text = substr(text, RSTART + RLENGTH)
            }
            return out text
        }
        template { print put($0); next }
        /^template$/ { template = 1; next }
        NF == 4 && $1 != "(none)" { secret["@live@"] = $1 }
        NF == 8 && $2 != "(none)" { secret["@live-psk:" $1 "@"] = $2 }
        END { exit bad }'
}

# stage IF ID SECONDS: the template on stdin becomes /etc/wireguard/.IF.meshtui. Nothing
# takes its place before the change is confirmed.
stage() {
    umask 077
    at_work "$@"
    new=/etc/wireguard/.$1.meshtui
    if [ ! -d /etc/wireguard ]; then mkdir -p /etc/wireguard || exit 1; fi
    # A leftover must not lend its mode or owner to the new file.
    if [ -e "$new" ] || [ -L "$new" ]; then rm -f "$new" || exit 1; fi
    text=$(put_secrets "$1" && printf x) || exit 1
    # dd says why it cannot write, and its fsync finds a full disk now, not later.
    said=$(printf %s "${text%x}" | dd of="$new" conv=fsync 2>&1) || {
        rm -f "$new"
        fail "cannot write $new: $(printf '%s\n' "$said" | sed -n '/^dd: /{s///;p;q;}')"
    }
    sum_of "$new"
    # shellcheck disable=SC2154 # dir: see at_work in arm.sh
    echo "$sum" >"$dir/staged" || {
        rm -f "$new"
        fail "cannot write to $STATE/$1: is the disk full?"
    }
}

# place IF ID SECONDS: the staged file takes its place before it is confirmed: for an
# interface that does not run yet. A boot does not bring that up.
place() {
    at_the_live "$@"
    # A unit that is enabled would be started at boot, by the new file.
    if has_systemd; then systemctl disable "wg-quick@$1" 2>/dev/null || :; fi
    mv "/etc/wireguard/.$1.meshtui" "/etc/wireguard/$1.conf" || exit 1
}
