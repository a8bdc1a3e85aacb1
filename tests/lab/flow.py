"""Traffic between the hosts of a lab while something else happens: every direction pings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from meshtui_on import on

from meshtui.lab import Lab

_PINGER = Path(__file__).with_name("pinger.py")
# The program comes as an argument: a host need not see the folder that it stands in.
_START = """
rm -f /run/flow*
python3 -c "$0" /run/flow {others} >/run/flow.err 2>&1 & echo $! >/run/pid
for _ in $(seq 500); do [ -e /run/flow.begun ] && exit; sleep 0.02; done
cat /run/flow.err >&2; exit 1
"""
_END = """
kill -INT $(cat /run/pid)
for _ in $(seq 500); do [ -e /run/flow ] && break; sleep 0.02; done
cat /run/flow.err >&2; cat /run/flow
"""


class Flow:
    """A ping every 20 ms from each of `hosts` to each other, by mesh address 10.0.0.N."""

    def __init__(self, lab: Lab, hosts: Sequence[str]) -> None:
        self._lab, self._hosts = lab, hosts
        self.sent = self.lost = 0
        self.lost_in: dict[tuple[str, str], int] = {}
        """Direction -> pings without an answer."""
        self.gaps: dict[tuple[str, str], float] = {}
        """Direction -> the longest time without an answer, in seconds."""

    def __enter__(self) -> Self:
        addresses = [f"10.0.0.{number}" for number in range(1, len(self._hosts) + 1)]
        for number, host in enumerate(self._hosts):
            others = " ".join(addresses[:number] + addresses[number + 1 :])
            on(self._lab, host, "sh", "-c", _START.format(others=others), _PINGER.read_text())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for host in self._hosts:
            said = on(self._lab, host, "sh", "-c", _END)
            lines = [line.split() for line in said.splitlines()]
            assert len(lines) == len(self._hosts) - 1, said
            for address, sent, came, gap in lines:
                way = host, self._hosts[int(address.rpartition(".")[2]) - 1]
                self.sent += int(sent)
                self.lost_in[way] = int(sent) - int(came)
                self.gaps[way] = int(gap) * 0.02
        self.lost = sum(self.lost_in.values())
