"""Try the screens by hand, without hosts.

python tests/tui/play.py [HOSTS] [--ask] [--broken] [--two]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from standin import StandIn, confirmed, dead, make_mesh, poll  # noqa: E402

from meshtui.errors import MeshError, UnknownHostKey  # noqa: E402
from meshtui.fleet.events import HostPolled, Keep  # noqa: E402
from meshtui.fleet.reports import Standing  # noqa: E402
from meshtui.plan.model import Plan  # noqa: E402
from meshtui.tui.meshes import Shown  # noqa: E402
from meshtui.tui.start import run  # noqa: E402

WITHIN = 60.0
"""Seconds after which hosts go back by themselves."""
HARM = (
    "server-b does not reach server-c any more: no handshake within 5 s (is UDP let through?)",
    "server-d answers no ping from server-a any more",
)


class Play(StandIn):
    """The third host is dead from the fifth look on; one link goes quiet, one peer is missing.

    Every second change makes something worse.
    """

    def apply(self, plan: Plan, keep: Keep | None = None):
        worse = HARM if self.calls.count("apply") % 2 else ()
        self.apply_events = confirmed(plan, time.monotonic() + WITHIN, worse)
        return super().apply(plan, keep)

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
    if "--broken" in sys.argv:
        names = list(fleet.mesh.hosts)
        text = f"change 12 by jo DIVERGED: {names[0]}, {names[1]} did not confirm what others did"
        fleet.broken_off = Standing(12, "jo", "2026-11-22T12:00:00Z", tuple(names[:2]), text)
    try:
        office = Play(make_mesh(4, "office"), auto=True, pace=0.15)
        both = [fleet, office] if "--two" in sys.argv else [fleet]
        sys.exit(run([Shown(one.mesh, one.open) for one in both]))
    except MeshError as error:
        sys.exit(str(error))
