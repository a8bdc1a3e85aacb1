"""A mesh's hosts, reachable: what the command line and the screens drive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from meshtui.errors import HostError, MeshError, Unreachable
from meshtui.fleet.again import Again
from meshtui.fleet.apply import Applied, Apply
from meshtui.fleet.drafted import about, drafted, found_out, put_back, refuse_stale, write
from meshtui.fleet.drift import Drifting, refuse_shared
from meshtui.fleet.errands import Errands
from meshtui.fleet.events import ApplyResult, HostPolled, Keep
from meshtui.fleet.look import look_at_all
from meshtui.fleet.made import Made
from meshtui.fleet.meet import Sighted, find_out
from meshtui.fleet.observe import endpoints, observe, observe_one
from meshtui.fleet.past import Past
from meshtui.fleet.places import Places
from meshtui.fleet.receipt import refuse_breaking
from meshtui.fleet.reports import LinkSample, TrafficSample
from meshtui.fleet.session import Session
from meshtui.fleet.watch import watch
from meshtui.fleet.wayback import WITHIN, WayBack, refuse_no_way_back
from meshtui.fleet.who import who
from meshtui.mesh.addresses import allocate
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.model import Plan, PlanInputs
from meshtui.plan.planner import make_plan
from meshtui.plan.rotate import rotation
from meshtui.ssh.connect import AskHostKey, Connector
from meshtui.store.changes import Change, changes
from meshtui.store.document import read_text, stamp_of
from meshtui.store.edit import Draft
from meshtui.store.journal import Journal
from meshtui.store.meshfile import load, parse
from meshtui.store.write import Found, write_back

if TYPE_CHECKING:
    from meshtui.fleet.edits import Edit, Proposal
    from meshtui.fleet.reports import (
        CommandResult,
        Inspection,
        PathMtu,
        PingReport,
        RoundTrip,
        Standing,
    )


class Fleet:
    """The hosts of one `mesh.toml`. Close it when done."""

    def __init__(
        self,
        path: Path,
        ask: AskHostKey,
        ssh_config: Path | None = None,
        draft: Draft | None = None,
        made: Made | None = None,
    ) -> None:
        """Read `path`; `ask` decides on unknown host keys. FileError: the file is wrong.

        Nothing is connected before it is needed. With a `draft`, the mesh is what that
        says; `apply`, once, puts it into the file before all else. `made`: keys made for it.
        """
        self.path = path
        self._draft, self.made = draft, made
        self._ask, self._ssh_config = ask, ssh_config
        self._connector = Connector(ask, ssh_config)
        self._errands = Errands(self._connector)
        self._past = Past(lambda: self.mesh)
        self._again = Again(self._errands, self._past.tell)
        self.drifting = Drifting(self)
        self._sighted = Sighted()
        self._sessions: dict[str, Session] = {}
        self._keys: dict[str, str] = {}
        self.confirm_within = WITHIN
        """Seconds until hosts go back by themselves; 0: only when they are asked to."""
        self.read_only = False
        """Whether hosts behind NAT are left alone that have lost each other."""
        self.applying = False
        """Whether an apply is under way."""
        self.by_other: dict[frozenset[str], int] = {}  # since the last apply; see FleetApi
        self._places = Places(self._connector, lambda: self.drifting.soon(*self._sessions))
        self.mesh = self._written = Mesh("", ())
        self._read()
        self._reported = self._shape()
        """What whoever watches knows of."""

    def _read(self) -> None:
        """Take over what `path` says: hosts that are as before keep their connections."""
        stamp = stamp_of(self.path)
        written = self._load()
        mesh = replace(allocate(written), found=self.mesh.found)
        told = {host.name: host.public_key for host in self._written.hosts.values()}
        self._stamped, self._written, self.mesh = stamp, written, mesh
        hosts = mesh.hosts
        for name, session in list(self._sessions.items()):
            if name not in hosts or hosts[name].ssh != session.ssh:
                session.close()
                del self._sessions[name]
                self._keys.pop(name, None)
        for name, host in hosts.items():
            if name not in self._sessions:
                self._sessions[name] = Session(name, host.ssh, self._connector)
            # What the host says itself counts for more, once it did.
            if host.public_key and self._keys.get(name) == told.get(name):
                self._keys[name] = host.public_key

    def _load(self) -> Mesh:
        return parse(self._draft.after, self.path) if self._draft else load(self.path)

    def reload(self) -> bool:
        """Read mesh.toml again if it changed; whether `mesh` is another now.

        MeshError: the file is wrong, and everything stays as it was. An apply under way
        ends by the file that it began with.
        """
        if self.applying:
            return False
        stamp, before = stamp_of(self.path), self._written
        if stamp != self._stamped:
            try:
                self._read()
            except MeshError:
                # Told once: the same file is wrong in the same way.
                self._stamped = stamp
                raise
        # The end of an apply may have taken over hosts that were added meanwhile, and looks
        # tell who has met.
        reported, self._reported = self._reported, self._shape()
        return self._written != before or self._reported != reported

    def _shape(self) -> tuple[object, object]:
        return {name: host.ssh for name, host in self.mesh.hosts.items()}, self.mesh.found

    def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        """Look at every host for ever, each every `interval()` seconds; none waits for another."""

        def looked(event: HostPolled) -> None:
            self.drifting.looked(event)
            before, self.mesh = self.mesh, self._sighted.take(self.mesh, self._keys, event)
            if self.mesh is not before:  # another shape wants other peers of hosts
                self.drifting.soon(*self.mesh.hosts)
            if not (self.read_only or self.applying):
                self._again.looked(self.mesh, self._keys, event)

        looks = watch(lambda: self.mesh, self._keys, self._sessions, interval, looked)
        return self._past.recorded(looks)

    async def status(self, plan: Plan | None = None) -> list[HostPolled]:
        """One look at every host, or what a `plan` that was made just now saw of them."""
        self.mesh, polled = await look_at_all(self.mesh, self._keys, self._sessions, plan)
        return polled

    async def plan(
        self, *, prune: bool = False, only: str | None = None, renew_psk: Collection[str] = ()
    ) -> Plan:
        """Look at all hosts and say what would change; `prune` removes unknown peers too.

        With `only`, on that host alone. MeshError: that takes other hosts as well. Links of
        the hosts `renew_psk` get another preshared key.
        """
        inputs = await self._inputs()
        plan = make_plan(replace(inputs, prune=prune, only=only, renew_psk=frozenset(renew_psk)))
        if only:
            refuse_shared(plan, only)
        return plan

    async def plan_rotation(self, host: str) -> Plan:
        """Look at all hosts; how `host` gets another key. MeshError: it can't now."""
        self._host(host)
        return rotation(await self._inputs(), host)

    async def _inputs(self) -> PlanInputs:
        """All that a plan is made from, as it is now."""
        refuse_stale(self.path, self._load(), self._written)
        before = self.mesh
        seen, (mesh, resolved, troubles) = await asyncio.gather(
            observe(self._sessions, before), endpoints(before, self._connector)
        )
        mesh = replace(mesh, found=await find_out(mesh, seen, self._sessions, self.by_other))
        self.mesh = replace(before, found=mesh.found) if before.found != mesh.found else before
        self._places.took(self.mesh, mesh, resolved)
        # Whoever cannot be reached has the better reason.
        seen |= {n: why for n, why in troubles.items() if not isinstance(seen[n], HostError)}
        inputs = PlanInputs(mesh, self._written, seen, resolved)
        return drafted(inputs, self._draft, self.path, self.made)

    async def meet(
        self, calling: Callable[[Collection[frozenset[str]]], None] = lambda _: None
    ) -> Plan | None:
        """Have hosts behind NAT call each other; how those that met do without their relay.

        First, how files say which pairs use the other family now. None: nothing new follows.
        """
        from meshtui.fleet.meet import meet

        return await meet(self, self._sessions, calling)

    async def apply(self, plan: Plan, keep: Keep | None = None) -> AsyncGenerator[Applied, None]:
        """Carry `plan` out, verify it, and confirm it or take it back. Last: the ApplyResult.

        `keep` decides on that; without it, what makes nothing worse is kept.
        """
        refuse_stale(self.path, self._load(), self._written, plan)
        refuse_no_way_back(plan, self.confirm_within)
        refuse_breaking(plan)
        journal = Journal(self.mesh.name)
        with journal.alone():
            draft = self._draft
            back = WayBack(self.mesh.interface, self._sessions, self._fresh, self.confirm_within)
            work = Apply(plan, self._sessions, journal.note, back, self.made or Made(), keep)
            work.begin(about(self.path, draft, journal))
            if draft:
                write(self.path, draft, journal)
                self._draft, self._stamped = None, stamp_of(self.path)
            self.applying, told_all = True, False
            try:
                async with aclosing(work.run()) as events:
                    async for event in events:
                        if isinstance(event, ApplyResult):
                            told_all = True
                            yield await self._ended(work.plan, event, journal, draft)
                        else:
                            yield event
            finally:
                self.applying, self.by_other = False, work.by_other if work.kept else {}
                if draft and not (work.kept or told_all):
                    draft.take_back(self.path)
                self.drifting.soon(*self.mesh.hosts)

    async def standing(self) -> Standing | None:
        """The change that was broken off and not recovered since; None: there is none."""
        from meshtui.fleet.recover import standing

        return await asyncio.to_thread(standing, self.mesh.name)

    def recover(self) -> AsyncGenerator[Applied, None]:
        """Bring every host to all-new if any confirmed it, else to all-old. Last: the result."""
        from meshtui.fleet.recover import recover

        return recover(self)

    async def propose(self, edit: Edit) -> Proposal:
        """What `edit` would make of the mesh. MeshError: why it can't be made; nothing is asked."""
        from meshtui.fleet.edits import Proposal, draft, with_pair

        edit = with_pair(edit, made := Made())
        proposed = await asyncio.to_thread(draft, self.path, edit)
        fleet = Fleet(self.path, self._ask, self._ssh_config, proposed, made)
        return Proposal(fleet, edit, proposed)

    async def changes(self) -> list[Change]:
        """What was done to the mesh from this machine, oldest first."""
        return await asyncio.to_thread(lambda: changes(Journal(self.mesh.name).read()))

    def _fresh(self, name: str) -> Session:
        return self.session(name, self.mesh.hosts[name].ssh)

    def session(self, name: str, ssh: str) -> Session:
        """A connection to a host that the mesh has no more; whoever asks for it closes it."""
        return Session(name, ssh, self._connector)

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            session.close()
        await self._again.close()
        self._errands.close()
        await asyncio.gather(self._connector.close(), self._past.close())

    async def _ended(
        self, plan: Plan, result: ApplyResult, journal: Journal, draft: Draft | None
    ) -> ApplyResult:
        if result.reverted is not None:
            return put_back(self.path, draft, result)
        try:
            await asyncio.to_thread(self._write_back, plan, result.behind_nat)
            journal.note("file", file=journal.kept.keep(read_text(self.path)))
        except MeshError as error:
            # The hosts are changed all the same: their result must not get lost.
            return replace(result, failed={**result.failed, self.path.name: str(error)})
        return result

    def _write_back(self, plan: Plan, hidden: Collection[str] = ()) -> None:
        """What was found out goes into mesh.toml, as far as it is not there."""
        write_back(self.path, found_out(self.mesh, plan))
        self._read()
        self._keys |= plan.public_keys
        # By itself: mesh.toml may count on such a host, and has the keys all the same.
        if write_back(self.path, dict.fromkeys(hidden, Found(behind_nat=True))):
            self._read()

    # -- in depth, when a person asks; on channels of their own (see Errands)

    async def inspect(self, host: str) -> Inspection:
        """All about one host. HostError: it does not answer."""
        from meshtui.fleet.inspect import inspect

        target = self._host(host)
        inputs = await self.unasked()
        async with self._errands.on(target) as session:
            return await inspect(session, inputs)

    async def plan_of(self, host: str) -> Plan:
        """What a plan says of one host, the others not asked. HostError: it does not answer."""
        target = self._host(host)
        if self._sessions[host].failures:
            raise Unreachable("it can't be reached", host=host)
        inputs = await self.unasked()
        async with self._errands.on(target) as session:
            seen = await observe_one(session, self.mesh)
        return make_plan(replace(inputs, seen={**inputs.seen, host: seen}))

    async def unasked(self) -> PlanInputs:
        """What is known before a host is asked: the keys of all, as far as looks said them."""
        placed, resolved = await self._places.lately(self.mesh)
        hosts = {
            name: replace(one, public_key=self._keys.get(name))
            for name, one in placed.hosts.items()
        }
        seen = {name: Unreachable("it was not asked") for name in hosts}
        return PlanInputs(replace(placed, hosts=hosts), self._written, seen, resolved)

    def round_trips(self, hosts: Collection[str]) -> AsyncIterator[RoundTrip]:
        """Ping every member from each of `hosts`, over the mesh; each as it answers."""
        from meshtui.fleet.pings import round_trips

        there = [name for name in hosts if name in self.mesh.hosts]
        return round_trips(self.mesh, self._errands, there)

    async def ping(self, from_: str, to: str, count: int = 10) -> PingReport:
        """Ping over the mesh, `count` times, 0.2 s apart."""
        from meshtui.fleet.pings import ping

        self._host(from_), self._host(to)
        return await ping(self.mesh, self._errands, from_, to, count)

    async def path_mtu(self, from_: str, to: str) -> PathMtu:
        """Find the largest packet that gets through."""
        from meshtui.fleet.pings import path_mtu

        self._host(from_), self._host(to)
        return await path_mtu(self.mesh, self._keys, self._errands, from_, to)

    def run(self, hosts: Collection[str], command: str) -> AsyncIterator[CommandResult]:
        """Run a person's shell command as root on each of `hosts`, side by side.

        The journal says who did so when and where, not what: it may hold a secret.
        MeshError, before anything runs: the journal cannot be written, or a host is gone.
        """
        from meshtui.fleet.commands import run

        on = [self._host(name) for name in hosts]
        Journal(self.mesh.name).note("run", by=who(), hosts=list(hosts))
        return run(self._errands, on, command)

    def ssh_argv(self, host: str) -> list[str]:
        """The command that opens a shell on `host` as a person would, for this terminal."""
        return self._connector.ssh_argv(self._host(host).ssh)

    def _host(self, name: str) -> Host:
        """MeshError: a screen still shows it, and the file has it no more."""
        host = self.mesh.hosts.get(name)
        if host is None:
            raise MeshError(f"{name} is no longer in mesh.toml")
        return host

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
