"""A slower look beside the fast one: what each host has otherwise than `mesh.toml` says."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Collection
from typing import TYPE_CHECKING

from meshtui.errors import HostError, MeshError, UsageError
from meshtui.fleet.events import HostDrift, HostPolled
from meshtui.plan.drift import Drift, drifts
from meshtui.plan.model import Plan
from meshtui.store.adopt import adopt
from meshtui.store.ignored import Ignored
from meshtui.wg.dump import LiveInterface

if TYPE_CHECKING:
    from meshtui.fleet.fleet import Fleet

#: Seconds between two such looks at a host; of a large mesh, one host a second.
DRIFT_EVERY = 60.0
#: So many hosts are asked at once, and each so soon again at the earliest, in seconds.
AT_ONCE, SOONEST = 4, 2.0


def drift_of(plan: Plan, name: str, ignored: Collection[str]) -> HostDrift:
    """What a plan says of one host."""
    assert plan.inputs
    seen = plan.inputs.seen[name]
    problem = next(host.problem for host in plan.hosts if host.host == name)
    error = seen.why if isinstance(seen, HostError) else problem
    found = drifts(plan, name)
    return HostDrift(name, found, frozenset(one.id for one in found if one.id in ignored), error)


def refuse_shared(plan: Plan, name: str) -> None:
    """MeshError where what is to be done on one host takes others as well."""
    work = next(host.work for host in plan.hosts if host.host == name)
    text = work.template or "" if work else ""
    if work and (work.make_key or "@psk:" in text or "@public:" in text):
        raise MeshError(
            f"{name} needs a key that other hosts must learn of: it can't be changed alone",
            hint="meshtui apply",
        )


class Drifting:
    """Of one fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._due: dict[str, asyncio.Event] = {}
        self._seen: dict[str, LiveInterface | None] = {}

    async def once(self) -> list[HostDrift]:
        """Ask every host."""
        return self.of(await self._fleet.plan())

    def of(self, plan: Plan) -> list[HostDrift]:
        """What a plan says of every host."""
        ignored = self._ignored.read()
        return [drift_of(plan, name, ignored) for name in self._fleet.mesh.hosts]

    def adopt(self, drift: Drift) -> None:
        """Have `mesh.toml` say what the host has. MeshError: it can't, and why."""
        if drift.adopt is None:
            raise UsageError(
                f"{drift.what} of {drift.host} can't be adopted: mesh.toml has no word for it",
                hint="repair it, or ignore it",
            )
        if self._fleet.applying:
            raise MeshError("an apply is under way: nothing was written", hint="wait for its end")
        adopt(self._fleet.path, *drift.adopt).write(self._fleet.path)

    def ignore(self, drift: Drift) -> None:
        """Hear no more of it, on this machine."""
        self._ignored.add(drift.id, f"{drift.host}: {drift.what}")

    def heed(self, id_: str) -> None:
        """Hear of it again. UsageError: it is not ignored."""
        if not self._ignored.remove(id_):
            raise UsageError(f"no drift {id_!r} is ignored: nothing was changed")

    @property
    def _ignored(self) -> Ignored:
        return Ignored(self._fleet.mesh.name)

    # -- for ever

    def soon(self, *hosts: str) -> None:
        """Ask these hosts as soon as may be."""
        for name in hosts:
            if name in self._due:
                self._due[name].set()

    def looked(self, event: HostPolled) -> None:
        """Take a look in: the first of a host, and each that shows another interface, is news."""
        name, live = event.host.name, event.host.live
        if live is not None and (name not in self._seen or _changed(self._seen[name], live)):
            self.soon(name)
        if event.host.state in ("up", "no-interface"):
            self._seen[name] = live

    async def watch(self) -> AsyncIterator[HostDrift]:
        """What is found, host by host, for ever; the first of each after its first look."""
        events: asyncio.Queue[HostDrift | Exception] = asyncio.Queue()
        turns = asyncio.Semaphore(AT_ONCE)
        self._seen.clear()
        self._due = {name: asyncio.Event() for name in self._fleet.mesh.hosts}

        async def one(name: str) -> None:
            try:
                await self._one(name, self._due[name], turns, events)
            except Exception as error:  # A fault of ours: raised where it is seen.
                await events.put(error)

        tasks = [asyncio.create_task(one(name), name=f"drift of {name}") for name in self._due]
        try:
            while True:
                event = await events.get()
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(
        self,
        name: str,
        due: asyncio.Event,
        turns: asyncio.Semaphore,
        events: asyncio.Queue[HostDrift | Exception],
    ) -> None:
        while True:
            every = max(DRIFT_EVERY, float(len(self._due)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every * random.uniform(0.9, 1.1)):  # noqa: S311
                    await due.wait()
            due.clear()
            async with turns:
                if name not in self._fleet.mesh.hosts:
                    return
                # What is half done is no drift; its end is told by `soon`.
                if not self._fleet.applying:
                    found = await self._ask(name)
                    if not self._fleet.applying:
                        await events.put(found)
            await asyncio.sleep(SOONEST)

    async def _ask(self, name: str) -> HostDrift:
        try:
            return drift_of(await self._fleet.plan_of(name), name, self._ignored.read())
        except HostError as error:
            return HostDrift(name, error=error.why)
        except MeshError as error:
            return HostDrift(name, error=str(error))
        except ValueError as error:
            return HostDrift(name, error=f"an answer that makes no sense: {error}")


def _changed(was: LiveInterface | None, now: LiveInterface) -> bool:
    """Whether somebody set it otherwise: not who talks, nor from where."""
    if was is None or (was.public_key, was.listen_port, was.fwmark) != (
        now.public_key,
        now.listen_port,
        now.fwmark,
    ):
        return True
    if was.peers.keys() != now.peers.keys():
        return True
    for key, peer in now.peers.items():
        before = was.peers[key]
        if (
            before.allowed_ips != peer.allowed_ips
            or before.persistent_keepalive != peer.persistent_keepalive
            or before.preshared != peer.preshared
        ):
            return True
    return False
