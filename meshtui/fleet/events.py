"""What the fleet tells whoever watches: plain values, one per thing that happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from meshtui.errors import HostState
from meshtui.plan.drift import Drift
from meshtui.wg.dump import LiveInterface
from meshtui.wg.health import LinkState


@dataclass(frozen=True, slots=True)
class HostStatus:
    """One host, as it answered or failed to."""

    name: str
    state: HostState
    addresses: tuple[str, ...]
    """On the mesh, by `mesh.toml`, without prefix length."""
    public_key: str | None
    listen_port: int | None
    error: str | None = None
    """Why the state is not `up`: what happened and what to do."""
    live: LiveInterface | None = None
    unknown_peers: tuple[str, ...] = ()
    """Public keys of peers that the interface has and `mesh.toml` does not know."""
    clock: int = 0
    """Epoch seconds, by the host's own clock, when it answered."""


class LinkStatus(NamedTuple):
    """One direction of a link: `from_`'s view of `to`. A tuple: it is made often."""

    from_: str
    to: str
    state: LinkState
    latest_handshake_age: int | None = None
    """Seconds, by the clock of the host that sees it; None: never, or not known."""
    transfer_rx: int | None = None
    transfer_tx: int | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class HostPolled:
    """One look at one host: its state, and its row of the grid in the file's order."""

    host: HostStatus
    links: tuple[LinkStatus, ...]
    at: float = 0.0
    """When the answer came, in seconds of the monotonic clock: rates are worked out with it."""


@dataclass(frozen=True, slots=True)
class HostDrift:
    """What one host has otherwise than `mesh.toml` says."""

    host: str
    drifts: tuple[Drift, ...] = ()
    ignored: frozenset[str] = frozenset()
    """The ids of those that a person wants to hear no more of."""
    error: str | None = None
    """Why it can't be told."""

    @property
    def heeded(self) -> tuple[Drift, ...]:
        """Those that are not ignored."""
        return tuple(one for one in self.drifts if one.id not in self.ignored)


Phase = Literal["arm", "key", "stage", "change", "verify", "confirm", "revert"]
"""`arm`: the host is ready to go back by itself. The last is `confirm` or `revert`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A host entered or ended a phase of an apply."""

    host: str
    phase: Phase
    state: Literal["running", "done", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class DirectionVerified:
    """The proof, or not, that `from_` reaches `to` over the mesh."""

    from_: str
    to: str
    ok: bool
    detail: str
    """`handshake 1 s ago, 10.0.0.2 in 0.8 ms`, or what is wrong."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a change did to what it was not meant to touch, counted in directions."""

    there: int
    """Had a session before, and the plan did not touch their link."""
    renewed: int
    """Of these, shook hands anew meanwhile. Busy ones do so every two minutes anyway."""
    lost: int
    """Of these, are gone: the peer entry is, or the host did not answer in the end."""

    def __str__(self) -> str:
        text = f"{self.renewed} of {self.there} sessions that were there renewed a handshake"
        return f"{text}, {self.lost} are gone" if self.lost else text


@dataclass(frozen=True, slots=True)
class Armed:
    """The hosts under change go back by themselves, unless this is renewed or confirmed."""

    until: float
    """When, in seconds of the monotonic clock of this machine."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What has been proved of a change that runs and is not confirmed yet."""

    worse: tuple[str, ...]
    """What worked before and does not now, each a sentence that names its host."""
    directions: tuple[DirectionVerified, ...]
    touches: bool
    """Whether it touches anything that ran: a session, an address, a route."""
    until: float
    """When the hosts go back by themselves, in seconds of the monotonic clock."""


Keep = Callable[[Verdict], Awaitable[bool]]
"""Decides whether a change stays; False takes it back. Hosts do so themselves at `until`."""


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """How an apply ended."""

    failed: dict[str, str]
    """Host -> why, for hosts that are not as the plan wanted; owed ones among them.
    `mesh.toml` -> why, where what was found out could not be written back."""
    directions: tuple[DirectionVerified, ...]
    seconds: float
    receipt: Receipt | None = None
    """What it did to sessions that it was not meant to touch; None: nothing was changed."""
    reverted: str | None = None
    """Why all was taken back; None: it stays. Hosts that did not answer to that are in
    `failed`: they go back by themselves."""
    behind_nat: Mapping[str, str] = field(default_factory=dict)
    """Hosts that were found to be -> how; mesh.toml says so by now, and the next plan follows."""
    unasked: Mapping[str, str] = field(default_factory=dict)
    """Hosts of which nobody can tell whether they are -> why that is to be doubted."""

    @property
    def ok(self) -> bool:
        """Whether every host changed as planned and every direction works."""
        return (
            self.reverted is None
            and not self.failed
            and all(direction.ok for direction in self.directions)
        )

    def told(self) -> dict[str, object]:
        """For the journal."""
        return {
            "failed": self.failed,
            "up": sum(direction.ok for direction in self.directions),
            "directions": len(self.directions),
            "seconds": round(self.seconds, 2),
            "receipt": str(self.receipt or ""),
            "reverted": self.reverted,
            "behind_nat": dict(self.behind_nat),
        }


Event = HostPolled | Progress | DirectionVerified
