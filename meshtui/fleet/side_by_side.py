"""One thing done on many hosts at once, told as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

from meshtui.errors import HostError
from meshtui.fleet.events import Armed, Phase, Progress
from meshtui.mesh.model import Mesh
from meshtui.plan.model import HostPlan


class SideBySide:
    """Runs phases, and hands on what they tell."""

    def __init__(self, note: Callable[..., None]) -> None:
        """`note`: the journal's."""
        self._note = note
        self._events: asyncio.Queue[Progress | Armed] = asyncio.Queue()

    def tell(self, event: Progress | Armed) -> None:
        """Have it among the events that come while something is done."""
        self._events.put_nowait(event)

    async def each(
        self, phase: Phase, hosts: Iterable[HostPlan], do: Callable[[HostPlan], Awaitable[None]]
    ) -> dict[str, HostError]:
        """`do` on all hosts; those that failed, with the reason."""
        failed: dict[str, HostError] = {}

        async def one(host: HostPlan) -> None:
            self.tell(Progress(host.host, phase, "running"))
            try:
                await do(host)
            except HostError as error:
                failed[host.host] = error
                self._note("failed", host=host.host, phase=phase, why=error.why)
                self.tell(Progress(host.host, phase, "failed", error.why))
            else:
                self.tell(Progress(host.host, phase, "done"))

        # A fault of ours in one must not cut the others off in the middle of a change.
        for done in await asyncio.gather(*(one(host) for host in hosts), return_exceptions=True):
            if isinstance(done, BaseException):
                raise done
        return failed

    async def during(
        self, work: Awaitable[None], *, whole: bool = False
    ) -> AsyncIterator[Progress | Armed]:
        """The events that come while `work` is done; begun, a `whole` one is never broken off."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done() or not self._events.empty():
                getter = asyncio.ensure_future(self._events.get())
                await asyncio.wait({task, getter}, return_when=asyncio.FIRST_COMPLETED)
                if getter.done():
                    yield getter.result()
                else:
                    getter.cancel()
            await task
        finally:
            if not whole:
                task.cancel()
            # What is under way on the hosts is let go of before anything else is asked.
            await asyncio.wait({task})


def waves(hosts: Sequence[HostPlan], mesh: Mesh) -> list[list[HostPlan]]:
    """One after the other: those that the operator's own way leads through come last.

    Before them, where a host comes up, those behind NAT: they call it at once, and if it is
    not there yet, not again for five seconds.
    """
    coming = any(host.work and host.work.bring_up for host in hosts)

    def turn(host: HostPlan) -> int:
        member = mesh.hosts.get(host.host)
        return 2 if host.own_path else 1 if coming and member and member.behind_nat else 0

    turns: tuple[list[HostPlan], ...] = ([], [], [])
    for host in hosts:
        turns[turn(host)].append(host)
    return [wave for wave in turns if wave]
