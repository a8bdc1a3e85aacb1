"""A fleet with a story, always the same: for pictures, and for a look at a screen.

Eight servers of three providers. `sgp-2` is down; what `lon-1` sends to `nyc-2` gets
through, and nothing comes back; `ams-1` and `sgp-1` have lost each other.
"""

from __future__ import annotations

import base64
import hashlib
import math
import sys
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from ipaddress import ip_interface, ip_network
from pathlib import Path

from standin import Applying, StandIn, dead

from meshtui.errors import HostState
from meshtui.fleet.events import (
    ApplyResult,
    Armed,
    DirectionVerified,
    HostPolled,
    HostStatus,
    Keep,
    LinkStatus,
    Phase,
    Progress,
)
from meshtui.fleet.reports import Inspection, LinkSample, RoundTrip, TrafficSample
from meshtui.mesh.model import Host, Mesh
from meshtui.plan.model import Plan
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.health import LinkState

sys.path.append(str(Path(__file__).parents[2]))

from tests.plan.sim import Box, Sim

#: Where they are, for round trips that a person believes: degrees north and east.
CITIES = {
    "fra": (50, 9),
    "ams": (52, 5),
    "lon": (51, 0),
    "nyc": (41, -74),
    "sfo": (38, -122),
    "sgp": (1, 104),
    "syd": (-34, 151),
    "sao": (-24, -47),
    "tyo": (36, 140),
    "jnb": (-26, 28),
}
#: Where the host is that joins.
WARSAW = (52, 21)
NAMES = ("fra-1", "fra-2", "ams-1", "lon-1", "nyc-1", "nyc-2", "sgp-1", "sgp-2")
DOWN = "no SSH answer from 203.0.113.82:22 within 10 s\nTry: ssh root@sgp-2.example.net"
NOW = 1_800_000_000.0
"""Epoch seconds at which the story stands still."""


def number(*words: object) -> int:
    """A number that looks like chance, and is always the same for the same words."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:4], "big")


def key(name: str) -> str:
    """What looks like the public key of `name`."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def story_mesh(names: Collection[str] = NAMES) -> Mesh:
    hosts = {}
    for i, name in enumerate(names):
        provider = ("192.0.2", "198.51.100", "203.0.113")[i % 3]
        hosts[name] = Host(
            name=name,
            ssh=f"root@{name}.example.net",
            addresses=(ip_interface(f"10.20.0.{i + 1}/24"),),
            endpoint=Endpoint(f"{provider}.{10 + i}", 51820),
            public_key=key(name),
        )
    return Mesh(name="prod", networks=(ip_network("10.20.0.0/24"),), hosts=hosts)


def hundred() -> Mesh:
    """Ten servers in each of ten cities."""
    return story_mesh([f"{city}-{i:02}" for city in CITIES for i in range(1, 11)])


def milliseconds(a: str, b: str) -> float:
    """A round trip between two hosts, by how far their cities lie apart."""
    places = (CITIES.get(name[:3], WARSAW) for name in (a, b))
    (lat1, lon1), (lat2, lon2) = (
        (math.radians(north), math.radians(east)) for north, east in places
    )
    cosine = math.sin(lat1) * math.sin(lat2)
    cosine += math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
    return 0.3 + 6371 * math.acos(max(-1, min(1, cosine))) / 62 + number(a, b) % 40 / 20


def joining() -> Plan:
    """The real plan for `waw-1`, which joins the mesh; `sgp-2` cannot be asked."""
    mesh = story_mesh(["waw-1", *NAMES])
    fresh = {name: replace(host, public_key=None) for name, host in mesh.hosts.items()}
    sim = Sim(replace(mesh, hosts=fresh), {name: Box() for name in mesh.hosts})
    sim.apply(sim.plan())
    sim.boxes["waw-1"] = Box()
    sim.boxes["sgp-2"].reachable = False
    joined = replace(sim.mesh.hosts["waw-1"], public_key=None)
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "waw-1": joined})
    for box in sim.boxes.values():
        box.forget("waw-1")
    plan = sim.plan()
    hosts = (replace(host, problem=DOWN) if host.problem else host for host in plan.hosts)
    return replace(plan, hosts=tuple(hosts))


