"""Hosts that can go back: armed before a change, then confirmed or taken back, each and all."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping

from meshtui.errors import (
    CommandFailed,
    Held,
    HostError,
    MeshError,
    Unreachable,
    UsageError,
)
from meshtui.fleet.session import Session
from meshtui.fleet.who import owner
from meshtui.plan.model import HostPlan, Plan

#: Seconds until hosts go back by themselves, unless they hear otherwise.
WITHIN = 60
#: Less than this leaves no time to confirm everywhere.
SHORTEST = 10
LONGEST = 86_400

_ARM_SECONDS = 20.0
_ASK_SECONDS = 10.0
_CONFIRM_SECONDS = 30.0
_REVERT_SECONDS = 40.0
#: What the end waits for hosts that dropped out, in seconds.
_FREE_SECONDS = 5.0
#: A first bring-up may take this much longer, in seconds: nothing ran there before.
_BRING_UP = 90


def refuse_no_way_back(plan: Plan, within: int) -> None:
    """UsageError where a host may be cut off, and would not go back by itself."""
    if plan.own_path and not within:
        raise UsageError(
            f"{', '.join(plan.own_path)}: reached through {plan.interface} itself, which changes:"
            " nothing was changed",
            hint=f"--confirm-within {SHORTEST} or more, so that it goes back by itself",
        )


def refused(held: Held) -> MeshError:
    """What to tell where another change is under way on a host."""
    return MeshError(
        f"{held.what}: nothing was changed",
        host=held.host,
        hint="wait for its end, then plan again; `meshtui recover --break ID` ends one whose"
        " meshtui is gone",
    )


class WayBack:
    """The lock and the way back of each host of one change."""

    def __init__(
        self,
        interface: str,
        sessions: Mapping[str, Session],
        fresh: Callable[[str], Session],
        within: int,
    ) -> None:
        """`fresh` gives a session that shares no connection. `within`: seconds; 0: hosts go
        back when they are asked to, only.
        """
        self.change = secrets.token_hex(4)
        """Its id, on the hosts too."""
        self.owner = owner()
        self.within = within
        self.armed: dict[str, float] = {}
        """Host -> when it goes back by itself, in seconds of the monotonic clock."""
        self._interface = interface
        self._sessions = sessions
        self._fresh = fresh
        self._new: dict[str, Session] = {}
        self._freeing: set[asyncio.Task[object]] = set()

    @property
    def until(self) -> float:
        """When the first of them goes back; infinity: none does."""
        return min(self.armed.values(), default=float("inf"))

    def seconds(self, host: HostPlan) -> int:
        """How long this host waits from now on before it goes back."""
        longer = _BRING_UP if host.work and host.work.bring_up else 0
        return self.within + longer if self.within else 0

    async def arm(self, host: HostPlan) -> None:
        """Lock a host and have it save what it is. Held: another change is under way there."""
        assert host.work
        seconds, start = self.seconds(host), time.monotonic()
        enable = "enable" if host.work.enable or host.work.bring_up else "-"
        args = (self.change, str(seconds), host.work.base, enable, self.owner)
        # Broken off, it may be armed all the same.
        self.armed[host.host] = self._end(start, seconds)
        try:
            await self._sessions[host.host].ask(
                "arm", self._interface, *args, deadline=_ARM_SECONDS
            )
        except HostError as error:
            if not isinstance(error, Unreachable):
                del self.armed[host.host]
            raise

    def put_off(self, host: HostPlan, start: float) -> None:
        """What was asked of the host at `start` also put its going back off."""
        self.armed[host.host] = self._end(start, self.seconds(host))

    async def connect_anew(self) -> dict[str, HostError]:
        """Put the going back off on all hosts, over connections that are made for it.

        Hosts that cannot be reached so, with the reason.
        """
        self._new = {name: self._fresh(name) for name in self.armed}
        return await self._all(self._put_off)

    async def ready(self) -> dict[str, HostError]:
        """Ask all hosts, right before, whether they can confirm; those that can't, with why."""

        async def one(name: str) -> HostError | None:
            return await self._put_off(name, "ready")

        return await self._all(one)

    async def _put_off(self, name: str, verb: str = "extend") -> HostError | None:
        start = time.monotonic()
        session = self._new.get(name) or self._sessions[name]
        try:
            await session.ask(
                verb, self._interface, self.change, str(self.within), deadline=_ASK_SECONDS
            )
        except HostError as error:
            return error
        # It may have been freed meanwhile.
        if name in self.armed:
            self.armed[name] = self._end(start, self.within)
        return None

    @contextlib.asynccontextmanager
    async def renewed(self, said: Callable[[float], None]) -> AsyncIterator[None]:
        """Put it off again and again meanwhile; `said` hears of each new `until`."""
        over = asyncio.Event()

        asked: dict[str, asyncio.Task[object]] = {}

        async def one(name: str) -> None:
            # Who does not answer shows when something is asked of it.
            await self._put_off(name)
            said(self.until)

        async def renew() -> None:
            while self.within and not over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), self.within / 3)
                    return
                # Each by itself: one that is busy keeps nobody else waiting.
                for name in self.armed:
                    if name not in asked or asked[name].done():
                        asked[name] = asyncio.create_task(one(name), name=f"renew {name}")

        task = asyncio.create_task(renew(), name="renew what hosts wait for")
        try:
            yield
        finally:
            # Broken off in the middle of an answer, a connection is of no more use.
            over.set()
            left = {task, *asked.values()}
            await asyncio.wait(left, timeout=1)
            for each in left:
                each.cancel()

    async def confirm(self, name: str) -> HostError | None:
        """The change stays on this host; or why it did not say so."""
        return await self._end_it("confirm", name, _CONFIRM_SECONDS)

    async def revert(self, name: str) -> HostError | None:
        """Take the change back on this host; or why it did not say so."""
        return await self._end_it("revert", name, _REVERT_SECONDS)

    def free(self, hosts: Iterable[str]) -> None:
        """Take it back on these, as far as they can be asked; nobody waits for them."""
        for name in hosts:
            self.armed.pop(name, None)
            self._freeing.add(asyncio.create_task(self.revert(name), name=f"free {name}"))

    async def close(self) -> None:
        """Close the connections that were made for it."""
        if self._freeing:
            await asyncio.wait(self._freeing, timeout=_FREE_SECONDS)
        for task in self._freeing:
            task.cancel()
        for session in self._new.values():
            session.close()
        self._new = {}

    async def _end_it(self, verb: str, name: str, deadline: float) -> HostError | None:
        """By the newest connection, and if that is dead, by another."""
        last: HostError | None = None
        ways = (self._new.get(name), self._sessions[name], None)
        for number, way in enumerate(ways):
            if way is None and number < len(ways) - 1:
                continue
            session = way or self._fresh(name)
            try:
                said = await session.ask(verb, self._interface, self.change, deadline=deadline)
            except HostError as error:
                last = error
                if not isinstance(error, Unreachable):
                    return error
                continue
            finally:
                if way is None:
                    session.close()
            self.armed.pop(name, None)
            if said.strip():
                # It is done, but for something that must be told.
                return CommandFailed(said.decode("utf-8", "replace").strip(), host=name)
            return None
        return last

    def _end(self, start: float, seconds: int) -> float:
        return start + seconds if seconds else float("inf")

    async def _all(self, one: Callable[[str], Awaitable[HostError | None]]) -> dict[str, HostError]:
        names = list(self.armed)
        said = await asyncio.gather(*(one(name) for name in names))
        return {name: error for name, error in zip(names, said, strict=True) if error}
