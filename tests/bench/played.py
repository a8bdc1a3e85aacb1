"""The fleet of bench_grid.py, and the app: `played.py spread|burst|flood|idle HOSTS [only]`.

All that the hosts say is made before the first frame. `only`: `alone`, the
fleet without the app, or `undrawn`, the app, but what changes once all have answered is not drawn.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tui"), str(Path(__file__).parents[2])]

# A real fleet has it in memory, too.
import asyncssh  # noqa: E402, F401
from standin import StandIn, make_mesh, poll  # noqa: E402

from meshtui.fleet.events import HostPolled  # noqa: E402
from meshtui.mesh.model import Mesh  # noqa: E402
from meshtui.tui.looking import Looking  # noqa: E402
from meshtui.tui.meshes import Shown  # noqa: E402
from meshtui.tui.start import run  # noqa: E402

HEALTHY = ("up", "idle")
ALL = ("up", "stale", "up", "idle", "never")


def changing(mesh: Mesh, tick: int, states: Sequence[str] = HEALTHY) -> list[HostPolled]:
    """No cell reads, nor looks in a heat map, as a tick before: all differ, in every mode."""
    events = []
    rng = random.Random(7)
    for name in mesh.hosts:
        event = poll(mesh, name, tick * 65)
        links = tuple(
            link._replace(state=states[(rng.randrange(len(states)) + tick) % len(states)])  # type: ignore[arg-type]
            for link in event.links
        )
        events.append(HostPolled(event.host, links))
    return events


def flood(mesh: Mesh, tick: int) -> list[HostPolled]:
    """All 9,900 links of 100 hosts fall ill or recover, and the log tells of it."""
    return changing(mesh, tick, ALL)


def aging(mesh: Mesh, tick: int) -> list[HostPolled]:
    """Nothing happens: only handshakes grow older, and are renewed every two minutes."""
    return [
        HostPolled(
            event.host,
            tuple(
                link._replace(latest_handshake_age=((link.latest_handshake_age or 0) + tick) % 125)
                for link in event.links
            ),
        )
        for event in (poll(mesh, name, 0) for name in mesh.hosts)
    ]


class Played(StandIn):
    """Says the same few things over and over, to the second."""

    def __init__(self, mesh: Mesh, how: str) -> None:
        super().__init__(mesh)
        self.burst = how in ("burst", "flood")
        make, count = {"idle": (aging, 125), "flood": (flood, 5)}.get(how, (changing, 4))
        self.ticks = [make(mesh, tick) for tick in range(count)]

    async def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        start, second = time.monotonic(), 0
        while True:
            for number, event in enumerate(self.ticks[second % len(self.ticks)]):
                part = 0 if self.burst else number / len(self.mesh.hosts)
                wait = start + second + part - time.monotonic()
                if wait > 0:
                    await asyncio.sleep(wait)
                yield HostPolled(event.host, event.links, time.monotonic())
            second += 1


async def alone(fleet: Played) -> None:
    async for _ in fleet.watch(lambda: 1.0):
        pass


def draw_nothing_new() -> None:
    drawn = Looking._draw

    def draw(self: Looking, due: float) -> None:
        if self.live.answered < len(self.live.rows):
            drawn(self, due)
        self._due = None
        self._dirty.clear()
        self._news.clear()

    Looking._draw = draw  # type: ignore[method-assign]


if __name__ == "__main__":
    fleet = Played(make_mesh(int(sys.argv[2])), sys.argv[1])
    if "alone" in sys.argv:
        asyncio.run(alone(fleet))
    else:
        if "undrawn" in sys.argv:
            draw_nothing_new()
        sys.exit(run([Shown(fleet.mesh, fleet.open)]))