class Story(StandIn):
    """Plays the story: `tell` feeds what the hosts say, so that rates are known as well."""

    def __init__(self, mesh: Mesh | None = None) -> None:
        super().__init__(mesh or story_mesh())
        self.now = NOW
        self.clock = 1000.0
        """The app's, in seconds. It stands still but for an apply, whose steps take time."""
        self.plan_result = joining()
        self.apply_events = self._apply()

    def tell(self) -> None:
        """Three looks, 10 s apart, the last now."""
        for back in (20, 10, 0):
            self.feed(*(self._look(name, self.clock - back, back) for name in self.mesh.hosts))

    def _look(self, name: str, at: float, back: int) -> HostPolled:
        if name in ("sgp-2", "sgp-02") and back < 20:
            return replace(dead(self.mesh, name, DOWN), at=at)
        host = self.mesh.hosts[name]
        links = tuple(self._link(name, other, back) for other in self.mesh.hosts if other != name)
        state: HostState = "up"
        addresses = tuple(str(address.ip) for address in host.addresses)
        return HostPolled(HostStatus(name, state, addresses, host.public_key, 51820), links, at)

    def _link(self, here: str, there: str, back: int) -> LinkStatus:
        state, age = self._state(here, there)
        far = self.mesh.hosts[there].endpoint
        # A site's own hosts say most to one another.
        rate = (40_000 if here[:3] == there[:3] else 6_000) * (1 + number(here, there) % 30)
        since = number(there, here) % 86_400 + 20_000
        moving = state in ("up", "idle")
        seconds = since - back if moving else since - 600
        return LinkStatus(
            here,
            there,
            state,
            age,
            0 if state == "never" else rate * seconds // 9,
            rate * seconds // 11 if state != "never" else 148 * (since // 5 - back // 5),
            None if state == "missing" else str(far),
        )

    def _state(self, here: str, there: str) -> tuple[LinkState, int | None]:
        ends = {here, there}
        if there in ("sgp-2", "sgp-02"):
            return "stale", 430 + number(here) % 90
        if (here, there) in (("nyc-2", "lon-1"), ("nyc-02", "lon-01")):
            return "never", None
        if ends == {"ams-1", "sgp-1"}:
            return "stale", 754
        if {here[:3], there[:3]} == {"syd", "sao"} and number(*sorted(ends)) % 3 == 0:
            return "stale", 300 + number(*sorted(ends)) % 900
        if there == "jnb-07":
            return ("missing", None) if number(here, 1) % 4 else ("never", None)
        if number(*sorted(ends), "idle") % 29 == 0:
            return "idle", 3_000 + number(*sorted(ends)) % 9_000
        return "up", number(here, there, "age") % 121

    async def apply(
        self, plan: Plan, keep: Keep | None = None
    ) -> AsyncIterator[Progress | Armed | DirectionVerified | ApplyResult]:
        async for event in super().apply(plan, keep):
            self.clock += 0.09
            yield event

    async def round_trips(self, hosts: Collection[str]):
        self.calls.append("round_trips")
        for a in hosts:
            for b in self.mesh.hosts:
                if a != b and "sgp-2" not in (a, b):
                    broken = self._state(a, b)[0] in ("stale", "never")
                    yield RoundTrip(a, b, None if broken else milliseconds(a, b))

    async def inspect(self, host: str) -> Inspection:
        inspection = await super().inspect(host)
        return replace(inspection, facts=replace(inspection.facts, uptime=4_060_800))

    async def traffic(self, host: str, since: float, step: float) -> list[TrafficSample]:
        """A day's tide, with an hour in which nobody recorded."""
        samples = []
        for i in range(int((self.now - since) // step)):
            at = since + step * (i + 1)
            tide = (
                1.4 + math.sin(at / 13_750) + 0.3 * math.sin(at / 1_100) + number(host, i) % 9 / 20
            )
            gap = 0.55 < i * step / (self.now - since) < 0.58
            rx, tx = 900_000 * tide, 260_000 * tide
            samples.append(TrafficSample(at, None if gap else rx, None if gap else tx))
        return samples

    async def link_history(self, from_: str, to: str, since: float) -> list[LinkSample]:
        """A tunnel that renews its session every two minutes, and was lost for a while."""
        samples = []
        for i in range(int((self.now - since) // 10)):
            at = since + 10 * (i + 1)
            lost = max(0.0, at - (self.now - 1500)) if at < self.now - 900 else 0.0
            age = int(lost) + int(at) % 120
            state: LinkState = "stale" if age > 210 else "up"
            rate = 9_000 * (1.5 + math.sin(at / 400))
            samples.append(LinkSample(at, state, age, int(rate * i * 10), int(rate * i * 4)))
        return samples

    async def last_worked(self, from_: str, to: str) -> float | None:
        return self.now - 754

    def _apply(self) -> list[Applying]:
        """Half way: one host dropped out untouched, the others prove their ways."""
        names = [host.host for host in joining().hosts if not host.problem]
        new, lost = names[0], names[4]
        able = [name for name in names if name != lost]
        events: list[Applying] = []

        def goes_through(phase: Phase, hosts: list[str], done: list[str]) -> None:
            events.extend(Progress(name, phase, "running") for name in hosts)
            events.extend(Progress(name, phase, "done") for name in done)

        goes_through("arm", names, names)
        events.append(Armed(self.clock + 60))
        goes_through("key", [new], [new])
        goes_through("stage", names, able)
        full = "/etc/wireguard/wg0.conf.new: No space left on device (free some, then apply again)"
        events.append(Progress(lost, "stage", "failed", full))
        goes_through("change", able, able)
        goes_through("verify", able, [])
        events += [
            DirectionVerified(a, b, True, f"handshake 1 s ago, ping {milliseconds(a, b):.1f} ms")
            for a in able[1:4]
            for b in (able if a != able[3] else able[:4])
            if a != b
        ]
        goes_through("verify", [], able[1:3])
        # The last is held back by `apply_gate`.
        return [*events, ApplyResult({}, (), 3.2)]
