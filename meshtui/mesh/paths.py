"""Through whom members reach each other that have no tunnel with each other.

Transit hosts (hubs, gateways, the hosts of devices) carry what others send. A path has as few
of them as can be; among those, the sum of 2^place over its transit hosts is the smallest. No
two sets have the same sum, so a path is one alone, it is the same back, and each host on it
finds the rest of it by itself. Two hosts that only NAT keeps apart have a relay of their own,
which has tunnels with both; a transit host has none, or what goes on from it would not be
what others count on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from meshtui.mesh.bits import mask_of, places_of
from meshtui.mesh.links import Links, links_of, named_relays, through
from meshtui.mesh.model import Host, Mesh


@dataclass(frozen=True, slots=True)
class _Ways:
    """From every transit host to those that have tunnels with the same transit hosts."""

    first: dict[int, int]
    """Transit host -> where it sends them; those that have a tunnel with them are not there."""
    cost: dict[int, tuple[int, int]]
    """Transit host -> how many others carry it on, and the set of them."""


@dataclass(frozen=True, slots=True)
class _Paths:
    links: Links
    transit: int
    relay: dict[tuple[int, int], int]
    """Two hosts -> the one between them, both ways."""
    ways: dict[int, _Ways] = field(default_factory=dict)
    """By the transit hosts that a member has tunnels with."""

    def onward(self, start: int, end: int) -> int | None:
        """Where `start` sends what is for `end`; None: it has no way to it."""
        if self.links.linked[start] >> end & 1:
            return end
        relay = self.relay.get((start, end))
        if relay is not None:
            return relay
        return self.by_transit(start, self.links.linked[end] & self.transit)

    def by_transit(self, start: int, entrances: int) -> int | None:
        """The same for every end that has tunnels with the transit hosts `entrances`."""
        own = self.links.linked[start] & self.transit
        if both := own & entrances:
            return (both & -both).bit_length() - 1
        if not own or not entrances:
            return None
        if entrances not in self.ways:
            self.ways[entrances] = _ways(self.links, self.transit, entrances)
        ways = self.ways[entrances]
        if start in ways.cost:
            return ways.first.get(start)
        costs = [(ways.cost[t][0], 1 << t | ways.cost[t][1], t) for t in _in(own, ways.cost)]
        return min(costs)[2] if costs else None


def transit(mesh: Mesh) -> tuple[str, ...]:
    """The hosts that may carry what others send, in the file's order; not those that are down."""
    paths = mesh.once(_paths_of)
    return tuple(paths.links.members[place].name for place in places_of(paths.transit))


def path(mesh: Mesh, one: str, other: str) -> tuple[str, ...] | None:
    """The members on the way from one to the other, both included; None: there is none."""
    paths = mesh.once(_paths_of)
    here, end = paths.links.place[one], paths.links.place[other]
    names = [one]
    while here != end:
        onward = paths.onward(here, end)
        if onward is None:
            return None
        here = onward
        names.append(paths.links.members[here].name)
    return tuple(names)


def carried(mesh: Mesh) -> tuple[dict[int, int], ...]:
    """By place of each member: peer -> the set of those that it reaches through that peer."""
    return mesh.once(_carried)


def hops(mesh: Mesh, name: str) -> dict[str, str]:
    """Whom `name` reaches -> the peer that it sends to: the far end itself, or one that carries."""
    links = links_of(mesh)
    here = links.place[name]
    names = [member.name for member in links.members]
    found = {names[place]: names[place] for place in places_of(links.linked[here])}
    for peer, others in carried(mesh)[here].items():
        found |= {names[place]: names[peer] for place in places_of(others)}
    return found


def reachable(mesh: Mesh) -> Iterator[tuple[str, str]]:
    """Every (from, to) of two members that should reach each other, in the file's order."""
    links = links_of(mesh)
    for number, member in enumerate(links.members):
        for place in places_of(reach(mesh, number)):
            yield member.name, links.members[place].name


def reach(mesh: Mesh, place: int) -> int:
    """The set of those that the member at `place` has a way to."""
    found = links_of(mesh).linked[place]
    for others in carried(mesh)[place].values():
        found |= others
    return found


def middles(mesh: Mesh) -> frozenset[str]:
    """The hosts that are in the middle of somebody's path."""
    found = {peer for peers in carried(mesh) for peer in peers}
    return frozenset(links_of(mesh).members[place].name for place in found)


