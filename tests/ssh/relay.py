"""A ProxyCommand: relay.py HOST PORT, between stdin/stdout and a TCP connection."""

import os
import select
import socket
import sys

there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("relay: a warning, as proxies like to print", file=sys.stderr, flush=True)
while True:
    ready, _, _ = select.select([0, there], [], [])
    for one in ready:
        data = os.read(0, 65536) if one == 0 else there.recv(65536)
        if not data:
            sys.exit()
        if one == 0:
            there.sendall(data)
        else:
            os.write(1, data)
