"""Looking at all hosts for ever: none waits for another."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

from meshtui.errors import HostError, Refused, Unreachable
from meshtui.fleet.events import HostPolled
from meshtui.fleet.look import Look, look, polled
from meshtui.fleet.session import Session
from meshtui.mesh.model import Mesh
from meshtui.wg.health import trace

#: A host that takes longer to answer, in seconds, is shown as one that does not.
LATE_SECONDS = 1.5
#: A host that was there and is gone is tried again this often, for so long, in seconds:
#: most come back soon, from a reboot or as the network does.
_SOON, _SOON_FOR = 2.0, 60.0


async def watch(
    mesh: Callable[[], Mesh],
    keys: dict[str, str],
    sessions: dict[str, Session],
    interval: Callable[[], float],
    also: Callable[[HostPolled], None] = lambda _: None,
) -> AsyncIterator[HostPolled]:
    """One HostPolled per host and look, `interval()` seconds apart. Keys seen go into `keys`.

    `also` is told of each, too.
    """
    # Bounded: whoever draws may fall behind, and then every host waits a little.
    events: asyncio.Queue[HostPolled | Exception] = asyncio.Queue(maxsize=2 * len(sessions) + 1)

    async def guarded(name: str) -> None:
        try:
            await _watch_one(name, mesh, keys, sessions, interval, events)
        except Exception as error:  # A fault of ours: raised where it is seen.
            await events.put(error)

    tasks = [asyncio.create_task(guarded(name), name=f"watch {name}") for name in sessions]
    try:
        while True:
            event = await events.get()
            if isinstance(event, Exception):
                raise event
            also(event)
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch_one(
    name: str,
    mesh: Callable[[], Mesh],
    keys: dict[str, str],
    sessions: dict[str, Session],
    interval: Callable[[], float],
    events: asyncio.Queue[HostPolled | Exception],
) -> None:
    there: float | None = None
    """When it last answered."""
    answers = False
    session = sessions[name]
    due = time.monotonic()
    # A new mesh.toml may leave the host out, or reach it elsewhere: then this is over.
    while sessions.get(name) is session:
        start = time.monotonic()
        asking = asyncio.create_task(_look(session, mesh().interface), name=f"look at {name}")
        try:
            if answers and await _is_late(session, asking) and sessions.get(name) is session:
                late = Unreachable(f"no answer for {LATE_SECONDS:g} s, still waiting")
                await events.put(polled(mesh(), keys, name, late))
            seen = await asking
        finally:
            if not asking.done():
                asking.cancel()
                await asyncio.wait({asking})
        now = time.monotonic()
        if sessions.get(name) is not session:
            return
        if isinstance(seen, Look) and seen.live:
            if seen.live.public_key:
                keys[name] = seen.live.public_key
            session.traces = {
                key: trace(session.traces.get(key), peer, now, seen.clock)
                for key, peer in seen.live.peers.items()
            }
        answers = not isinstance(seen, Unreachable | Refused)
        there = now if answers else there
        await events.put(polled(mesh(), keys, name, seen, session.traces, now))
        # From when this look was due: it may have begun late, and the next is not to, too.
        wait = max(due + interval() - time.monotonic(), 0.05)
        if isinstance(seen, HostError):
            # A lost line is tried again at once; a login that failed, later and later.
            wait = max(wait, session.backoff() * random.uniform(0.8, 1.2))  # noqa: S311
            if isinstance(seen, Unreachable) and not session.failures:
                wait = 0.2
            elif isinstance(seen, Unreachable) and there is not None and now - there < _SOON_FOR:
                wait = min(wait, max(0.2, _SOON - (now - start)))
        due = time.monotonic() + wait
        await asyncio.sleep(wait)


async def _is_late(session: Session, asking: asyncio.Task[Look | HostError]) -> bool:
    """Whether the host takes long. True as soon as it does, False once it has answered."""
    while True:
        left = LATE_SECONDS - session.waits("look")
        if left <= 0:
            return True
        await asyncio.wait({asking}, timeout=left)
        if asking.done():
            return False


async def _look(session: Session, interface: str) -> Look | HostError:
    try:
        return await look(session, interface)
    except HostError as error:
        return error
