"""What recording a mesh costs, and how fast its past is told.

    .venv/bin/python -m tests.bench.bench_history [HOSTS] [HOURS]

A full mesh, a fifth of its links busy, each host looked at every ten seconds for HOURS
(26), clocks apart from the machine's. Through `Past`, as the watch does it.
Budget (100 hosts): 0.5 % of a core, 50 ms of CPU an answer, 64 MiB for a month.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_interface, ip_network
from pathlib import Path

from meshtui.fleet.events import HostPolled, HostStatus, LinkStatus
from meshtui.fleet.past import STEP, Past
from meshtui.mesh.model import Host, Mesh
from meshtui.store.history import LIMIT
from meshtui.store.thin import TIERS

CPU, ANSWER = 0.5, 50.0
"""Per cent of a core; milliseconds."""
#: Seconds at the end that are looked at as often as they would be, and before that once a
#: minute; still earlier, a look in five minutes is enough for what is left of it.
FINE, COARSE = 3600, 3 * 3600
ROUNDS = 15


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Hosts:
    """Counters that move as those of real links do."""

    def __init__(self, mesh: Mesh) -> None:
        self.names = list(mesh.hosts)
        self._random = random.Random(1)
        self._links = {
            name: [
                [to, self._rate(), *(self._random.randrange(10**5, 10**10) for _ in range(2))]
                for to in self.names
                if to != name
            ]
            for name in self.names
        }

    def _rate(self) -> float:
        return 10 ** self._random.uniform(3, 7) if self._random.random() < 0.2 else 0.0

    def looks(self, now: float, seconds: float) -> list[HostPolled]:
        return [self._look(name, now, seconds) for name in self.names]

    def _look(self, name: str, now: float, seconds: float) -> HostPolled:
        links = []
        quiet = 32 * round(seconds / 25)
        for place, link in enumerate(self._links[name]):
            to, rate, *_ = link
            for counter in (2, 3):
                link[counter] += int(rate * seconds * self._random.uniform(0.2, 2)) + quiet
            age = (int(now) + 7 * place) % 125
            links.append(LinkStatus(name, to, "up", age, link[2], link[3], "203.0.113.1:51820"))
        return HostPolled(HostStatus(name, "up", ("10.0.0.1",), None, 51820), tuple(links))


async def record(past: Past, clock: Clock, hosts: Hosts, seconds: float, step: float) -> float:
    """Play so many seconds; the CPU time that it took to record them, in all threads."""
    cpu, end = 0.0, clock.now + seconds
    while clock.now < end:
        clock.now += step
        looks = hosts.looks(clock.now, step)
        before = time.process_time()
        for look in looks:
            past.take(look)
        if past._writing is not None:
            await asyncio.wrap_future(past._writing)
        cpu += time.process_time() - before
    return cpu


async def timed(what: str, ask: Callable[[int], Awaitable[object]]) -> float:
    """`ask` gets seconds to go back further: what stands first in a row is told sooner."""
    walls, times = [], []
    for number in range(ROUNDS):
        wall, start = time.perf_counter(), time.process_time()
        found = await ask(137 * number)
        times.append((time.process_time() - start) * 1000)
        walls.append((time.perf_counter() - wall) * 1000)
    size = f"{len(found)} values" if isinstance(found, list) else "one value"
    print(
        f"{what:<36} median {statistics.median(times):6.1f} ms of CPU"
        f"  best {min(times):6.1f}  worst {max(times):6.1f}"
        f"  median wall {statistics.median(walls):6.1f}  {size}"
    )
    return statistics.median(times)


async def main(count: int, hours: float) -> int:
    mesh = Mesh(
        "bench",
        (ip_network("10.0.0.0/16"),),
        hosts={
            f"node-{n:03}": Host(
                f"node-{n:03}", "root@x", (ip_interface(f"10.0.{n // 250}.{n % 250 + 1}/16"),)
            )
            for n in range(count)
        },
    )
    first, last = next(iter(mesh.hosts)), list(mesh.hosts)[-1]
    clock, hosts = Clock(), Hosts(mesh)
    with tempfile.TemporaryDirectory() as folder:
        past = Past(lambda: mesh, directory=Path(folder), clock=clock)
        past.say = print
        print(f"{count} hosts, {count * (count - 1)} directions")
        await record(past, clock, hosts, hours * 3600 - COARSE - FINE, 300)
        await record(past, clock, hosts, COARSE, 60)
        cpu = await record(past, clock, hosts, FINE, STEP)
        share = 100 * cpu / FINE
        print(f"recording: {share:.2f} % of a core, {1000 * cpu / FINE * 60:.0f} ms a minute")
        await past.close()

        file = Path(folder) / "bench" / "history.sqlite"
        size, looks = await asyncio.to_thread(measure, file)
        a_look = size / looks
        month = (
            count
            * a_look
            * (
                sum(
                    (tier.keep - before) / tier.step
                    for before, tier in zip(
                        (0, *(tier.keep for tier in TIERS)), TIERS, strict=False
                    )
                )
            )
        )
        print(
            f"the file: {size / 2**20:.1f} MiB of {LIMIT / 2**20:.0f}, {a_look:.0f} bytes a look"
            f" at a host, {a_look / (count - 1):.1f} a direction;"
            f" a month: about {month / 2**20:.0f} MiB"
        )

        past = Past(lambda: mesh, directory=Path(folder), clock=clock)
        now, day = clock.now, 86400
        del hosts  # as many objects as that keep the garbage collector busy
        answers = [
            await timed("past, just now", lambda back: past.past(now - 60 - back / 4)),
            await timed("past, two hours ago", lambda back: past.past(now - 7200 - back)),
            await timed("past, twenty hours ago", lambda back: past.past(now - 20 * 3600 - back)),
            await timed("moment before", lambda _: past.moment(before=now - 7200)),
            await timed("link_history, a day", lambda _: past.link_history(first, last, now - day)),
            await timed("traffic, a day in 15 min", lambda _: past.traffic(first, now - day, 900)),
            await timed("traffic, 15 min in 10 s", lambda _: past.traffic(first, now - 900, 10)),
            await timed("last_worked, a link that works", lambda _: past.last_worked(first, last)),
            await timed(
                "last_worked, a link that never was", lambda _: past.last_worked(first, "-")
            ),
        ]
        await past.close()
    worst = max(answers)
    print(f"budget: {CPU} % of a core and {ANSWER:.0f} ms; it was {share:.2f} % and {worst:.0f} ms")
    return 0 if count != 100 or (share <= CPU and worst <= ANSWER) else 1


def measure(file: Path) -> tuple[int, int]:
    """Bytes of the file, and looks in it."""
    import sqlite3

    from meshtui.store.samples import Run

    connection = sqlite3.connect(file)
    looks = sum(
        len(Run(packed).times) for (packed,) in connection.execute("SELECT packed FROM runs")
    )
    connection.close()
    return file.stat().st_size, looks


if __name__ == "__main__":
    arguments = sys.argv[1:]
    hosts_ = int(arguments[0]) if arguments else 100
    hours_ = float(arguments[1]) if len(arguments) > 1 else 26
    sys.exit(asyncio.run(main(hosts_, hours_)))