def _paths_of(mesh: Mesh) -> _Paths:
    links = links_of(mesh)
    down = mask_of(links.place[name] for name in mesh.found.down if name in links.place)
    relay = _relays(mesh, links, down)
    carrying = mask_of(links.place[name] for name in carriers(mesh)) & ~down
    # What is kept apart from a transit host goes through a relay that is one, too.
    while more := mask_of(r for (one, _), r in relay.items() if carrying >> one & 1):
        carrying |= more
        relay = {
            (one, other): place
            for (one, other), place in relay.items()
            if not (carrying >> one | carrying >> other) & 1
        }
    return _Paths(links, carrying, relay)


def carriers(mesh: Mesh) -> set[str]:
    """The hosts that are there to carry what others send, whether they can or not: hubs,
    gateways, and those that devices come in through. Of relays, nothing is said.
    """
    names = {name for device in mesh.peers.values() for name in through(mesh, device)}
    for host in mesh.hosts.values():
        if (mesh.topology == "hub" and host.hub) or (mesh.topology == "groups" and host.gateway):
            names.add(host.name)
    for link in mesh.links:
        # A link that was added to a device makes its host one that the device comes in through.
        if not link.disabled and not mesh.peers.keys().isdisjoint(link.between):
            names.update(mesh.hosts.keys() & set(link.between))
    return {name for name in names if not mesh.hosts[name].disabled}


def _relays(mesh: Mesh, links: Links, down: int) -> dict[tuple[int, int], int]:
    """Two hosts that NAT or `[[links]]` keeps apart -> the relay between them, both ways."""
    hosts = list(mesh.hosts.values())
    public = mask_of(i for i, h in enumerate(hosts) if not h.behind_nat and not h.disabled)
    able = public & ~down
    found = {}
    for one, host in enumerate(hosts):
        for other in places_of(links.apart[one] >> one << one):
            both = links.linked[one] & links.linked[other] & able
            if both:
                relay = _relay(mesh, links, (host, hosts[other]), both)
                found[one, other] = found[other, one] = relay
    return found


def _relay(mesh: Mesh, links: Links, pair: tuple[Host, Host], both: int) -> int:
    """One of `both`: the one that is named, else the nearest, else the first."""
    for name in named_relays(mesh, links.told, *pair):
        if name in links.place and both >> links.place[name] & 1:
            return links.place[name]
    near = [mesh.found.near[host.name] for host in pair if host.name in mesh.found.near]
    ranks = [{name: rank for rank, name in enumerate(names)} for names in near]
    common = [n for n in near[0] if all(n in rank for rank in ranks)] if near else []
    able = [name for name in common if name in links.place and both >> links.place[name] & 1]
    if able:
        best = min(able, key=lambda name: (sum(rank[name] for rank in ranks), links.place[name]))
        return links.place[best]
    return (both & -both).bit_length() - 1


def _ways(links: Links, carriers: int, entrances: int) -> _Ways:
    """From `entrances` outwards, all those as far from the end as each other at a time."""
    first: dict[int, int] = {}
    cost = dict.fromkeys(places_of(entrances), (0, 0))
    level, left, far = entrances, carriers & ~entrances, 0
    while level:
        far += 1
        following = 0
        for place in places_of(left):
            nearer = links.linked[place] & level
            if nearer:
                sums = ((1 << peer | cost[peer][1], peer) for peer in places_of(nearer))
                total, first[place] = min(sums)
                cost[place] = far, total
                following |= 1 << place
        left &= ~following
        level = following
    return _Ways(first, cost)


def _in(mask: int, known: dict[int, tuple[int, int]]) -> list[int]:
    return [place for place in places_of(mask) if place in known]


def _carried(mesh: Mesh) -> tuple[dict[int, int], ...]:
    paths = mesh.once(_paths_of)
    links = paths.links
    alike: dict[int, int] = {}
    for place, row in enumerate(links.linked):
        entrances = row & paths.transit
        if entrances:
            alike[entrances] = alike.get(entrances, 0) | 1 << place
    relayed: list[dict[int, int]] = [{} for _ in links.members]
    for (one, other), relay in paths.relay.items():
        relayed[one][relay] = relayed[one].get(relay, 0) | 1 << other
    known: dict[tuple[int, int], dict[int, int]] = {}
    found = []
    for place, own in enumerate(relayed):
        beside = links.linked[place] | 1 << place
        for others in own.values():
            beside |= others
        # Most of a group see the rest of the mesh alike.
        as_seen = (links.linked[place] & paths.transit, beside)
        carrier = paths.transit >> place & 1
        if carrier or own or as_seen not in known:
            table = dict(own)
            for entrances, members in alike.items():
                if rest := members & ~beside:
                    peer = paths.by_transit(place, entrances)
                    if peer is not None:
                        table[peer] = table.get(peer, 0) | rest
            if carrier or own:
                found.append(table)
                continue
            known[as_seen] = table
        found.append(known[as_seen])
    return tuple(found)
