"""What can go wrong on purpose, and what does at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from meshtui.tui.demo.api import DemoApi


class Kind(NamedTuple):
    """A sort of fault."""

    hosts: int
    """How many it takes: one, or two with a direction between them."""
    label: str
    """What happens, of hosts `{0}` and `{1}`."""
    about: str
    """What comes of it, in a few words."""
    lasts: bool = True
    """Whether it goes on until it is healed."""


KINDS: dict[str, Kind] = {
    "down": Kind(1, "{0} loses power", "no SSH, no tunnel"),
    "slow": Kind(1, "{0} is slow", "all its packets take a while"),
    "full": Kind(1, "the disk of {0} is full", "no file can be written"),
    "clock": Kind(1, "the clock of {0} is a day off", "handshakes and timers notice"),
    "block": Kind(2, "a firewall between {0} and {1}", "what {0} sends {1} is lost"),
    "forget": Kind(2, "{0} forgets its peer {1}", "by hand, behind meshtui's back", lasts=False),
}


class Fault(NamedTuple):
    """One of them, done."""

    kind: str
    hosts: tuple[str, ...]

    @property
    def label(self) -> str:
        """What happens, for a person."""
        return KINDS[self.kind].label.format(*self.hosts)


class Faults:
    """Those of one demo."""

    def __init__(self, demo: DemoApi) -> None:
        self._demo = demo
        self.on: dict[Fault, None] = {}
        """What lasts, in the order in which it began."""
        self.done: list[Fault] = []
        """All that was ever done, oldest first."""

    @staticmethod
    def possible(row: str, column: str) -> list[Fault]:
        """What can be done with the cursor on these two, which may be one and the same."""
        hosts = (row,) if row == column else (row, column)
        return [
            Fault(name, hosts[: kind.hosts])
            for name, kind in KINDS.items()
            if kind.hosts <= len(hosts)
        ]

    async def begin(self, fault: Fault) -> None:
        """Do it. ValueError: it takes other hosts."""
        kind = KINDS[fault.kind]
        if len(set(fault.hosts)) != kind.hosts:
            raise ValueError(f"{fault.kind} takes {'one host' if kind.hosts == 1 else 'two hosts'}")
        await self._demo.fault(fault.kind, *fault.hosts)
        self.done.append(fault)
        if kind.lasts:
            self.on[fault] = None

    async def heal(self, faults: Sequence[Fault] | None = None) -> None:
        """End these, or all."""
        for fault in list(self.on) if faults is None else faults:
            await self._demo.fault(fault.kind, *fault.hosts, on=False)
            del self.on[fault]
