"""Channels beside those of the looks, so that no look waits for a long answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from meshtui.fleet.session import Session
from meshtui.mesh.model import Host

if TYPE_CHECKING:
    from meshtui.ssh.connect import Connector

#: How long a channel that nobody uses is kept, in seconds: until drift is looked for again.
KEPT_SECONDS = 90.0

T = TypeVar("T")


class Errands:
    """Sessions for whatever a person asks in between: opened on demand, kept for a while.

    Each is a connection of its own, so sshd's MaxSessions leaves room for them, and the
    connector's limits keep within MaxStartups.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._idle: dict[tuple[str, str], tuple[Session, asyncio.TimerHandle]] = {}

    @asynccontextmanager
    async def on(self, host: Host) -> AsyncIterator[Session]:
        """A session with `host` that nobody else uses meanwhile."""
        key = host.name, host.ssh
        if key in self._idle:
            session, timer = self._idle.pop(key)
            timer.cancel()
        else:
            session = Session(host.name, host.ssh, self._connector)
        try:
            yield session
        finally:
            if key in self._idle:
                session.close()
            else:
                loop = asyncio.get_running_loop()
                self._idle[key] = session, loop.call_later(KEPT_SECONDS, self._drop, key)

    def close(self) -> None:
        """Close those that nobody uses."""
        for key in list(self._idle):
            self._drop(key)

    def _drop(self, key: tuple[str, str]) -> None:
        session, timer = self._idle.pop(key)
        timer.cancel()
        session.close()


async def as_they_come(work: Iterable[Coroutine[Any, Any, T]]) -> AsyncIterator[T]:
    """Do all of `work` side by side; the results in the order in which they come."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        for done in asyncio.as_completed(tasks):
            yield await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
