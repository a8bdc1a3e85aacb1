# shellcheck shell=sh
# The names of the mesh in /etc/hosts: a block between two marks of its own.
# shellcheck disable=SC2154 # dir: see arm.sh

# Of each line of /etc/hosts: block gets those of the block between the marks first and last,
# with the marks; where a mark has lost the other, broken is set at the end, or on still is.
# shellcheck disable=SC2016
FIND_NAMES='
    if ($0 == first) { if (on) broken = 1; on = 1 }
    if (on) block = block $0 "\n"
    if ($0 == last) on = 0'

# names IF: the block; where a mark has lost the other, the first one alone.
names() {
    [ -e /etc/hosts ] || return 0
    awk -v first="# meshtui $1 begin" -v last="# meshtui $1 end" '
        { '"$FIND_NAMES"' }
        END { if (on || broken) print first; else printf "%s", block }' /etc/hosts
}

# put_names IF: the block on stdin, or nothing, takes its place; the rest of the file stays.
put_names() {
    file=/etc/hosts
    if [ -L "$file" ]; then file=$(readlink -f "$file") || fail 'cannot follow the link /etc/hosts'; fi
    if [ ! -e "$file" ]; then (umask 022 && : >"$file") || fail "cannot make $file"; fi
    [ "$(names "$1")" != "# meshtui $1 begin" ] ||
        fail "a mark of meshtui's in /etc/hosts has lost the other: put that right by hand"
    # What ends a file is kept, too, and "$(...)" drops newlines.
    old=$(cat "$file" && printf x) || fail "cannot read $file"
    text=$(awk -v first="# meshtui $1 begin" -v last="# meshtui $1 end" '
        part == 1 { block = block $0 "\n"; next }
        $0 == first { if (!put) printf "%s", block; put = on = 1 }
        !on { print }
        $0 == last { on = 0 }
        END { if (!put) printf "%s", block }' part=1 - part=2 "$file" && printf x) || fail "cannot read $file"
    old=${old%x} text=${text%x}
    [ "$text" != "$old" ] || return 0
    new=${file%/*}/.hosts.meshtui
    # The copy lends its owner, mode and labels: whoever could read the names still can.
    if cp -a "$file" "$new" 2>/dev/null && printf %s "$text" >"$new" && sync "$new" 2>/dev/null &&
        mv "$new" "$file" 2>/dev/null; then
        return 0
    fi
    # In a container the file is a mount: another cannot take its place.
    rm -f "$new"
    printf %s "$text" >"$file" || {
        printf %s "$old" >"$file"
        fail "cannot write $file"
    }
}

# What was saved in $dir.
restore_names() { # IF
    # An older meshtui saved none.
    [ -e "$dir/names" ] || return 0
    names "$1" | cmp -s - "$dir/names" || (put_names "$1" <"$dir/names")
}
