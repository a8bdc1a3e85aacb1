"""One WireGuard interface as it should be: what wg-quick reads, as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface, IPv6Network

from meshtui.wg.endpoint import Endpoint

Network = IPv4Network | IPv6Network
Address = IPv4Interface | IPv6Interface


class Prefixes(tuple[Network, ...]):
    """Networks with their texts, both made once for all the peers that share them."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, networks: Iterable[Network], texts: Iterable[str]) -> Prefixes:
        """`networks`, and each as `wg` writes it."""
        made = cls(networks)
        made.texts = tuple(texts)
        return made


@dataclass(frozen=True, slots=True)
class Peer:
    """The far end, as one interface should see it."""

    name: str
    """The member's name in `mesh.toml`."""
    public_key: str | None
    """None while no key exists: it is made when the plan is applied."""
    endpoint: Endpoint | None
    """None where the peer cannot be reached from outside."""
    allowed_ips: tuple[Network, ...]
    persistent_keepalive: int = 0
    """Seconds; 0 is off."""
    preshared: bool = False
    """Whether the link has a preshared key."""
    note: str = ""
    """A comment on its endpoint, with the `#`."""
    prefixes: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """`allowed_ips` as `wg` writes them."""
    at: str | None = field(init=False, repr=False, compare=False)
    """`endpoint` as `wg` writes it."""

    def __post_init__(self) -> None:
        networks = self.allowed_ips
        texts = networks.texts if isinstance(networks, Prefixes) else tuple(map(str, networks))
        object.__setattr__(self, "prefixes", texts)
        object.__setattr__(self, "at", str(self.endpoint) if self.endpoint else None)


@dataclass(frozen=True, slots=True)
class Forward:
    """That a host passes on what others send through it."""

    masquerade: tuple[Network, ...] = ()
    """The mesh's own networks, where what comes from them and leaves for elsewhere goes out
    under the host's address; empty: nothing does."""
    to: tuple[Network, ...] = ()
    """What lies behind the host and the mesh may reach through it; a /0: everything. Empty:
    it passes on what goes from one peer to another, and nothing else."""


@dataclass(frozen=True, slots=True)
class Interface:
    """One host's interface: what `wanted` says it should be."""

    name: str
    public_key: str | None
    addresses: tuple[Address, ...]
    listen_port: int
    """0: any, for one that only calls."""
    mtu: int | None
    """None: what wg-quick works out, or what the host's file says; 0: the former alone."""
    peers: tuple[Peer, ...]
    forward: Forward | None = None
    """None: it passes nothing on."""
    exit: str | None = None
    """The peer that gets all that has no other way, of the families of its /0; None: nobody."""
