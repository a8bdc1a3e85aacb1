"""Where a packet goes, by what the interfaces are: longest prefix match, from hop to hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from meshtui.mesh.lookup import Lookup
from meshtui.wg.interface import Interface

IPAddress = IPv4Address | IPv6Address


class Trace(NamedTuple):
    """The members that a packet comes through, the first being where it starts."""

    hops: tuple[str, ...]
    problem: str | None = None
    """Why it does not arrive, with names; None: it does."""


def trace(interfaces: Mapping[str, Interface], start: str, to: IPAddress) -> Trace:
    """The way of a packet from the member `start` to the address `to`.

    WireGuard sends it to the peer with the longest matching prefix, and the far end takes it
    only if the same match for its source leads back to where it comes from. It has arrived
    where `to` is the interface's own, where no interface is known (a device's), or, outside
    of the mesh's networks, where a host that forwards has no peer for it.
    """
    return tracer(interfaces)(start, to)


def tracer(interfaces: Mapping[str, Interface]) -> Callable[[str, IPAddress], Trace]:
    """`trace` for many packets of the same mesh."""
    tables: dict[str, Lookup[str]] = {}

    def owner(name: str, address: IPAddress) -> str | None:
        if name not in tables:
            peers = interfaces[name].peers
            tables[name] = Lookup((n, peer.name) for peer in peers for n in peer.allowed_ips)
        return tables[name].owner(address)

    def follow(start: str, to: IPAddress) -> Trace:
        own = [a.ip for a in interfaces[start].addresses if a.version == to.version]
        if not own:
            return Trace((start,), f"{start} has no IPv{to.version} address")
        hops = [start]
        while True:
            here = interfaces[hops[-1]]
            if to in (address.ip for address in here.addresses):
                return Trace(tuple(hops))
            onward = owner(hops[-1], to)
            if onward is None:
                return Trace(tuple(hops), _ends(here, hops, to))
            if len(hops) > 1 and here.forward is None:
                return Trace(tuple(hops), f"{hops[-1]} does not forward to {onward}")
            before = hops[-1]
            hops.append(onward)
            if onward in hops[:-1]:
                return Trace(tuple(hops), f"a loop: {' → '.join(hops)}")
            if onward not in interfaces:
                return Trace(tuple(hops))
            back = owner(onward, own[0])
            if back != before:
                there = f"to {back}" if back else "to nobody"
                problem = f"one-way: {onward} would answer {start} {there}, not to {before}"
                return Trace(tuple(hops), problem)

    return follow


def _ends(here: Interface, hops: list[str], to: IPAddress) -> str | None:
    """Why the packet stays at the last of `hops`; None: it goes on outside of the mesh."""
    inside = any(to in a.network for a in here.addresses if a.version == to.version)
    if len(hops) > 1 and here.forward is not None and not inside:
        return None
    return f"{hops[-1]} has no peer for {to}"
