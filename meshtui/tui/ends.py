"""The two ends of a link as they see each other, and what is wrong where they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from meshtui.inert import inert
from meshtui.mesh.model import Device, Member, Mesh
from meshtui.mesh.target import LOCAL, parse_target
from meshtui.mesh.wanted import wanted
from meshtui.tui.row import FIELD_LIMIT, SILENT, Rate
from meshtui.tui.theme import SeenState
from meshtui.tui.view import MeshView
from meshtui.tui.words import age_long, duration
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint, is_address, parse_endpoint
from meshtui.wg.health import HEALTHY, LinkState
from meshtui.wg.interface import Peer

#: Seconds without a byte after which nothing comes any more: who wants a handshake
#: sends something every 5 s.
QUIET = 20.0
#: Ends that see each other well, or have not tried.
_ILL: frozenset[LinkState] = frozenset({"stale", "never"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration of one end should say of the other, as `wg` writes it."""

    endpoint: str
    """Empty: none is wanted."""
    exact: Endpoint | None
    """The endpoint as an address; None: it is a name, or there is none."""
    public_key: str | None
    allowed_ips: tuple[str, ...]
    persistent_keepalive: int
    tunnel: bool = True
    """Whether there should be a tunnel at all."""


@dataclass(frozen=True, slots=True)
class End:
    """What one end says of the other. All text in it is inert."""

    here: str
    there: str
    state: LinkState | Literal["connecting"]
    """As it says, or last said."""
    wanted: Wanted
    age: int | None = None
    """Of the latest handshake, in seconds; None: never, or not known."""
    rx: int | None = None
    tx: int | None = None
    rate: Rate | None = None
    endpoint: str | None = None
    public_key: str | None = None
    """The far end's; None: there is none yet."""
    peer: LivePeer | None = None
    """The running entry; None: there is none, or it was not told."""
    host: SeenState = "up"
    silent: bool = False
    """Whether this end cannot be asked now."""
    seen: float | None = None
    """Seconds since it last answered, where it is silent; None: it never did."""
    listen_port: int | None = None

    @property
    def roamed(self) -> bool:
        """Whether the far end is seen elsewhere than the configuration says."""
        if self.wanted.exact is None or self.endpoint is None:
            return False
        try:
            return parse_endpoint(self.endpoint) != self.wanted.exact
        except ValueError:
            # An address with a zone: no configuration of ours has one.
            return True


@dataclass(frozen=True, slots=True)
class Flow:
    """How long ago one end's counters last went up, in seconds; None: not known."""

    rx: float | None = None
    tx: float | None = None

    @property
    def gets(self) -> bool | None:
        """Whether anything comes in."""
        return None if self.rx is None else self.rx <= QUIET

    @property
    def sends(self) -> bool | None:
        """Whether anything goes out."""
        return None if self.tx is None else self.tx <= QUIET


def end_of(view: MeshView, here: int, there: int) -> End:
    """The direction as the view has it now."""
    row, link = view.rows[here], view.link(here, there)
    far = view.rows[there]
    want = wanted_of(view.mesh, list(view.index)[here], list(view.index)[there])
    silent = row.state in SILENT
    key = far.public_key or want.public_key
    live = None if row.live is None or key is None else row.live.peers.get(key)
    if link is None:
        state: LinkState | Literal["connecting"] = (
            "connecting" if row.state == "connecting" else "unknown"
        )
        return End(row.name, far.name, state, want, public_key=key, host=row.state, silent=silent)
    return End(
        here=row.name,
        there=far.name,
        state=link.state,
        wanted=want,
        age=link.latest_handshake_age,
        rx=link.transfer_rx,
        tx=link.transfer_tx,
        rate=view.rate(here, there),
        endpoint=None if link.endpoint is None else inert(link.endpoint, FIELD_LIMIT),
        public_key=key,
        peer=live,
        host=row.state,
        silent=silent,
        seen=view.age(here) if silent else None,
        listen_port=row.listen_port,
    )


def wanted_of(mesh: Mesh, here: str, there: str) -> Wanted:
    """What `mesh.toml` makes of one direction; `here` is a host."""
    entries = wanted(mesh, [here])[here].peers
    peer = next((peer for peer in entries if peer.name == there), None)
    tunnel = peer is not None
    if peer is None:
        # What is disabled has no entry: this is what it would be.
        (peer,) = wanted(_alone(mesh, here, there), [here])[here].peers
    text, exact = _endpoint(peer, mesh.members[there])
    return Wanted(text, exact, peer.public_key, peer.prefixes, peer.persistent_keepalive, tunnel)


