"""The mesh as `mesh.toml` says it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from meshtui.wg.endpoint import Endpoint
    from meshtui.wg.interface import Address, Network

Keys = Literal["host", "operator"]

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


@dataclass(frozen=True, slots=True)
class Link:
    """What `mesh.toml` says of one link."""

    between: tuple[str, str]
    """The two hosts, as the file has them."""
    disabled: bool = False
    """Whether neither end has the other as a peer."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """One private network: one interface name, its networks, its hosts."""

    name: str
    networks: tuple[Network, ...]
    interface: str = DEFAULT_INTERFACE
    topology: Literal["full"] = "full"
    preshared_keys: bool = False
    """Whether each link gets a preshared key."""
    hosts: dict[str, Host] = field(default_factory=dict)
    """By name, in the file's order."""
    links: tuple[Link, ...] = ()
    """Those of which the file says anything."""
