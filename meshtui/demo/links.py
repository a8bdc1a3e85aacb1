"""A host's network interfaces, their addresses and its routes, as a kernel keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface, ip_network

from meshtui.demo.device import Device
from meshtui.wg.interface import Address, Network

#: What WireGuard leaves of an Ethernet's 1500.
MTU = 1420


@dataclass(frozen=True, slots=True)
class Route:
    """A way to a network."""

    to: Network
    device: str
    kernel: bool = False
    """Whether it is there because of an address."""
    source: str = ""
    via: str = ""


@dataclass(slots=True)
class Link:
    """An interface."""

    name: str
    index: int
    mtu: int
    addresses: list[Address] = field(default_factory=list)
    device: Device | None = None
    """None: it is no WireGuard interface."""


class Kernel:
    """Interfaces and routes. KeyError: there is no such interface; OSError: it cannot be done."""

    def __init__(self, address: str, gateway: str) -> None:
        self.links: dict[str, Link] = {}
        self.routes: list[Route] = []
        self._index = 0
        self.add("lo", 65536)
        self.links["lo"].addresses = [ip_interface("127.0.0.1/8"), ip_interface("::1/128")]
        self.add("eth0", 1500)
        self.add_address("eth0", ip_interface(f"{address}/24"))
        self.routes.append(Route(ip_network("0.0.0.0/0"), "eth0", via=gateway))

    def add(self, name: str, mtu: int) -> Link:
        """Make an interface."""
        self._index += 1
        link = self.links[name] = Link(name, self._index, mtu)
        return link

    def remove(self, name: str) -> None:
        """Take an interface away, with all that hangs on it."""
        link = self.links.pop(name)
        self.routes = [route for route in self.routes if route.device != name]
        if link.device:
            link.device.close()

    def add_address(self, name: str, address: Address) -> None:
        """Give an interface an address, and the route to its subnet."""
        link = self.links[name]
        if address in link.addresses:
            raise FileExistsError
        link.addresses.append(address)
        net = address.network
        if net.num_addresses > 1 and not any(r.to == net and r.kernel for r in self.routes):
            # The kernel notes no source for IPv6: it is whichever address is there by then.
            source = str(address.ip) if address.version == 4 else ""
            self.routes.append(Route(net, name, kernel=True, source=source))

    def drop_address(self, name: str, address: Address) -> None:
        """Take an address away; with the first IPv4 one of a subnet the others go."""
        link = self.links[name]
        if address not in link.addresses:
            raise LookupError
        same = [a for a in link.addresses if a.network == address.network]
        gone = same if address.version == 4 and same[0] == address else [address]
        link.addresses = [a for a in link.addresses if a not in gone]
        if not any(a.network == address.network for a in link.addresses):
            own = Route(address.network, name, kernel=True)
            self.routes = [
                r for r in self.routes if not (r.kernel and (r.to, r.device) == (own.to, name))
            ]
        if address.version == 4 and not any(a.version == 4 for a in link.addresses):
            # As Linux does: without an address the interface speaks no IPv4 any more.
            self.routes = [r for r in self.routes if (r.to.version, r.device) != (4, name)]

    def add_route(self, route: Route) -> None:
        """A route more."""
        if any(each.to == route.to for each in self.routes):
            raise FileExistsError
        if route.device not in self.links:
            raise KeyError(route.device)
        self.routes.append(route)

    def drop_route(self, to: Network, device: str | None) -> None:
        """A route less."""
        for route in self.routes:
            if route.to == to and device in (None, route.device):
                self.routes.remove(route)
                return
        raise LookupError

    def route(self, address: str) -> Route | None:
        """Where what is for `address` goes; None: nowhere."""
        at = ip_address(address)
        fits = (r for r in self.routes if r.to.version == at.version and at in r.to)
        return max(fits, key=lambda route: route.to.prefixlen, default=None)

    def owner(self, address: str) -> str | None:
        """The interface that has `address` as its own."""
        at = ip_address(address)
        if at.is_loopback:
            return "lo"
        return next(
            (link.name for link in self.links.values() if any(a.ip == at for a in link.addresses)),
            None,
        )

    def source(self, route: Route, version: int) -> str:
        """The address that a packet leaves with, that takes `route`."""
        if route.source:
            return route.source
        own = (a for a in self.links[route.device].addresses if a.version == version)
        return str(next((a.ip for a in own), "0.0.0.0" if version == 4 else "::"))  # noqa: S104