def _alone(mesh: Mesh, here: str, there: str) -> Mesh:
    """A mesh of these two, which have a tunnel."""
    hosts, peers = {here: replace(mesh.hosts[here], disabled=False)}, {}
    if there in mesh.hosts:
        hosts[there] = replace(mesh.hosts[there], disabled=False, behind_nat=False)
    else:
        peers[there] = replace(mesh.peers[there], disabled=False, through=(here,), exit=None)
    return Mesh(mesh.name, mesh.networks, mesh.interface, hosts=hosts, peers=peers)


def _endpoint(peer: Peer, host: Member) -> tuple[str, Endpoint | None]:
    if peer.endpoint is not None:
        found = peer.endpoint
        return str(found), found if found.is_address else None
    if isinstance(host, Device) or host.behind_nat or host.ssh == LOCAL:
        return "", None
    # Where ssh goes; what an alias of ~/.ssh/config stands for is not known here.
    target = parse_target(host.ssh).host
    found = Endpoint(target, host.listen_port)
    return str(found), found if is_address(target) else None


def verdict(a: End, b: End, flow_a: Flow, flow_b: Flow) -> tuple[str, str]:
    """One or two sentences on the link as a whole, and the state that colours them."""
    if not a.wanted.tunnel:
        return "no tunnel wanted: it is disabled", "unknown"
    for one in (a, b):
        if one.state == "connecting":
            return f"{one.here} has not answered yet", "unknown"
    if a.silent or b.silent:
        return _silent(a, b), "unknown"
    if a.state == b.state == "missing":
        return "neither end has the other as a peer: apply makes both entries", "missing"
    for one in (a, b):
        if one.state == "missing":
            return f"{one.here} has no peer entry for {one.there}: apply makes it", "missing"
        if one.state == "unknown":
            return f"{one.here} does not say how it sees {one.there}", "unknown"
    if a.state in _ILL or b.state in _ILL:
        return _ill(a, b, flow_a, flow_b), "never" if "never" in (a.state, b.state) else "stale"
    if a.state == b.state == "up":
        return "works both ways", "up"
    if a.state == b.state:
        return "idle: neither end has anything to send, so nothing shows whether it works", "idle"
    up = a if a.state == "up" else b
    return f"works: {up.here} had a handshake {age_long(up.age)}; {up.there} sends nothing", "up"


def _silent(a: End, b: End) -> str:
    if a.silent and b.silent:
        return "neither end can be asked now: what is here is as they were last seen"
    mute, other = (a, b) if a.silent else (b, a)
    text = f"{mute.here} cannot be asked now ({mute.host})"
    if other.state == "up":
        return f"{text}; {other.here} had a handshake with it {age_long(other.age)}"
    if other.state in _ILL:
        return f"{text}, and {other.here} gets no handshake from it either: it may be down"
    if other.state == "missing":
        return f"{text}, and {other.here} has no peer entry for it"
    return f"{text}; {other.here} has nothing to send to it"


def _ill(a: End, b: End, flow_a: Flow, flow_b: Flow) -> str:
    """Why there are no handshakes: the counters of both ends say which way packets get lost."""
    for here, there, here_flow, there_flow in ((a, b, flow_a, flow_b), (b, a, flow_b, flow_a)):
        if there_flow.sends and here_flow.gets is False and there_flow.gets:
            return (
                f"{here.here} gets nothing from {there.here}: {there.here} sends, and gets what"
                f" {here.here} sends. Look at {_door(here)}"
            )
    for here, there in ((a, b), (b, a)):
        if here.state in _ILL and there.state == "up":
            own = (
                "it never had a handshake"
                if here.age is None
                else f"its latest handshake is {duration(here.age)} old"
            )
            return (
                f"{here.here} gets nothing from {there.here}: {own}, while {there.here} had one"
                f" {age_long(there.age)}. Look at {_door(here)}"
            )
    if flow_a.gets is False and flow_b.gets is False:
        who = [one.here for one, flow in ((a, flow_a), (b, flow_b)) if flow.sends]
        if len(who) == 2:
            return (
                "both ends send and neither gets anything: UDP is blocked both ways, or an"
                " endpoint or a key is wrong"
            )
        if who:
            far = b.here if who[0] == a.here else a.here
            return f"{who[0]} sends and {far} gets nothing of it: look at {_door_of(far, a, b)}"
    healthy = next((one for one in (a, b) if one.state in HEALTHY), None)
    if healthy is not None:
        return (
            f"{healthy.there} sends and gets no answer from {healthy.here}, which itself has"
            f" nothing to send. Look at {_door(healthy)}"
        )
    return "neither end gets a handshake: UDP is blocked, or an endpoint or a key is wrong"


def _door_of(name: str, a: End, b: End) -> str:
    return _door(a if name == a.here else b)


def _door(end: End) -> str:
    port = f"UDP port {end.listen_port}" if end.listen_port else "its UDP port"
    return f"the firewall of {end.here} ({port})"
