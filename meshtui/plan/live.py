"""What to do to a running interface, in the order in which it harms nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from meshtui.plan.file import in_networks
from meshtui.plan.model import Impact, Step
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.health import ALIVE, age
from meshtui.wg.interface import Interface, Network, Peer


@dataclass(slots=True)
class LivePlan:
    """Steps to show, lines for `change`, and the peers whose session starts anew."""

    steps: list[Step] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    renewed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Context:
    """What the mesh knows beyond one host's interface."""

    networks: Collection[Network]
    gone: Mapping[str, str]
    """Public keys of peers to remove -> what to call them."""
    fresh_psk: Collection[str]
    """Names of peers whose link gets a new preshared key."""
    retold: Collection[str]
    """Names of peers whose endpoint in the file differs: the operator moved them."""
    resolved: Mapping[Endpoint, Endpoint]
    """Endpoints that are DNS names -> their addresses now."""
    routed: bool
    """Whether wg-quick would make routes (Table is not off)."""


def live_plan(want: Interface, seen: Seen, context: Context) -> LivePlan:
    """What turns the running interface into the wanted one."""
    plan = LivePlan()
    assert seen.live is not None
    _interface(plan, want, seen)
    for address in want.addresses:
        if address not in seen.addresses:
            _do(plan, Step("add-address", str(address), "route"), f"add-address {address}")
    for key, name in context.gone.items():
        if key in seen.live.peers:
            detail = f"{name} {', '.join(seen.live.peers[key].allowed_ips)}"
            _do(plan, Step("remove-peer", detail, "handshake"), f"remove-peer {key}")
    _peers(plan, want, seen, context)
    for address in seen.addresses:
        if address not in want.addresses and in_networks(address, context.networks):
            _do(plan, Step("remove-address", str(address), "route"), f"remove-address {address}")
    if context.routed:
        _routes(plan, want, seen, context)
    return plan


def _do(plan: LivePlan, step: Step, *lines: str) -> None:
    plan.steps.append(step)
    plan.changes.extend(lines)


def _interface(plan: LivePlan, want: Interface, seen: Seen) -> None:
    assert seen.live is not None
    if seen.live.listen_port != want.listen_port:
        detail = f"{seen.live.listen_port} -> {want.listen_port}"
        _do(plan, Step("listen-port", detail, "route"), f"listen-port {want.listen_port}")
    if want.mtu and seen.mtu != want.mtu:
        _do(plan, Step("mtu", f"{seen.mtu} -> {want.mtu}"), f"mtu {want.mtu}")


def _peers(plan: LivePlan, want: Interface, seen: Seen, context: Context) -> None:
    """All peers that differ go in one `wg addconf`: each replaces only what it names."""
    assert seen.live is not None
    text: list[str] = []
    for peer in want.peers:
        live = seen.live.peers.get(peer.public_key) if peer.public_key else None
        if live and peer.name in context.fresh_psk:
            # A new preshared key counts from the next handshake on. Made anew, the peer
            # has that at once, and not in two minutes, when nobody looks any more.
            plan.changes.append(f"remove-peer {peer.public_key}")
            step = Step("change-peer", f"{peer.name}: a new preshared key", "handshake")
            plan.steps.append(step)
            plan.renewed.add(peer.name)
            text += _section(peer, _peer_lines(peer, None, seen.clock, context))
            continue
        lines = _peer_lines(peer, live, seen.clock, context)
        if not lines:
            continue
        text += _section(peer, lines)
        detail = f"{peer.name} {', '.join(map(str, peer.allowed_ips))}"
        if live is None:
            at = f" at {peer.endpoint}" if peer.endpoint else ""
            plan.steps.append(Step("add-peer", detail + at, "new"))
            plan.renewed.add(peer.name)
            continue
        impact: Impact = "none"
        if any(line.startswith("AllowedIPs") for line in lines):
            impact = "route"
        plan.steps.append(Step("change-peer", f"{peer.name}: {', '.join(lines)}", impact))
    if text:
        plan.changes += [f"peers {len(text)}", *text]


def _section(peer: Peer, lines: list[str]) -> list[str]:
    return ["[Peer]", f"PublicKey = {peer.public_key or f'@public:{peer.name}@'}", *lines]


def _peer_lines(peer: Peer, live: LivePeer | None, clock: int, context: Context) -> list[str]:
    """What `wg addconf` is to set for this peer; nothing if it is right."""
    lines = []
    if live is None or set(live.allowed_ips) != {str(n) for n in peer.allowed_ips}:
        lines.append(f"AllowedIPs = {', '.join(map(str, peer.allowed_ips))}")
    if (endpoint := _endpoint(peer, live, clock, context)) is not None:
        lines.append(f"Endpoint = {endpoint}")
    if (live.persistent_keepalive if live else 0) != peer.persistent_keepalive:
        lines.append(f"PersistentKeepalive = {peer.persistent_keepalive or 'off'}")
    if peer.name in context.fresh_psk:
        lines.append(f"PresharedKey = @psk:{peer.name}@")
    return lines


def _endpoint(peer: Peer, live: LivePeer | None, clock: int, context: Context) -> Endpoint | None:
    """The endpoint to set, or None to leave it.

    A peer that talks from elsewhere has roamed: setting its endpoint back would cut
    it off. Only one that the operator moved, or that is silent, is told anew.
    """
    if peer.endpoint is None:
        return None
    wanted = context.resolved.get(peer.endpoint, peer.endpoint)
    if not wanted.is_address or (live and live.endpoint == str(wanted)):
        return None
    if live and live.endpoint and peer.name not in context.retold:
        seconds = age(live, clock)
        if seconds is not None and seconds <= ALIVE:
            return None
    return wanted


def _routes(plan: LivePlan, want: Interface, seen: Seen, context: Context) -> None:
    """As wg-quick does: a route for each prefix that no address of the interface covers."""
    assert seen.live is not None
    needed = {
        network
        for peer in want.peers
        for network in peer.allowed_ips
        if not any(_covers(address.network, network) for address in want.addresses)
    }
    for network in sorted(needed - seen.routes, key=str):
        _do(plan, Step("add-route", str(network), "route"), f"add-route {network}")
    left = {
        ip_network(text)
        for key in context.gone
        if key in seen.live.peers
        for text in seen.live.peers[key].allowed_ips
    }
    for network in sorted((left & seen.routes) - needed, key=str):
        _do(plan, Step("remove-route", str(network), "route"), f"remove-route {network}")


def _covers(big: Network, small: Network) -> bool:
    return big.version == small.version and small.subnet_of(big)  # type: ignore[arg-type]
