#!/bin/sh
# A host with systemd boots: host-systemd.sh DIR HOST FAR_PID V4 V6 GATEWAY, in new namespaces.
#
# Runs systemd-nspawn, whose child is the host's PID 1. It sees an empty /run,
# where it would leave directories of its own behind, and has control groups
# of its own, or several hosts' systemd would share theirs.
set -eu
here=$(dirname "$0")
dir=$1
host=$2

# shellcheck source-path=SCRIPTDIR source=plug.sh
. "$here/plug.sh"
read -r image <"$dir/image"
identify

exec 3>"$dir/hosts/$host.nspawn"
trap 'echo failed >&3' EXIT

echo "$host" >/proc/sys/kernel/hostname
plug "$3" "$host" "$4" "$5" "$6"

disk=$dir/disks/$host
mount -t overlay -o "lowerdir=$image,upperdir=$disk/upper,workdir=$disk/work" \
    overlay "$disk/root"

# Into control groups of its own, in every hierarchy that systemd looks at.
join_groups() {
    while read -r _ _ _ _ point rest; do
        case $rest in
        *" - cgroup2 "* | *" - cgroup "*name=systemd*)
            group=$point/meshtui-lab.${dir##*/}.$host
            mkdir -p "$group" && echo 0 >"$group/cgroup.procs" || exit 1
            ;;
        esac
    done </proc/self/mountinfo
}

run() {
    join_groups
    exec env -i SYSTEMD_NSPAWN_API_VFS_WRITABLE=network \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        systemd-nspawn --quiet --boot --register=no --keep-unit --console=pipe \
        --directory=/mnt/root --machine="$host" --hostname="$host" \
        --network-namespace-path=/proc/self/ns/net --capability=CAP_NET_ADMIN \
        --bind=/dev/net/tun --resolv-conf=off --timezone=off --link-journal=no
}

mount -t proc proc /proc
mount --rbind "$disk" /mnt
mount -t tmpfs -o mode=755 tmpfs /run

echo "$identity" >&3
trap - EXIT
exec 3>&-
while :; do
    status=0
    (run) || status=$?
    if [ "$status" -ne 133 ]; then # 133: the host asked for a reboot
        exit "$status"
    fi
done
