#!/bin/sh
# A home's or an office's router: router.sh DIR HOST PUBLIC INNER [RANDOM], in a
# network namespace of its own, which it holds until the lab ends.
#
# Its host is behind it at the address INNER, and everybody sees PUBLIC. With
# RANDOM "fully-random" each destination sees another port ("symmetric" NAT).
set -eu
here=$(dirname "$0")
dir=$1
host=$2

# shellcheck source-path=SCRIPTDIR source=plug.sh
. "$here/plug.sh"
read -r keeper _ <"$dir/keeper.pid"
identify

exec 3>"$dir/hosts/$host.router"
trap 'echo failed >&3' EXIT

plug "$keeper" "$host" "$3" - 203.0.113.254
ip addr add "${4%.*}.1/32" dev lo
ip route add blackhole "${4%.*}.0/24" # while the host is off
echo 1 >/proc/sys/net/ipv4/ip_forward

# What nobody asked for ends here without an answer, as on a real router. Were it
# let in, a far end's first packet would take the very port that the host's own
# packet needs next, and no hole could be punched.
nft -f - <<RULES
table ip nat {
    chain inbound {
        type nat hook prerouting priority dstnat
        iifname "eth0" tcp dport 22 dnat to $4
    }
    chain outbound {
        type nat hook postrouting priority srcnat
        oifname "eth0" masquerade ${5:-}
    }
}
table inet filter {
    chain onward {
        type filter hook forward priority filter; policy drop
        ct state established,related accept
        ct status dnat accept
        iifname != "eth0" accept
    }
    chain inward {
        type filter hook input priority filter; policy drop
        ct state established,related accept
        iifname != "eth0" accept
    }
}
RULES

echo "$identity" >&3
trap - EXIT
exec 3>&-
exec sleep infinity
