#!/bin/sh
# Breaks one thing on a host of a lab, or mends it: faults.sh VERB [ARGUMENT...]
# Sent to the host's `sh -s` by faults.py; nothing here reads stdin.
set -eu

small_disk() { # DIR: a disk of its own, with what it has
    if mountpoint -q "$1"; then return; fi
    keep=$(mktemp -d)
    mkdir -p "$1"
    cp -a "$1/." "$keep"
    mount -t tmpfs -o size=256k,mode=0700 small "$1"
    cp -a "$keep/." "$1"
    rm -r "$keep"
}

fill_disk() { # DIR: it keeps what it has, and takes nothing more
    small_disk "$1"
    # cat says that the disk is full: that is the end of it.
    cat /dev/zero >"$1/.full" 2>/dev/null || :
}

read_only_etc() {
    mount --bind /etc /etc
    mount -o remount,bind,ro /etc
}

remove_wg() {
    for tool in wg wg-quick; do
        mv "$(command -v $tool)" "/usr/local/lib/$tool.gone"
    done
}

restore_wg() {
    for tool in wg wg-quick; do
        mv "/usr/local/lib/$tool.gone" "/usr/bin/$tool"
    done
}

new_host_key() {
    key=/etc/ssh/ssh_host_ed25519_key
    rm -f "$key" "$key.pub"
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$key" </dev/null
    kill -HUP "$(cat /run/sshd.pid)"
    read -r _ wanted _ <"$key.pub"
    for _ in $(seq 100); do # sshd starts itself anew: 10 s at most
        if ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | grep -qF "$wanted"; then
            return
        fi
        sleep 0.1
    done
    echo 'sshd does not show its new key' >&2
    return 1
}

add_user() { # NAME SHELL none|password|free
    # A password of "*" opens nothing but is no lock: without PAM, sshd minds locks.
    useradd -m -s "$2" -p '*' "$1"
    install -d -m 700 -o "$1" -g "$1" "/home/$1/.ssh"
    install -m 600 -o "$1" -g "$1" /root/.ssh/authorized_keys "/home/$1/.ssh/authorized_keys"
    case $3 in
    password)
        echo "$1:lab" | chpasswd
        echo "$1 ALL=(ALL:ALL) ALL" >"/etc/sudoers.d/$1"
        ;;
    free) echo "$1 ALL=(ALL:ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$1" ;;
    esac
}

firewall() { # nft|iptables
    case $1 in
    nft)
        nft -f - <<EOF
table inet firewall {
    chain forward {
        type filter hook forward priority filter; policy drop
        ct state established,related accept
    }
}
EOF
        ;;
    iptables)
        iptables -P FORWARD DROP
        ip6tables -P FORWARD DROP
        ;;
    esac
}

no_firewall() { # nft|iptables
    case $1 in
    nft) nft delete table inet firewall ;;
    iptables)
        iptables -P FORWARD ACCEPT
        ip6tables -P FORWARD ACCEPT
        ;;
    esac
}

verb=$1
shift
case $verb in
small-disk) small_disk "$1" ;;
fill-disk) fill_disk "$1" ;;
# Lazily: some process may have a file there open just now.
free-disk) umount -l "$1" ;;
read-only-etc) read_only_etc ;;
writable-etc) umount -l /etc ;;
remove-wg) remove_wg ;;
restore-wg) restore_wg ;;
new-host-key) new_host_key ;;
add-user) add_user "$@" ;;
firewall) firewall "$1" ;;
no-firewall) no_firewall "$1" ;;
set-shell) usermod -s "$2" "$1" ;;
*)
    echo "no such fault: $verb" >&2
    exit 2
    ;;
esac
