"""What the screens need of a fleet. `meshtui.fleet` offers it; tests have a stand-in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Protocol

from meshtui.errors import UnknownHostKey

if TYPE_CHECKING:
    from meshtui.fleet.apply import Applied
    from meshtui.fleet.device import Given
    from meshtui.fleet.edits import Edit
    from meshtui.fleet.events import (
        HostDrift,
        HostPolled,
        Keep,
    )
    from meshtui.fleet.reports import (
        CommandResult,
        Inspection,
        LinkSample,
        PathMtu,
        PingReport,
        RoundTrip,
        Standing,
        TrafficSample,
    )
    from meshtui.mesh.model import Mesh
    from meshtui.plan.drift import Drift
    from meshtui.plan.model import Plan
    from meshtui.store.changes import Change
    from meshtui.store.edit import Draft

AskHostKey = Callable[[UnknownHostKey], Awaitable[bool]]
"""Asks a person whether the key is the right one."""


class ProposalApi(Protocol):
    """An edit of mesh.toml that is not made yet; close it when done."""

    draft: Draft

    async def plan(self, *, prune: bool = False) -> Plan:
        """As the fleet's, for the mesh that is proposed."""
        ...

    def apply(self, plan: Plan, keep: Keep | None = None) -> AsyncGenerator[Applied, None]:
        """Write mesh.toml, and carry the latest plan out as the fleet does."""
        ...

    async def given(self, failed: Collection[str] = ()) -> Given | None:
        """What a device is to import, once it is applied; None: nothing.

        `failed`: hosts that could not be told of it.
        """
        ...

    async def close(self) -> None:
        """Let go of all hosts."""
        ...


class DriftApi(Protocol):
    """What hosts have otherwise than `mesh.toml` says."""

    def watch(self) -> AsyncIterator[HostDrift]:
        """What is found, host by host, for ever; the first of each after its first look."""
        ...

    def soon(self, *hosts: str) -> None:
        """Ask these hosts as soon as may be."""
        ...

    def adopt(self, drift: Drift) -> None:
        """Have `mesh.toml` say what the host has. MeshError: it can't, and why."""
        ...

    def ignore(self, drift: Drift) -> None:
        """Hear no more of it, on this machine."""
        ...

    def heed(self, id_: str) -> None:
        """Hear of it again. UsageError: it is not ignored."""
        ...


class FleetApi(Protocol):
    """The mesh's hosts, reachable."""

    mesh: Mesh
    by_other: dict[frozenset[str], int]
    """Pairs that the last apply told the other family -> its IP version; no file says so."""

    def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        """Look at every host for ever, each every `interval()` seconds; none waits for another."""
        ...

    @property
    def drifting(self) -> DriftApi:
        """What the hosts have otherwise."""
        ...

    async def plan(
        self, *, prune: bool = False, only: str | None = None, renew_psk: Collection[str] = ()
    ) -> Plan:
        """Look at all hosts and say what would change; `prune` removes unknown peers too.

        With `only`, on that host alone. MeshError: that takes other hosts as well. Links of
        the hosts `renew_psk` get another preshared key.
        """
        ...

    async def meet(
        self, calling: Callable[[Collection[frozenset[str]]], None] = lambda _: None
    ) -> Plan | None:
        """Have hosts behind NAT call each other; how those that met do without their relay.

        Before that, if the last apply had pairs use the other family: how their files say so.
        None: nobody met that had not before, or a plan has something else to do. `calling`
        is told of the pairs, if there are any.
        """
        ...

    async def plan_rotation(self, host: str) -> Plan:
        """Look at all hosts; how `host` gets another key. MeshError: it can't now."""
        ...

    def apply(self, plan: Plan, keep: Keep | None = None) -> AsyncGenerator[Applied, None]:
        """Carry `plan` out, verify it, and confirm it or take it back. Last: the ApplyResult.

        `keep` decides on that; without it, what makes nothing worse is kept. Cancelled, it
        takes everything back.
        """
        ...

    async def standing(self) -> Standing | None:
        """The change that was broken off and not recovered since; None: there is none."""
        ...

    def recover(self) -> AsyncGenerator[Applied, None]:
        """Bring every host to all-new if any confirmed it, else to all-old. Last: the result."""
        ...

    async def propose(self, edit: Edit) -> ProposalApi:
        """What `edit` would make of the mesh. MeshError: why it can't be made; nothing is asked."""
        ...

    async def changes(self) -> list[Change]:
        """What was done to the mesh from this machine, oldest first."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...

    def reload(self) -> bool:
        """Read mesh.toml again if it changed; whether `mesh` is another now.

        A watch that runs goes on with the old hosts: start it anew. MeshError: the file is
        wrong, and everything stays as it was.
        """
        ...

    # -- in depth, when a person asks

    async def inspect(self, host: str) -> Inspection:
        """All about one host. HostError: it does not answer."""
        ...

    def round_trips(self, hosts: Collection[str]) -> AsyncIterator[RoundTrip]:
        """Ping every member from each of `hosts`, over the mesh; each as it answers."""
        ...

    async def ping(self, from_: str, to: str, count: int = 10) -> PingReport:
        """Ping over the mesh, `count` times, 0.2 s apart."""
        ...

    async def path_mtu(self, from_: str, to: str) -> PathMtu:
        """Find the largest packet that gets through."""
        ...

    def run(self, hosts: Collection[str], command: str) -> AsyncIterator[CommandResult]:
        """Run a person's shell command as root on each of `hosts`, side by side."""
        ...

    def ssh_argv(self, host: str) -> list[str]:
        """The command that opens a shell on `host` as a person would, for this terminal."""
        ...

    # -- the past; times are epoch seconds by the clock of this machine

    def on_notice(self, say: Callable[[str], None]) -> None:
        """Have `say` told, once each, what goes wrong on this machine: no room for a history."""
        ...

    async def moment(self, before: float | None = None, after: float | None = None) -> float | None:
        """The recorded moment next before, or after, the given one; None: there is none."""
        ...

    async def past(self, at: float) -> list[HostPolled]:
        """Every host as it was last seen before `at`; hosts not seen then are left out."""
        ...

    async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
        """One direction since `since`, oldest first."""
        ...

    async def last_worked(self, from_: str, to: str) -> float | None:
        """When this direction was last seen healthy."""
        ...

    async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
        """A host's traffic in steps of `step` seconds from `since` to now, oldest first."""
        ...


OpenFleet = Callable[[AskHostKey], Awaitable[FleetApi]]
