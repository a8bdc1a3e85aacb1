"""Which members should have a tunnel with which: the topology, `[[links]]`, and what NAT allows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from meshtui.mesh.bits import mask_of, places_of
from meshtui.mesh.model import Device, Host, Link, Member, Mesh


@dataclass(frozen=True, slots=True)
class Links:
    """Who is linked with whom, as sets of places (see `mesh.bits`)."""

    members: tuple[Member, ...]
    """Hosts, then devices, each in the file's order."""
    place: dict[str, int]
    linked: tuple[int, ...]
    """By place: those that it should have a tunnel with."""
    apart: tuple[int, ...]
    """By place: those that it would have one with, but both are behind NAT and have not met, or
    `[[links]]` names a relay for the two."""
    peers: tuple[tuple[int, ...], ...]
    """`linked`, place by place."""
    told: dict[frozenset[str], Link]
    """What `[[links]]` says, by pair."""


def links_of(mesh: Mesh) -> Links:
    """Who is linked with whom."""
    return mesh.once(_links_of)


def peers_of(mesh: Mesh, member: Member) -> list[Member]:
    """Whom `member` should have as peers: hosts, then devices, in the file's order."""
    links = links_of(mesh)
    return [links.members[place] for place in links.peers[links.place[member.name]]]


def reached(mesh: Mesh, host: Host) -> list[Host]:
    """The hosts that `host` should have a tunnel with: what can be checked from both ends.

    Not its devices: nobody can say that they are there.
    """
    return [other for other in peers_of(mesh, host) if isinstance(other, Host)]


def blocked(mesh: Mesh, host: Host) -> list[Host]:
    """The hosts that `host` reaches through a relay instead of the tunnel that it would have."""
    links = links_of(mesh)
    places = places_of(links.apart[links.place[host.name]])
    return [other for place in places if isinstance(other := links.members[place], Host)]


def through(mesh: Mesh, device: Device) -> list[str]:
    """The hosts that `device` comes in through, but for what `[[links]]` adds or takes away.

    Its exit is one of them: what leaves there must come in there.
    """
    if device.through:
        names = list(device.through)
    else:
        names = [
            host.name
            for host in mesh.hosts.values()
            if device.endpoint or not host.behind_nat
            if _is_meeting_point(mesh, host)
        ]
    exit_host = [device.exit] if device.exit and device.exit not in names else []
    return [name for name in names + exit_host if name in mesh.hosts]


def _is_meeting_point(mesh: Mesh, host: Host) -> bool:
    """Whether devices that name no host come in through this one."""
    if mesh.topology == "full":
        return not host.behind_nat
    if mesh.topology == "hub":
        return host.hub
    # One group alone needs no gateway.
    return host.gateway or not any(other.gateway for other in mesh.hosts.values())


def calls(member: Member) -> bool:
    """Whether it is reached only by those that it calls itself."""
    return member.behind_nat if isinstance(member, Host) else member.endpoint is None


def _links_of(mesh: Mesh) -> Links:
    members = tuple(mesh.members.values())
    place = {member.name: number for number, member in enumerate(members)}
    hosts = (1 << len(mesh.hosts)) - 1
    told = {frozenset(link.between): link for link in mesh.links if _is_known(link, place, hosts)}
    linked, apart = _topology(mesh, place), [0] * len(members)
    ends = {pair: _ends(pair, place) for pair in told}

    for device in mesh.peers.values():
        for name in through(mesh, device):
            _set(linked, (place[device.name], place[name]), True)
    for pair, link in told.items():
        if not link.disabled:
            _set(linked, ends[pair], True)
    calling = mask_of(number for number, member in enumerate(members) if calls(member))
    for number in places_of(calling):
        apart[number] = linked[number] & calling & hosts if 1 << number & hosts else 0
        linked[number] &= ~calling
    for met in mesh.found.met:
        if met <= mesh.hosts.keys() and len(met) == 2:
            one, other = _ends(met, place)
            if apart[one] >> other & 1:
                _set(linked, (one, other), True)
                _set(apart, (one, other), False)
    for pair, link in told.items():
        if link.relay and pair <= mesh.hosts.keys():
            _set(linked, ends[pair], False)
            _set(apart, ends[pair], True)
    _join_relays(mesh, place, told, apart, linked)
    for pair, link in told.items():
        if link.disabled:
            _set(linked, ends[pair], False)
            _set(apart, ends[pair], False)
    there = mask_of(number for number, member in enumerate(members) if not member.disabled)
    for number, member in enumerate(members):
        keep = 0 if member.disabled else there & ~(1 << number)
        linked[number] &= keep
        apart[number] &= keep
    peers = tuple(tuple(places_of(row)) for row in linked)
    return Links(members, place, tuple(linked), tuple(apart), peers, told)


def _is_known(link: Link, place: dict[str, int], hosts: int) -> bool:
    """Whether it is of two members of which one is a host: `check` says so where it is not."""
    places = {place[name] for name in link.between if name in place}
    return len(places) == 2 and bool(mask_of(places) & hosts)


def _ends(pair: Iterable[str], place: dict[str, int]) -> tuple[int, int]:
    one, other = sorted(place[name] for name in pair)
    return one, other


def _set(rows: list[int], ends: tuple[int, int], linked: bool) -> None:
    one, other = ends
    if linked:
        rows[one] |= 1 << other
        rows[other] |= 1 << one
    else:
        rows[one] &= ~(1 << other)
        rows[other] &= ~(1 << one)


def _topology(mesh: Mesh, place: dict[str, int]) -> list[int]:
    """With whom the topology alone links each host, itself included; devices: nobody."""
    every = mask_of(range(len(mesh.hosts)))
    if mesh.topology == "full":
        rows = [every] * len(mesh.hosts)
    elif mesh.topology == "hub":
        hubs = mask_of(place[host.name] for host in mesh.hosts.values() if host.hub)
        rows = [every if host.hub else hubs for host in mesh.hosts.values()]
    else:
        groups: defaultdict[str | None, int] = defaultdict(int)
        gateways = 0
        for number, host in enumerate(mesh.hosts.values()):
            groups[host.group] |= 1 << number
            gateways |= host.gateway << number
        rows = [
            groups[host.group] | (gateways if host.gateway else 0) for host in mesh.hosts.values()
        ]
    return rows + [0] * len(mesh.peers)


def _join_relays(
    mesh: Mesh,
    place: dict[str, int],
    told: dict[frozenset[str], Link],
    apart: list[int],
    linked: list[int],
) -> None:
    """A relay that is named has a tunnel with both ends, also where the topology has none."""
    hosts = list(mesh.hosts.values())
    for one, host in enumerate(hosts):
        for other in places_of(apart[one] >> one << one):
            for name in named_relays(mesh, told, host, hosts[other])[:1]:
                if name in mesh.hosts and not mesh.hosts[name].behind_nat:
                    relay = place[name]
                    for end in (one, other):
                        if not apart[end] >> relay & 1:
                            _set(linked, (relay, end), True)


def named_relays(mesh: Mesh, told: dict[frozenset[str], Link], one: Host, other: Host) -> list[str]:
    """The relays that `mesh.toml` names for the pair, the first first; `one` is the earlier."""
    link = told.get(frozenset((one.name, other.name)))
    names = (link.relay if link else None, one.relay, other.relay, mesh.relay)
    return [name for name in names if name and name not in (one.name, other.name)]
