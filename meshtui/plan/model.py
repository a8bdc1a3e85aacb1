"""What a plan is: per host, what would change and what that touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from meshtui.errors import HostError
from meshtui.mesh.model import Mesh
from meshtui.plan.seen import Seen
from meshtui.wg.endpoint import Endpoint

Impact = Literal["none", "handshake", "route", "new", "down"]
"""What a step touches of what runs: nothing; a link's session; an address or a
route; nothing yet, because the interface is new; or all of it, because it ends."""

Action = Literal[
    "make-key",
    "write-file",
    "bring-up",
    "enable",
    "add-peer",
    "change-peer",
    "remove-peer",
    "add-address",
    "remove-address",
    "add-route",
    "remove-route",
    "forward",
    "stop-forwarding",
    "exit",
    "stop-exit",
    "listen-port",
    "mtu",
    "switch-key",
    "write-back",
    "take-down",
    "remove-file",
    "hosts-file",
]


Where = Literal["disk", "running", "kernel"]
"""In the wg-quick file, in the running interface, or in its addresses, routes and MTU."""


class Difference(NamedTuple):
    """One thing that a host has otherwise than it should."""

    where: Where
    field: str
    """As `mesh.toml` or `wg` calls it: `listen_port`, `endpoint`."""
    wanted: str | None
    """None: it should not be there."""
    found: str | None
    """None: it is not there."""
    peer: str | None = None
    """The peer that has it; None: the interface."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would be done on one host."""

    action: Action
    detail: str
    """What, for a person: `server-b 10.0.0.2/32 at 203.0.113.2:51820`."""
    impact: Impact = "none"
    peer: str | None = None
    """Whose entry it is: a member's name, or what an unknown peer is called."""
    key: str | None = None
    """The public key of an entry that goes."""
    takes: tuple[str, ...] = ()
    """The prefixes that the peer loses, or the address that goes."""
    gives: tuple[str, ...] = ()
    """The prefixes that the peer gets, or the address that comes."""
    mends: Difference | None = field(default=None, compare=False)
    """What of the running interface it puts right."""


@dataclass(frozen=True, slots=True)
class Work:
    """The same for the machine: what the scripts on the host are given.

    Texts hold marks where something secret or not yet made goes: `@secret:N@`,
    `@live@`, `@live-psk:KEY@` and `@made@` are filled in on the host itself,
    `@operator@` and `@psk:HOST@` before they are sent. `@public:HOST@` stands for a
    key that is still to be made; once it is, the plan is made again with it.
    """

    base: str
    """SHA-256 of the file that the plan starts from, or `none`."""
    template: str | None = None
    """The new file; None: it stays."""
    first: tuple[str, ...] = ()
    """Lines for `change` that all hosts do before anybody sends another way than before."""
    calls: tuple[str, ...] = ()
    """Lines for `change`, then: new peers shake hands before anything is sent to them."""
    changes: tuple[str, ...] = ()
    """Lines for `change`: what is done to the running interface."""
    make_key: Literal["host", "operator"] | None = None
    bring_up: bool = False
    enable: bool = False
    switch: Literal["switch_key", "take_over"] | None = None
    """What all hosts do at once after that, the host whose key it is last; see change.sh."""
    switch_data: tuple[str, ...] = ()
    """Lines for it."""
    after: tuple[str, ...] = ()
    """Lines for `change`, when all hosts are done."""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What would change on one host. Without steps and problem: nothing."""

    host: str
    steps: tuple[Step, ...] = ()
    before: str | None = None
    """The wg-quick file as it is, secrets masked; None: there is none."""
    after: str | None = None
    """The file as it would be, secrets masked; None: as it is."""
    notes: tuple[str, ...] = ()
    """What is seen and left alone: unknown peers, a missing systemd."""
    problem: str | None = None
    """Why nothing can be done here now: the host is owed its change."""
    work: Work | None = None
    """What carries the steps out; None: nothing to do on the host."""
    own_path: bool = False
    """Whether meshtui's own SSH to the host runs through the interface that changes."""
    unknown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Peers that are left alone, by public key, with their allowed IPs."""


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """All that a plan follows from."""

    mesh: Mesh
    """With addresses for all hosts and, where they are known, endpoints."""
    written: Mesh
    """As `mesh.toml` says it: what differs is written back."""
    seen: Mapping[str, Seen | HostError]
    """A Seen for every host that answered, the reason for the others."""
    resolved: Mapping[Endpoint, Endpoint]
    """Endpoints that are DNS names -> their addresses now."""
    prune: bool = False
    """Whether peers that nobody knows are removed."""
    left: Mapping[str, str] = field(default_factory=dict)
    """Keys of hosts that this very change takes out of the mesh -> the host."""
    renew_psk: frozenset[str] = frozenset()
    """Hosts whose links all get a new preshared key."""
    paired: frozenset[str] = frozenset()
    """Members without SSH whose pair was just made here: their links get a preshared key."""
    mtu_left: frozenset[str] = frozenset()
    """Hosts whose MTU this very change takes out of mesh.toml: their files lose it, too."""
    only: str | None = None
    """The one host that is to be changed; None: all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Wanted minus seen, for the whole mesh."""

    mesh: str
    interface: str
    hosts: tuple[HostPlan, ...]
    touched: frozenset[tuple[str, str]] = frozenset()
    """Directions whose handshake must be newer than the change."""
    public_keys: dict[str, str] = field(default_factory=dict)
    """Host -> its key, as far as there is one already."""
    inputs: PlanInputs | None = None
    """What it was made from."""
    breaks: Mapping[str, str] = field(default_factory=dict)
    """Host that answers, and is owed its change -> what works now and would not because of it."""
    remake: Callable[[PlanInputs], Plan] | None = None
    """Makes it from other inputs; None: `make_plan` does."""

    @property
    def changes(self) -> int:
        """How many steps there are in all."""
        return sum(len(host.steps) for host in self.hosts)

    @property
    def problems(self) -> tuple[HostPlan, ...]:
        """The hosts that are owed their change, with the reason."""
        return tuple(host for host in self.hosts if host.problem)

    @property
    def own_path(self) -> tuple[str, ...]:
        """The hosts whose change may cut the SSH that makes it."""
        return tuple(host.host for host in self.hosts if host.own_path)
