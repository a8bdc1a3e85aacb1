"""Looking at all hosts for ever: none waits for another."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

from meshtui.errors import HostError, Unreachable
from meshtui.fleet.events import HostPolled
from meshtui.fleet.look import Look, look, polled
from meshtui.fleet.session import Session
from meshtui.mesh.model import Mesh
from meshtui.wg.dump import LiveInterface

#: Whether a link sends without an answer is told by looks this far apart, in
#: seconds: WireGuard tries a handshake every 5 s.
_APART = 15.0


async def watch(
    mesh: Callable[[], Mesh],
    keys: dict[str, str],
    sessions: dict[str, Session],
    interval: Callable[[], float],
) -> AsyncIterator[HostPolled]:
    """One HostPolled per host and look, `interval()` seconds apart. Keys seen go into `keys`."""
    # Bounded: whoever draws may fall behind, and then every host waits a little.
    events: asyncio.Queue[HostPolled | Exception] = asyncio.Queue(maxsize=2 * len(sessions) + 1)

    async def guarded(session: Session) -> None:
        try:
            await _watch_one(mesh, keys, session, interval, events)
        except Exception as error:  # A fault of ours: raised where it is seen.
            await events.put(error)

    tasks = [asyncio.create_task(guarded(s), name=f"watch {s.name}") for s in sessions.values()]
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


async def _watch_one(
    mesh: Callable[[], Mesh],
    keys: dict[str, str],
    session: Session,
    interval: Callable[[], float],
    events: asyncio.Queue[HostPolled | Exception],
) -> None:
    baselines: list[tuple[float, LiveInterface]] = []
    while True:
        start = time.monotonic()
        seen: Look | HostError
        try:
            seen = await look(session, mesh().interface)
        except HostError as error:
            seen = error
        if isinstance(seen, Look) and seen.live:
            if seen.live.public_key:
                keys[session.name] = seen.live.public_key
            if not baselines or start - baselines[-1][0] >= _APART:
                baselines = [*baselines[-1:], (start, seen.live)]
        before = baselines[0][1] if baselines else None
        await events.put(polled(mesh(), keys, session.name, seen, before))
        wait = max(interval() - (time.monotonic() - start), 0.05)
        if isinstance(seen, HostError):
            # A lost line is tried again at once; a login that failed, later and later.
            wait = max(wait, session.backoff() * random.uniform(0.8, 1.2))  # noqa: S311
            if isinstance(seen, Unreachable) and not session.failures:
                wait = 0.2
        await asyncio.sleep(wait)
