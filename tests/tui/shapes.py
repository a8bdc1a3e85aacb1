"""Meshes of every shape, and what healthy hosts of them say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_interface, ip_network

from standin import make_mesh

from meshtui.fleet.events import HostPolled, HostStatus, LinkStatus
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Device, Found, Mesh
from meshtui.wg.endpoint import Endpoint

PHONE, LAPTOP = "P" * 42 + "A=", "L" * 42 + "A="


def with_hosts(mesh: Mesh, **changes: dict[str, object]) -> Mesh:
    """`server_a={"hub": True}`."""
    hosts = dict(mesh.hosts)
    for name, change in changes.items():
        host = name.replace("_", "-")
        hosts[host] = replace(hosts[host], **change)  # type: ignore[arg-type]
    return replace(mesh, hosts=hosts)


def hub(count: int = 6) -> Mesh:
    """Spokes around server-a, and server-b to take over."""
    mesh = replace(make_mesh(count), topology="hub")
    return with_hosts(mesh, server_a={"hub": True}, server_b={"hub": True})


def groups() -> Mesh:
    """Three at aws, three at hetzner; the first of each is the gateway."""
    mesh = replace(make_mesh(6), topology="groups")
    placed = {
        f"server_{letter}": {"group": "aws" if i < 3 else "hetzner", "gateway": i % 3 == 0}
        for i, letter in enumerate("abcdef")
    }
    return with_hosts(mesh, **placed)


def nat() -> Mesh:
    """Three public hosts and three behind NAT: the first two met, the third could not."""
    hidden = {f"server_{letter}": {"behind_nat": True} for letter in "def"}
    mesh = with_hosts(make_mesh(6), **hidden)
    mesh = with_hosts(mesh, server_c={"routes": (ip_network("192.168.1.0/24"),)})
    found = Found(
        met=frozenset({frozenset({"server-d", "server-e"})}),
        mapped={
            "server-d": Endpoint("198.51.100.4", 4711),
            "server-e": Endpoint("198.51.100.5", 30001),
        },
    )
    return replace(mesh, relay="server-b", found=found)


def devices() -> Mesh:
    """Four hosts, a phone that comes in through two of them, and a laptop that never did."""
    peers = {
        "phone": Device(
            "phone",
            (ip_interface("10.0.0.101/16"),),
            PHONE,
            through=("server-a", "server-b"),
            exit="server-a",
        ),
        "laptop": Device("laptop", (ip_interface("10.0.0.102/16"),), LAPTOP, through=("server-b",)),
    }
    return replace(make_mesh(4), peers=peers)


MESHES: dict[str, Callable[[], Mesh]] = {
    "hub": hub,
    "groups": groups,
    "nat": nat,
    "devices": devices,
}


def seen(mesh: Mesh, name: str, tick: int = 0) -> HostPolled:
    """A healthy look at one host: its tunnels are as the mesh wants them."""
    host, links = mesh.hosts[name], []
    for i, other in enumerate(peers_of(mesh, host)):
        at = str(mesh.found.mapped.get(other.name) or f"203.0.113.{i + 1}:51820")
        age, rx, tx = (tick + 13 * i) % 125, 436 + 148 * tick, 528 + 92 * tick
        link = LinkStatus(name, other.name, "up", age, rx, tx, at)
        if isinstance(other, Device) and (other.name, name) != ("phone", "server-a"):
            # It calls one of its hosts only.
            link = LinkStatus(name, other.name, "idle", None, 0, 0, None)
        links.append(link)
    addresses = tuple(str(address.ip) for address in host.addresses)
    return HostPolled(HostStatus(name, "up", addresses, "k" * 43 + "=", 51820), tuple(links))


def ill(polled: HostPolled, to: str, state: str = "stale") -> HostPolled:
    """The same look, with one tunnel in another state."""
    links = [link._replace(state=state) if link.to == to else link for link in polled.links]  # type: ignore[arg-type]
    return replace(polled, links=tuple(links))
