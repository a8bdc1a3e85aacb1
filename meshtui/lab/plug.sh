# shellcheck shell=sh
# Sourced by operator.sh, host.sh and router.sh: this network namespace onto the
# switch, or behind a router.

# Sets $identity to "PID STARTED" of this shell, as the machine counts.
# Only before /proc is one's own, and never in a subshell.
identify() {
    read -r identity </proc/self/stat
    # shellcheck disable=SC2086 # one word per field; the program's name is "(sh)"
    set -- $identity
    shift 21
    identity="${identity%% *} $1"
}

# plug FAR_PID NAME V4 V6 GATEWAY: an eth0 here, its far end called NAME in the
# switch or router. V4 has a prefix length, and GATEWAY is the far end's; "-" for none.
# Public addresses are single and the way out is on-link, so nobody ever asks for
# a neighbour but the switch: the kernel has one neighbour table for all
# namespaces, and a bridge with 50 hosts in full mesh overflows it.
plug() {
    far=/proc/$1/ns/net
    for all in all default; do
        echo 0 >/proc/sys/net/ipv6/conf/$all/disable_ipv6
        echo 0 >/proc/sys/net/ipv6/conf/$all/accept_dad
        echo 0 >/proc/sys/net/ipv6/conf/$all/router_solicitations
        echo 0 >/proc/sys/net/ipv4/conf/$all/rp_filter
    done
    echo 0 >/proc/sys/net/ipv4/ip_forward
    # After a power cut the old end may still be there: namespaces end late.
    nsenter --net="$far" ip link del "$2" 2>/dev/null || :
    ip link add eth0 type veth peer name "$2" netns "$far"
    nsenter --net="$far" ip link set "$2" up
    ip link set lo up
    ip link set eth0 up
    if [ "$3" != - ]; then
        nsenter --net="$far" ip route add "${3%/*}/32" dev "$2"
        ip addr add "$3" dev eth0
        ip route add default via "$5" dev eth0 onlink
    fi
    if [ "$4" != - ]; then
        nsenter --net="$far" ip -batch - <<EOF
addr add fe80::1/64 dev $2 nodad
route add $4/128 dev $2
EOF
        ip addr add "$4/128" dev eth0 nodad
        ip route add default via fe80::1 dev eth0
    fi
}
