# shellcheck shell=sh
# What a host is: asked when a person looks at it. Its parts are written as observe's.

# facts IF
facts() {
    part os "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null)"
    part kernel "$(uname -r -m)"
    part wireguard "$(runs_it "$1")"
    part tools "$(wg --version 2>/dev/null)"
    part uptime "$(cat /proc/uptime)"
    part all-addresses "$(ip -o address show 2>/dev/null)"
}

# What runs the interface: the kernel, or a program that root started, with the first line
# that root's own copy says of its version. Anybody may give a process that name, and any
# arguments: what such a process is made of must never be run.
runs_it() { # IF
    [ -e "/sys/class/net/$1" ] || return 0
    if [ ! -e "/sys/class/net/$1/tun_flags" ]; then
        echo kernel
        return
    fi
    set +f
    grep -lxE 'wireguard-go|boringtun(-cli)?' /proc/[0-9]*/comm 2>/dev/null | while IFS= read -r comm; do
        process=${comm%/comm}
        # Not the owner of its files: that is root as soon as a process forbids core dumps.
        grep -qxE 'Uid:([[:space:]]+0){4}' "$process/status" 2>/dev/null || continue
        # Another may run another interface.
        tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qxF "$1" || continue
        IFS= read -r name 2>/dev/null <"$comm" || continue
        case $name in
            wireguard-go | boringtun | boringtun-cli)
                "$name" --version 2>/dev/null </dev/null | head -n 1 | grep . || echo "$name"
                return
                ;;
        esac
    done | grep . || echo 'a userspace program'
}

# The shortest answer there is: how long it takes is the way there and back.
nothing() {
    :
}
