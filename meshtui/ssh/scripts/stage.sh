# shellcheck shell=sh
# The wg-quick file: written beside the old one, then put in its place by one rename.

# make_key IF: a new private key that waits in meshtui's state for its file;
# prints the public one. Asked again, it is the same key.
make_key() {
    umask 077
    mkdir -p "$STATE/$1" || fail "cannot make $STATE/$1"
    chmod 700 "$STATE" "$STATE/$1"
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

sum_of() {
    if [ -e "$1" ]; then sha256sum <"$1" | cut -d ' ' -f 1; else echo none; fi
}

# Puts the real keys where a template on stdin says @...@. Keys pass through
# pipes only. The template comes last, so nothing before it can end it.
put_secrets() { # IF
    {
        if [ -e "/etc/wireguard/$1.conf" ]; then sed 's/^/f|/' "/etc/wireguard/$1.conf"; echo; fi
        if [ -s "$STATE/$1/private.key" ]; then sed 's/^/made|/' "$STATE/$1/private.key"; fi
        wg show "$1" private-key 2>/dev/null | sed 's/^/live|/'
        wg show "$1" preshared-keys 2>/dev/null | sed 's/^/psk|/'
        echo 'template'
        cat
    } | awk "$FIND_SECRETS"'
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
        /^f\|/ {
            rest = substr($0, 3)
            while (find_secret(rest)) {
                secret["@secret:" (++n) "@"] = substr(rest, at, len)
                rest = substr(rest, at + len)
            }
        }
        /^made\|/ { secret["@made@"] = substr($0, 6) }
        /^live\|/ && $0 !~ /\(none\)/ { secret["@live@"] = substr($0, 6) }
        /^psk\|/ && $2 != "(none)" { split(substr($0, 5), f, "\t"); secret["@live-psk:" f[1] "@"] = f[2] }
        END { exit bad }'
}

# stage IF SHA256|none: the template on stdin becomes /etc/wireguard/.IF.meshtui,
# if the file in place still is the one that the plan saw. Prints its SHA-256.
stage() {
    umask 077
    file=/etc/wireguard/$1.conf
    new=/etc/wireguard/.$1.meshtui
    [ "$(sum_of "$file")" = "$2" ] || fail "$file changed since the plan was made; plan again" 9
    if [ ! -d /etc/wireguard ]; then mkdir -p /etc/wireguard || exit 1; fi
    chmod 700 /etc/wireguard || exit 1
    # A leftover must not lend its mode or owner to the new file.
    rm -f "$new" || exit 1
    text=$(put_secrets "$1" && printf x) || exit 1
    # dd says why it cannot write, and its fsync finds a full disk now, not later.
    said=$(printf %s "${text%x}" | dd of="$new" conv=fsync 2>&1) || {
        rm -f "$new"
        fail "cannot write $new: $(printf '%s\n' "$said" | sed -n '/^dd: /{s///;p;q;}')"
    }
    sum_of "$new"
}

# commit IF SHA256|none SHA256: the staged file takes its place, durably, if both it
# and the file in place are what they were: somebody may apply from elsewhere, too.
commit() {
    file=/etc/wireguard/$1.conf
    new=/etc/wireguard/.$1.meshtui
    [ "$(sum_of "$file")" = "$2" ] || fail "$file changed since the plan was made; plan again" 9
    [ "$(sum_of "$new")" = "$3" ] || fail "another apply writes $file, too; plan again" 9
    mv "$new" "$file" || exit 1
    sync
}

# discard IF [new]: forget the staged file; with "new", the one in place, too: it
# was not there before, and its interface did not come up.
discard() {
    rm -f "/etc/wireguard/.$1.meshtui"
    [ "${2:-}" != new ] || rm -f "/etc/wireguard/$1.conf"
}
