"""Traffic between the hosts of a lab while something else happens: every direction pings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from meshtui_on import on
from pinger import EVERY

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
        self.rows: list[tuple[float, float, tuple[str, str]]] = []
        """Each time without an answer: from, to, in seconds of one clock; and its direction."""

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
            for address, sent, *rows in lines:
                way = host, self._hosts[int(address.rpartition(".")[2]) - 1]
                found = [(float(at), int(many)) for at, _, many in (r.partition(":") for r in rows)]
                self.sent += int(sent)
                self.lost_in[way] = sum(many for _, many in found)
                self.gaps[way] = max((many for _, many in found), default=0) * EVERY
                self.rows += [(at, at + many * EVERY, way) for at, many in found]
        self.lost = sum(self.lost_in.values())

    def at_once(self) -> set[frozenset[str]]:
        """The hosts that all links without an answer at some moment have in common.

        An empty one: at that moment it was more than one host's links.
        """
        found = set()
        for moment, _, _ in self.rows:
            silent = [way for begin, end, way in self.rows if begin <= moment < end]
            found.add(frozenset.intersection(*map(frozenset, silent)))
        return found
