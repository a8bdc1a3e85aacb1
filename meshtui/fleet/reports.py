"""What a host or a link answers when it is asked in depth. Loaded only then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meshtui.wg.health import LinkState


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host is. A text is empty, a number None, where the host did not say."""

    os: str = ""
    """`Debian GNU/Linux 12 (bookworm)`."""
    kernel: str = ""
    """`6.1.0-18-amd64 x86_64`."""
    wireguard: str = ""
    """What runs the interface: `kernel`, `wireguard-go 0.0.20220316`, `boringtun-cli`."""
    tools: str = ""
    """`wireguard-tools v1.0.20210914`."""
    uptime: int | None = None
    """Seconds since the host booted."""
    mtu: int | None = None
    """Of the mesh interface."""
    listen_port: int | None = None
    addresses: tuple[str, ...] = ()
    """Of the mesh interface, each with its prefix length."""
    other_addresses: tuple[str, ...] = ()
    """What else the host can be reached at, `eth0 203.0.113.1/24`."""
    ssh_target: str = ""
    ssh_round_trip: float | None = None
    """Milliseconds for an empty request over the kept connection."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A host in depth: facts, and its configuration as wanted, on disk and running.

    Each configuration is a wg-quick text with its secrets masked, the peers named and in
    the same order, so that the three compare line by line. None: there is none.
    """

    host: str
    facts: HostFacts
    wanted: str
    disk: str | None
    running: str | None
    notes: tuple[str, ...] = ()
    """What keeps the three from being told in full."""


class RoundTrip(NamedTuple):
    """One ping over the mesh."""

    from_: str
    to: str
    milliseconds: float | None
    """None: no answer."""


@dataclass(frozen=True, slots=True)
class PingReport:
    """Some pings one way over the mesh: `from_` to `to` and back."""

    from_: str
    to: str
    sent: int
    received: int
    minimum: float | None = None
    """Milliseconds, like the next two; None: no answer came."""
    average: float | None = None
    maximum: float | None = None
    error: str | None = None
    """Why there was no ping at all."""


@dataclass(frozen=True, slots=True)
class PathMtu:
    """The largest packet that goes from one end to the other unbroken, in bytes."""

    from_: str
    to: str
    tunnel: int | None
    """Inside the tunnel."""
    path: int | None
    """Outside, to the endpoint; None: it answers no ping, or has no endpoint."""
    interface: int | None
    """What the interface is set to."""
    error: str | None = None
    over: int | None = None
    """Which IP the endpoint is reached by: 4 or 6."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command said on one host, stdout and stderr together."""

    host: str
    status: int | None
    """Its exit status; None: it did not come to an end that we know of."""
    output: str
    error: str | None = None
    """Why it has no status: unreachable, too long, too much."""
    seconds: float = 0.0


class LinkSample(NamedTuple):
    """One direction at one moment of the past."""

    at: float
    """Epoch seconds, by the clock of this machine."""
    state: LinkState
    latest_handshake_age: int | None
    transfer_rx: int | None
    transfer_tx: int | None


class TrafficSample(NamedTuple):
    """Bytes per second of one host, all its links together, over the step that ends at `at`."""

    at: float
    rx: float | None
    """None: nothing was recorded then."""
    tx: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A change that was broken off: hosts may hold it, and nobody ended it."""

    number: int
    """By which `meshtui log` tells of it."""
    by: str
    at: str
    """When it began, as ISO 8601 in UTC."""
    diverged: tuple[str, ...]
    """The hosts that did not say that they confirmed it, while others did."""
    text: str
    """One line on it: what it is, and what to do."""
