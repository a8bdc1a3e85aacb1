"""The mesh as `mesh.toml` says it, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from meshtui.wg.endpoint import Endpoint
    from meshtui.wg.interface import Address, Network

T = TypeVar("T")
Keys = Literal["host", "operator"]
Topology = Literal["full", "hub", "groups"]

DEFAULT_INTERFACE = "wg0"
DEFAULT_PORT = 51820
#: What a host behind NAT sends to keep its mapping open, in seconds.
NAT_KEEPALIVE = 25


@dataclass(frozen=True, slots=True)
class Host:
    """A server that meshtui reaches over SSH."""

    name: str
    ssh: str
    """`user@host:port`, an alias of ~/.ssh/config, or `local` for this machine."""
    addresses: tuple[Address, ...] = ()
    """On the mesh, each with its network's prefix length; empty: to be allocated."""
    endpoint: Endpoint | None = None
    """None with `behind_nat` false: where ssh goes, with listen_port."""
    behind_nat: bool = False
    """`endpoint = "none"`."""
    public_key: str | None = None
    listen_port: int = DEFAULT_PORT
    persistent_keepalive: int = 0
    """Seconds, set on this host's peers; 0 is off."""
    mtu: int | None = None
    keys: Keys = "host"
    """Who makes the private key."""
    disabled: bool = False
    """Whether it is out of the mesh for now: nobody's peer, and without peers itself."""
    hub: bool = False
    """In a mesh of hubs: whether the others meet here."""
    group: str | None = None
    """In a mesh of groups: its own."""
    gateway: bool = False
    """In a mesh of groups: whether its group meets the others through it."""
    relay: str | None = None
    """The host through which it meets those that it has no tunnel with, both being behind
    NAT; None: [mesh] names one, or the nearest public host is chosen."""
    routes: tuple[Network, ...] = ()
    """Networks behind it that the others reach through it; a /0 makes it an exit."""
    masquerade: bool = True
    """Whether what goes on into `routes` leaves under the host's own address."""
    exit: str | None = None
    """The host through which it sends all that has no other way; None: that leaves it directly."""
    second: Endpoint | None = None
    """Where it is reached by the other family, an address as `endpoint` is; the second choice."""
    looked_up: tuple[str, ...] = ()
    """Where `endpoint` is a name: its addresses, one of each family, the first choice first."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """As `mesh.toml` has them, the first choice first."""
        return tuple(at for at in (self.endpoint, self.second) if at)


@dataclass(frozen=True, slots=True)
class Device:
    """A member that nobody reaches over SSH: a phone, a laptop, a router. `[peers.NAME]`."""

    name: str
    addresses: tuple[Address, ...] = ()
    """On the mesh, each with its network's prefix length; empty: to be allocated."""
    public_key: str | None = None
    through: tuple[str, ...] = ()
    """The hosts that it has a tunnel with; empty: every hub or gateway, or every host that
    can be reached from outside in a full mesh."""
    exit: str | None = None
    """The host through which it reaches everything else; None: it reaches the mesh alone."""
    endpoint: Endpoint | None = None
    """Where it can be reached from outside; None: it calls."""
    persistent_keepalive: int = NAT_KEEPALIVE
    """Seconds, set in its own configuration."""
    routes: tuple[Network, ...] = ()
    """Networks behind it."""
    disabled: bool = False

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The one that it has, if any."""
        return (self.endpoint,) if self.endpoint else ()


Member = Host | Device


@dataclass(frozen=True, slots=True)
class Link:
    """What `mesh.toml` says of one link."""

    between: tuple[str, str]
    """The two members, as the file has them."""
    disabled: bool = False
    """Whether neither end has the other as a peer."""
    relay: str | None = None
    """The host through which the two reach each other instead of a tunnel; None: they have one,
    also where the topology has none for them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is not in `mesh.toml`, and the shape of the mesh follows from it all the same."""

    down: frozenset[str] = frozenset()
    """Hosts that nobody hears: another hub, gateway or relay takes over."""
    mapped: Mapping[str, Endpoint] = field(default_factory=dict)
    """Host behind NAT -> the endpoint that hosts outside see of it."""
    met: frozenset[frozenset[str]] = frozenset()
    """Pairs behind NAT that have a tunnel all the same, each told where the other is seen."""
    near: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host behind NAT -> hosts that can relay for it, the nearest first."""
    second: Mapping[frozenset[str], int] = field(default_factory=dict)
    """Pairs of which one family does not get through -> the IP version that does."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """One private network: one interface name, its networks, its hosts."""

    name: str
    networks: tuple[Network, ...]
    interface: str = DEFAULT_INTERFACE
    topology: Topology = "full"
    preshared_keys: bool = False
    """Whether each link gets a preshared key."""
    hosts: dict[str, Host] = field(default_factory=dict)
    """By name, in the file's order."""
    links: tuple[Link, ...] = ()
    """Those of which the file says anything."""
    peers: dict[str, Device] = field(default_factory=dict)
    """Members that nobody reaches over SSH, by name, in the file's order."""
    relay: str | None = None
    """Through which host those behind NAT meet, where they name none."""
    hosts_file: bool = False
    """Whether each host's /etc/hosts names the others."""
    found: Found = Found()
    """What the hosts said, and the shape depends on."""
    worked_out: dict[object, Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What follows from all of the above, by what works it out: see `once`."""

    def once(self, work_out: Callable[[Mesh], T]) -> T:
        """What `work_out` says of the mesh, asked only once: a mesh never changes."""
        if work_out not in self.worked_out:
            self.worked_out[work_out] = work_out(self)
        found: T = self.worked_out[work_out]
        return found

    @property
    def members(self) -> dict[str, Member]:
        """Hosts and devices by name, in the file's order, hosts first."""
        return {**self.hosts, **self.peers}
