#!/bin/sh
# PID 1 of a light host of a meshtui lab: sshd, and reaping what is left behind.
# Copied to /usr/local/sbin/lab-init of every host.
/usr/sbin/sshd -D -e &
while :; do
    sleep 86400
done
