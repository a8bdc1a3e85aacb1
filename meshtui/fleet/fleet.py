"""A mesh's hosts, reachable: what the command line and the screens drive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from meshtui.errors import HostError, MeshError
from meshtui.fleet.apply import Applied, Apply
from meshtui.fleet.events import ApplyResult, HostPolled
from meshtui.fleet.look import look, polled
from meshtui.fleet.observe import endpoints, observe
from meshtui.fleet.past import Past
from meshtui.fleet.reports import LinkSample, TrafficSample
from meshtui.fleet.session import Session
from meshtui.fleet.watch import watch
from meshtui.mesh.addresses import allocate
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan, PlanInputs
from meshtui.plan.planner import make_plan
from meshtui.ssh.connect import AskHostKey, Connector
from meshtui.store.journal import Journal
from meshtui.store.meshfile import load
from meshtui.store.write import Found, write_back


class Fleet:
    """The hosts of one `mesh.toml`. Close it when done."""

    def __init__(self, path: Path, ask: AskHostKey, ssh_config: Path | None = None) -> None:
        """Read `path`; `ask` decides on unknown host keys. FileError: the file is wrong.

        Nothing is connected before it is needed.
        """
        self.path = path
        self._written = load(path)
        self.mesh: Mesh = allocate(self._written)
        self._connector = Connector(ask, ssh_config)
        self._sessions = {
            name: Session(name, host.ssh, self._connector) for name, host in self.mesh.hosts.items()
        }
        self._keys = {n: h.public_key for n, h in self.mesh.hosts.items() if h.public_key}
        self._past = Past(lambda: self.mesh)

    def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        """Look at every host for ever, each every `interval()` seconds; none waits for another."""
        return self._past.recorded(watch(lambda: self.mesh, self._keys, self._sessions, interval))

    async def status(self) -> list[HostPolled]:
        """One look at every host."""

        async def one(session: Session) -> object:
            try:
                return await look(session, self.mesh.interface)
            except HostError as error:
                return error

        looks = await asyncio.gather(*(one(session) for session in self._sessions.values()))
        seen = dict(zip(self._sessions, looks, strict=True))
        # All keys first: a row is read by the keys of the others.
        for name, one_look in seen.items():
            live = getattr(one_look, "live", None)
            if live and live.public_key:
                self._keys[name] = live.public_key
        return [polled(self.mesh, self._keys, name, one) for name, one in seen.items()]  # type: ignore[arg-type]

    async def plan(self, *, prune: bool = False) -> Plan:
        """Look at all hosts and say what would change; `prune` removes unknown peers too."""
        self._refuse_stale()
        seen, (mesh, resolved, troubles) = await asyncio.gather(
            observe(self._sessions, self.mesh.interface), endpoints(self.mesh, self._connector)
        )
        # Whoever cannot be reached has the better reason.
        for name, error in troubles.items():
            if not isinstance(seen[name], HostError):
                seen[name] = error
        return make_plan(PlanInputs(mesh, self._written, seen, resolved, prune))

    async def apply(self, plan: Plan) -> AsyncIterator[Applied]:
        """Carry `plan` out and verify it. The last item is the ApplyResult."""
        self._refuse_stale()
        journal = Journal(self.mesh.name)
        work = Apply(plan, self._sessions, journal.append)
        with journal.alone():
            async for event in work.run():
                if isinstance(event, ApplyResult):
                    yield await self._ended(work.plan, event)
                else:
                    yield event

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            session.close()
        await asyncio.gather(self._connector.close(), self._past.close())

    def _refuse_stale(self) -> None:
        """MeshError where the file says something else by now: an old plan would undo it."""
        if load(self.path) != self._written:
            raise MeshError(
                f"{self.path} was changed since it was read: nothing was changed",
                hint="start meshtui again",
            )

    async def _ended(self, plan: Plan, result: ApplyResult) -> ApplyResult:
        try:
            await asyncio.to_thread(self._write_back, plan)
        except MeshError as error:
            # The hosts are changed all the same: their result must not get lost.
            return replace(result, failed={**result.failed, self.path.name: str(error)})
        return result

    def _write_back(self, plan: Plan) -> None:
        """What was found out goes into mesh.toml, as far as it is not there."""
        found = {
            name: Found(host.addresses, plan.public_keys.get(name))
            for name, host in self.mesh.hosts.items()
        }
        write_back(self.path, found)
        self._written = load(self.path)
        self.mesh = allocate(self._written)
        self._keys |= plan.public_keys

    # -- the past; see FleetApi

    def on_notice(self, say: Callable[[str], None]) -> None:
        """Have `say` told, once each, what goes wrong on this machine: no room for a history."""
        self._past.say = say

    async def moment(self, before: float | None = None, after: float | None = None) -> float | None:
        """The recorded moment next before, or after, the given one; None: there is none."""
        return await self._past.moment(before, after)

    async def past(self, at: float) -> list[HostPolled]:
        """Every host as it was last seen before `at`; hosts not seen then are left out."""
        return await self._past.past(at)

    async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
        """One direction since `since`, oldest first."""
        return await self._past.link_history(from_, to, since)

    async def last_worked(self, from_: str, to: str) -> float | None:
        """When this direction was last seen healthy."""
        return await self._past.last_worked(from_, to)

    async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
        """A host's traffic in steps of `step` seconds from `since` to now, oldest first."""
        return await self._past.traffic(host, since, step)
