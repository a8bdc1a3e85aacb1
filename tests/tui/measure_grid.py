"""CPU of a refresh of the grid, every cell changed: `python tests/tui/measure_grid.py [HOSTS]`."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from standin import StandIn, make_mesh, poll  # noqa: E402

from meshtui.tui.app import MeshApp  # noqa: E402


async def measure(count: int, rounds: int = 15) -> None:
    fleet = StandIn(make_mesh(count))
    app = MeshApp(fleet.mesh, fleet.open)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.pause(0.5)
        for mode in ("age", "rx"):
            spent = []
            for tick in range(rounds):
                # 65 s apart: no cell reads as before, in either mode.
                events = [poll(fleet.mesh, name, tick * 65) for name in fleet.mesh.hosts]
                await asyncio.sleep(0.25)
                before = time.process_time()
                fleet.feed(*events)
                await asyncio.sleep(0.5)
                spent.append((time.process_time() - before) * 1000)
            low, middle, high = min(spent), statistics.median(spent), max(spent)
            print(f"{count} hosts, {mode}: {middle:.1f} ms [{low:.1f}-{high:.1f}] per refresh")
            await pilot.press("m")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
