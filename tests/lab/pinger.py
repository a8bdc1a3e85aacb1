"""A ping every 20 ms to each of some addresses, by one process that wakes once for all.

    python3 pinger.py FILE ADDRESS...

Until SIGINT. Then FILE has a line for each address: how many were sent, and for each row of
them without an answer "BEGAN:COUNT", BEGAN in seconds of the monotonic clock. Run inside a
host of the lab, it needs nothing but Python: ten hosts with ninety `ping`s would spend two
cores on waking up.
"""

from __future__ import annotations

import itertools
import signal
import socket
import struct
import sys
import time
from pathlib import Path

EVERY = 0.02
#: How long the last ones may be under way, in seconds.
LAST = 1.0
_ECHO = struct.Struct("!BBHHH")


def _unanswered(sent: list[float], came: set[int]) -> list[str]:
    rows = itertools.groupby(range(len(sent)), lambda number: number in came)
    missing = [list(row) for answered, row in rows if not answered]
    return [f"{sent[row[0]]:.3f}:{len(row)}" for row in missing]


def main(file: Path, addresses: list[str]) -> None:
    """Ping until somebody says that it is enough."""
    Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")
    # The kernel puts in the checksum, and an identifier that only this socket hears.
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
    sock.setblocking(False)
    came: dict[str, set[int]] = {address: set() for address in addresses}
    ended: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: ended.append(1))

    def hear() -> None:
        while True:
            try:
                reply, (address, _) = sock.recvfrom(256)
            except BlockingIOError:
                return
            came[address].add(struct.unpack("!I", reply[8:12])[0])

    file.with_suffix(".begun").touch()
    sent: list[float] = []
    start = time.monotonic()
    while not ended:
        packet = _ECHO.pack(8, 0, 0, 0, len(sent) & 0xFFFF) + struct.pack("!I", len(sent))
        for address in addresses:
            try:
                sock.sendto(packet, (address, 1))
            except OSError:
                continue  # it is not sent, so it is lost
        sent.append(start)
        # Late by our own doing, it does not catch up by a burst.
        start = max(start + EVERY, time.monotonic() - EVERY)
        time.sleep(max(0.0, start - time.monotonic()))
        hear()
    until = time.monotonic() + LAST
    while time.monotonic() < until and any(len(one) < len(sent) for one in came.values()):
        time.sleep(EVERY)
        hear()
    lines = [" ".join([a, str(len(sent)), *_unanswered(sent, one)]) for a, one in came.items()]
    new = file.with_suffix(".new")
    new.write_text("".join(f"{line}\n" for line in lines))
    new.replace(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
