"""Try the screens by hand, without hosts: `python tests/tui/play.py [HOSTS]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from standin import StandIn, dead, make_mesh, poll  # noqa: E402

from meshtui.errors import MeshError, UnknownHostKey  # noqa: E402
from meshtui.fleet.events import HostPolled  # noqa: E402
from meshtui.tui.start import run  # noqa: E402


class Play(StandIn):
    """The third host is dead from the fifth look on; one link goes quiet, one peer is missing."""

    def look(self, tick: int) -> list[HostPolled]:
        names = list(self.mesh.hosts)
        polled = []
        for i, name in enumerate(names):
            if tick < i * 4 / len(names):
                continue
            if i == 2 and tick > 4:
                why = "no SSH answer from 203.0.113.3:22 within 10 s\nTry: ssh root@203.0.113.3"
                polled.append(dead(self.mesh, name, why))
                continue
            event = poll(self.mesh, name, tick)
            links = list(event.links)
            if i == 0:
                links[0] = links[0]._replace(state="stale", latest_handshake_age=400 + tick)
                links[-1] = links[-1]._replace(state="missing")
            if i == 1 and len(links) > 2:
                links[2] = links[2]._replace(state="never", latest_handshake_age=None)
                links[0] = links[0]._replace(state="idle", latest_handshake_age=7200)
            polled.append(HostPolled(event.host, tuple(links)))
        return polled


if __name__ == "__main__":
    fleet = Play(make_mesh(int(sys.argv[1]) if len(sys.argv) > 1 else 6), auto=True, pace=0.15)
    if "--ask" in sys.argv:
        fleet.asked = [
            UnknownHostKey(
                f"its ED25519 key is in no known_hosts file ({n})",
                host=f"server-{n}",
                hint="yes adds it to your known_hosts",
                fingerprint="SHA256:7nUO0yQ0l7Jm3oPq0yWcB1mVd3uJr8d2nq5C9m3f5aQ",
            )
            for n in "ab"
        ]
    try:
        sys.exit(run(fleet.mesh, fleet.open))
    except MeshError as error:
        sys.exit(str(error))
