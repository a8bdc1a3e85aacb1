# shellcheck shell=sh
# What a host is: asked when a person looks at it. Its parts are written as observe's.

# facts IF
facts() {
    sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | part os
    uname -r -m | part kernel
    runs_it "$1" | part wireguard
    wg --version 2>/dev/null | part tools
    part uptime </proc/uptime
    ip -o address show 2>/dev/null | part all-addresses
}

# What runs the interface: the kernel, or a program of which this is the first line that it
# says of its version.
runs_it() { # IF
    [ -e "/sys/class/net/$1" ] || return 0
    if [ ! -e "/sys/class/net/$1/tun_flags" ]; then
        echo kernel
        return
    fi
    set +f
    grep -lE '^(wireguard-go|boringtun)' /proc/[0-9]*/comm 2>/dev/null | while IFS= read -r comm; do
        process=${comm%/comm}
        # Another may run another interface.
        if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qxF "$1"; then
            "$process/exe" --version 2>/dev/null </dev/null | head -n 1
            return
        fi
    done | grep . || echo 'a userspace program'
}

# The shortest answer there is: how long it takes is the way there and back.
nothing() {
    :
}
