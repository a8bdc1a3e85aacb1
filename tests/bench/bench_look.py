"""One look at every host of a formed lab, on kept connections.

    sudo .venv/bin/python tests/bench/bench_look.py [HOSTS]

Prints the wall time of a look at all hosts at once and the client's CPU time a host,
as median and 90th percentile of 20 rounds. Budget (50 hosts, 49 peers each, 2 cores):
150 ms and 2 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

ROUNDS = 20


async def measure(path: Path) -> None:
    from meshtui.fleet.fleet import Fleet
    from meshtui.fleet.look import look, polled

    async def no(_: object) -> bool:
        return False

    fleet = Fleet(path, no)
    sessions = list(fleet._sessions.values())
    peers = [len(one.live.peers) for one in await asyncio.gather(*map(_look(look), sessions))]
    walls, cpus = [], []
    for _ in range(ROUNDS):
        await asyncio.sleep(0.5)
        wall, cpu = time.perf_counter(), time.process_time()
        looks = await asyncio.gather(*map(_look(look), sessions))
        for session, seen in zip(sessions, looks, strict=True):
            polled(fleet.mesh, fleet._keys, session.name, seen)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000 / len(sessions))
    await fleet.close()
    print(f"{len(sessions)} hosts, {min(peers)} to {max(peers)} peers each, {ROUNDS} rounds")
    for what, unit, values in (
        ("wall, all hosts", "ms", walls),
        ("client CPU a host", "ms", cpus),
    ):
        tenths = statistics.quantiles(values, n=10)
        print(
            f"{what:<18} median {statistics.median(values):7.2f} {unit}"
            f"  best {min(values):7.2f}  p90 {tenths[8]:7.2f}"
        )


def _look(look):
    return lambda session: look(session, "wg0")


def main() -> None:
    if len(sys.argv) == 3:
        asyncio.run(measure(Path(sys.argv[2])))
        return
    from meshtui.lab.lab import Lab

    with Lab.up(int(sys.argv[1]) if len(sys.argv) > 1 else 50, name="look") as lab:
        lab.run(lab.meshtui("apply", "--yes"), check=True, timeout=300)
        # The handshakes of so many tunnels at once are not what is measured.
        time.sleep(15)
        inside = [sys.executable, str(Path(__file__).resolve()), "inside", lab.path / "mesh.toml"]
        print(lab.run(inside, check=True, timeout=300).stdout, end="")


if __name__ == "__main__":
    main()
