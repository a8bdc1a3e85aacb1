"""Traffic between the hosts of a lab while something else happens: every direction pings."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from meshtui_on import on

from meshtui.lab import Lab

_START = """
for address in {others}; do
    ping -n -i 0.02 $address >/run/flow.$address 2>&1 & echo $! >>/run/flow.pids
done
"""
_END = """
kill -INT $(cat /run/flow.pids)
for pid in $(cat /run/flow.pids); do while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done; done
for log in /run/flow.*.*; do echo "@"; sed -n 's/.*icmp_seq=\\([0-9]*\\).*/\\1/p' "$log"; done
rm -f /run/flow.*
"""


class Flow:
    """A ping every 20 ms from each of `hosts` to each other, by mesh address 10.0.0.N."""

    def __init__(self, lab: Lab, hosts: Sequence[str]) -> None:
        self._lab, self._hosts = lab, hosts
        self.sent = self.lost = 0

    def __enter__(self) -> Self:
        addresses = [f"10.0.0.{number}" for number in range(1, len(self._hosts) + 1)]
        for number, host in enumerate(self._hosts):
            others = " ".join(addresses[:number] + addresses[number + 1 :])
            on(self._lab, host, "sh", "-c", _START.format(others=others))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for host in self._hosts:
            said = on(self._lab, host, "sh", "-c", _END)
            logs = [{int(number) for number in log.split()} for log in said.split("@")[1:]]
            assert len(logs) == len(self._hosts) - 1 and all(logs), said
            # What was under way at the end is nobody's loss.
            self.sent += sum(max(came) for came in logs)
            self.lost += sum(max(came) - len(came) for came in logs)
