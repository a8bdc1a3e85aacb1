"""A demo without hosts: `StandIn`, which does what its faults say."""

from __future__ import annotations

from dataclasses import replace

from standin import StandIn, dead, make_drift, make_mesh, poll

from meshtui.fleet.events import ApplyResult, HostDrift, HostPolled, Keep, LinkStatus
from meshtui.plan.model import Plan
from meshtui.tui.demo.app import DemoApp

NAMES = ["fra-1", "fra-2", "nyc-1", "sgp-1"]


class Embedded:
    """Implements DemoApi: harms what `fleet` says of its hosts at the next `look`."""

    def __init__(self, fleet: StandIn | None = None) -> None:
        self.fleet = fleet or StandIn(make_mesh(names=NAMES))
        self.spares = {"sgp-2": "192.0.2.22:51820"}
        self.calls: list[str] = []
        self.formed = True
        self.down: set[str] = set()
        self.keys = 10
        """Which keys they have."""
        self.lost: set[tuple[str, str]] = set()
        """(who sees, whom): the entry is not there."""

    async def fault(self, kind: str, *hosts: str, on: bool = True) -> None:
        self.calls.append(f"{kind} {' '.join(hosts)} {'on' if on else 'off'}")
        if kind == "down":
            (self.down.add if on else self.down.discard)(*hosts)
        if kind == "forget":
            self.lost.add((hosts[0], hosts[1]))
            self.fleet.drifting.queue.put_nowait(make_drift(hosts[0]))
        self.look()

    def look(self) -> None:
        """Have every host tell what it sees."""
        if not self.fleet.auto:
            self.fleet.feed(*map(self.seen, self.fleet.mesh.hosts))

    def seen(self, name: str) -> HostPolled:
        if name in self.down:
            return dead(self.fleet.mesh, name, "no SSH answer within 10 s")
        event = poll(self.fleet.mesh, name, 3)
        links = tuple(map(self._link, event.links))
        state = event.host.state if self.formed else "no-interface"
        key = f"{name[:3]}{self.keys}{'k' * 38}=" if self.formed else None
        return HostPolled(replace(event.host, state=state, public_key=key), links)

    def _link(self, link: LinkStatus) -> LinkStatus:
        if not self.formed or (link.from_, link.to) in self.lost:
            return LinkStatus(link.from_, link.to, "missing")
        if link.to in self.down:
            return link._replace(state="stale", latest_handshake_age=31)
        return link


def demo_app(demo: Embedded, **more: object) -> DemoApp:
    """The app on it; its clocks stand still."""
    fleet = demo.fleet
    more.setdefault("now", lambda: fleet.now)
    more.setdefault("clock", lambda: 1000.0)
    return DemoApp(demo, fleet.mesh, fleet.open, **more)


class Whole(StandIn):
    """A fleet whose applies mend what the demo's faults did, and form what is bare."""

    demo: Embedded
    turn: int = 0

    def look(self, tick: int) -> list[HostPolled]:
        return [self.demo.seen(name) for name in self.mesh.hosts]

    async def apply(self, plan: Plan, keep: Keep | None = None):
        async for event in super().apply(plan, keep):
            if isinstance(event, ApplyResult):
                self.demo.formed = True
                self.demo.lost.clear()
                self.demo.keys += 1
                for host in self.mesh.hosts:
                    self.drifting.queue.put_nowait(HostDrift(host))
            yield event


def embedded_fleet() -> Embedded:
    """Bare hosts that can be formed."""
    fleet = Whole(make_mesh(names=NAMES), auto=True)
    fleet.demo = demo = Embedded(fleet)
    demo.formed = False
    return demo
