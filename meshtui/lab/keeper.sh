#!/bin/sh
# PID 1 of a whole lab: keeper.sh DIR HOST...
#
# Its network namespace is the switch, its mount namespace holds the hosts'
# disks. Every other process of the lab lives below its PID namespace, so when
# it dies, however it dies, the kernel ends them all, and with them every
# namespace, mount and link: nothing of a lab is known to the machine but this.
set -eu
here=$(dirname "$0")
dir=$1
shift

# shellcheck source-path=SCRIPTDIR source=plug.sh
. "$here/plug.sh"
echo "operator" >/proc/sys/kernel/hostname

echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
for all in all default; do
    echo 0 >/proc/sys/net/ipv6/conf/$all/disable_ipv6
    echo 0 >/proc/sys/net/ipv6/conf/$all/accept_dad
    echo 0 >/proc/sys/net/ipv4/conf/$all/rp_filter
    echo 0 >/proc/sys/net/ipv4/conf/$all/send_redirects
done
echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode # each end gets fe80::1 only

# What is sent to a host that is powered off vanishes, as it would out there.
ip -batch - <<EOF
link set lo up
addr add 203.0.113.254/32 dev lo
addr add 2001:db8:113::fe/128 dev lo
route add blackhole 203.0.113.0/24
route add blackhole 2001:db8:113::/64
EOF

mount -t tmpfs -o mode=0700,size=16m meshtui-lab "$dir/disks"
for host; do
    mkdir "$dir/disks/$host"
    mount -t tmpfs -o mode=0755,size=1g "$host" "$dir/disks/$host"
done

identify
echo "$identity" >"$dir/keeper.pid"
unshare --net --mount --propagation private sh "$here/operator.sh" "$dir" &

# Waiting for a child, sh also reaps what the kernel hands to a PID 1.
while :; do
    sleep 86400
done
