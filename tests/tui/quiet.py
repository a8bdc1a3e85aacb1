"""A mesh on which nothing happens, until its file says so: `quiet.py HOSTS FILE`.

Every host answers four times a second, always the same, but for one direction that is stale
while FILE exists.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from standin import StandIn, make_mesh, poll  # noqa: E402

from meshtui.fleet.events import HostPolled  # noqa: E402
from meshtui.tui.meshes import Shown  # noqa: E402
from meshtui.tui.start import run  # noqa: E402


class Quiet(StandIn):
    async def watch(self, interval: Callable[[], float]) -> AsyncIterator[HostPolled]:
        names = list(self.mesh.hosts)
        while True:
            for name in names:
                host, links = (event := poll(self.mesh, name)).host, list(event.links)
                if name == names[5] and Path(sys.argv[2]).exists():
                    links[3] = links[3]._replace(state="stale", latest_handshake_age=400)
                yield HostPolled(host, tuple(links), time.monotonic())
            await asyncio.sleep(0.25)


if __name__ == "__main__":
    fleet = Quiet(make_mesh(int(sys.argv[1])))
    sys.exit(run([Shown(fleet.mesh, fleet.open)]))
