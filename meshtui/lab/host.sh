#!/bin/sh
# A host boots: host.sh DIR HOST FAR_PID V4 V6 GATEWAY, as PID 1 of new namespaces.
#
# Its root is the machine's, overlaid with the host's own disk: what it writes
# lands there. After pivot_root nothing of the machine's own tree is in reach.
set -eu
here=$(dirname "$0")
dir=$1
host=$2

# shellcheck source-path=SCRIPTDIR source=plug.sh
. "$here/plug.sh"
identify

# Told to the lab once the host stands on its own root, or never will.
exec 3>"$dir/hosts/$host.pid"
trap 'echo failed >&3' EXIT

echo "$host" >/proc/sys/kernel/hostname
plug "$3" "$host" "$4" "$5" "$6"

disk=$dir/disks/$host
cd "$disk"
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" overlay root
# A directory that is a mount of its own on the machine is not in the overlay of /.
while read -r part; do
    layer=$disk/parts/$part
    mount -t overlay -o "lowerdir=/$part,upperdir=$layer/upper,workdir=$layer/work" \
        overlay "root/$part"
done <parts/list

cd root
mount --bind ../dev dev
mount -t devpts -o newinstance,gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mkdir -p run/sshd
mount -t proc -o nosuid,nodev,noexec proc proc
# Its own network settings are the host's to change, the machine's are not.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
if [ -e proc/sysrq-trigger ]; then
    mount --bind dev/null proc/sysrq-trigger
fi

pivot_root . .
umount -l .
cd /
echo "$identity" >&3
trap - EXIT
exec 3>&-
# Go's scheduler looks 2,000 times a second whether a thread hangs, with 5 ms of slack 200 times:
# wireguard-go needs a third of the time then, and ten hosts share the cores of one machine.
echo 5000000 >/proc/self/timerslack_ns
exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-syslog \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    sh /usr/local/sbin/lab-init
