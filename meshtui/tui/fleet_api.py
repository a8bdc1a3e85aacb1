"""What the screens need of a fleet. `meshtui.fleet` offers it; tests have a stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from meshtui.errors import UnknownHostKey
from meshtui.fleet.events import ApplyResult, DirectionVerified, HostPolled, Progress
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan

AskHostKey = Callable[[UnknownHostKey], Awaitable[bool]]
"""Asks a person whether the key is the right one."""


class FleetApi(Protocol):
    """The mesh's hosts, reachable."""

    mesh: Mesh

    def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        """Look at every host for ever, each every `interval()` seconds; none waits for another."""
        ...

    async def plan(self, *, prune: bool = False) -> Plan:
        """Look at all hosts and say what would change; `prune` removes unknown peers too."""
        ...

    def apply(self, plan: Plan) -> AsyncIterator[Progress | DirectionVerified | ApplyResult]:
        """Carry `plan` out and verify it. The last item is the ApplyResult."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


OpenFleet = Callable[[AskHostKey], Awaitable[FleetApi]]
