#!/bin/sh
# PID 1 of a light host of a meshtui lab: sshd, and reaping what is left behind.
# Copied to /usr/local/sbin/lab-init of every host.
if [ -e /etc/ssh/ssh_host_ed25519_key ]; then # else it lets nobody in
    # -r: by default it starts itself anew for each login, a third of what one costs it, and ten
    # hosts share the cores of one machine.
    /usr/sbin/sshd -D -e -r &
fi
while :; do
    sleep 86400
done
