"""What to do to a running interface, in the order in which it harms nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from meshtui.mesh.wanted import single
from meshtui.plan.file import in_networks
from meshtui.plan.forward import forwarding
from meshtui.plan.model import Difference, Impact, Step
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.health import ALIVE, age
from meshtui.wg.interface import Interface, Network, Peer


@dataclass(slots=True)
class LivePlan:
    """Steps to show, lines for `change` as `Work` has them, and whose session starts anew."""

    steps: list[Step] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    renewed: set[str] = field(default_factory=set)
    freed: set[str] = field(default_factory=set)
    """Prefixes that their peer no longer has."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the mesh knows beyond one host's interface."""

    networks: Collection[Network]
    gone: Mapping[str, str]
    """Public keys of peers to remove -> what to call them."""
    retired: Mapping[str, str]
    """Keys that their hosts no longer have -> the host."""
    fresh_psk: Collection[str]
    """Names of peers whose link gets a new preshared key."""
    renewed_psk: Collection[str]
    """Those of them whose link has one that works: its session goes on with it."""
    retold: Collection[str]
    """Names of peers whose endpoint in the file differs: the operator moved them."""
    resolved: Mapping[Endpoint, Endpoint]
    """Endpoints that are DNS names -> their addresses now."""
    routed: bool
    """Whether wg-quick would make routes (Table is not off)."""
    far: Collection[Network]
    """Prefixes in the mesh that no address of the interface covers."""


def live_plan(want: Interface, seen: Seen, context: Context) -> LivePlan:
    """What turns the running interface into the wanted one."""
    plan = LivePlan()
    assert seen.live is not None
    passing = forwarding(want, seen, context.gone)
    plan.steps.extend(passing.steps)
    plan.first.extend(passing.first)
    _interface(plan, want, seen)
    changes = _addresses(plan, want, seen, context.networks)
    for key, name in context.gone.items():
        if key in seen.live.peers:
            allowed = seen.live.peers[key].allowed_ips
            plan.freed.update(allowed)
            detail = f"{name} {', '.join(allowed)}"
            peer = context.retired.get(key, name)
            mends = Difference("running", "peer", None, ", ".join(allowed) or "there", name)
            step = Step("remove-peer", detail, "handshake", peer, key, takes=allowed, mends=mends)
            _do(plan, step, f"remove-peer {key}")
    _peers(plan, want, seen, context)
    plan.changes.extend(changes)
    if not any(step.action == "add-address" for step in plan.steps) and not changes:
        for network in seen.unrouted:
            if any(network == address.network for address in want.addresses):
                _add_route(plan, network)
    if context.routed:
        _routes(plan, want, seen, context)
    plan.changes.extend(passing.then)
    # Until then others may still send through it.
    plan.after.extend(passing.last)
    return plan


def _do(plan: LivePlan, step: Step, *lines: str) -> None:
    plan.steps.append(step)
    plan.changes.extend(lines)


def _interface(plan: LivePlan, want: Interface, seen: Seen) -> None:
    assert seen.live is not None
    if seen.live.listen_port != want.listen_port:
        detail = f"{seen.live.listen_port} -> {want.listen_port}"
        mends = Difference(
            "running", "listen_port", str(want.listen_port), str(seen.live.listen_port)
        )
        _do(
            plan,
            Step("listen-port", detail, "route", mends=mends),
            f"listen-port {want.listen_port}",
        )
    if want.mtu and seen.mtu != want.mtu:
        mends = Difference("kernel", "mtu", str(want.mtu), _said(seen.mtu))
        _do(plan, Step("mtu", f"{seen.mtu} -> {want.mtu}", "none", mends=mends), f"mtu {want.mtu}")


def _addresses(
    plan: LivePlan, want: Interface, seen: Seen, networks: Collection[Network]
) -> list[str]:
    """Steps for all addresses, changes for the new ones; returns the changes for the end.

    Linux takes all IPv4 addresses of a subnet away with its first one, unless
    promote_secondaries is on, and with the last of all of them every route. So what
    shares a subnet with one that goes is held as a /32 meanwhile, and then added.
    """
    # The kernel lists a subnet's first address first: from the end, each is still there.
    before = [a for a in reversed(seen.addresses) if a not in want.addresses]
    goes = [a for a in before if in_networks(a, networks)]
    new = [a for a in want.addresses if a not in seen.addresses]
    stays = [*want.addresses, *(a for a in before if a not in goes)]
    shared = [a for a in stays if a.version == 4 and any(a.network == o.network for o in goes)]
    # Which of them is in another's place nobody can say: together they are one difference.
    own = [a for a in seen.addresses if in_networks(a, networks)]
    mends = Difference("kernel", "addresses", _listed(want.addresses), _listed(own) or None)
    for address in new:
        step = Step("add-address", str(address), "route", gives=(str(address),), mends=mends)
        plan.steps.append(step)
        if address not in shared:
            plan.changes.append(f"add-address {address}")
    for address in goes:
        step = Step("remove-address", str(address), "route", takes=(str(address),), mends=mends)
        plan.steps.append(step)
    held = [str(single(address)) for address in shared]
    return [
        *(f"add-address {address}" for address in held),
        *(f"remove-address {address}" for address in goes if str(address) not in held),
        *(f"add-address {address}" for address in shared),
        *(f"remove-address {address}" for address in held),
    ]


def _peers(plan: LivePlan, want: Interface, seen: Seen, context: Context) -> None:
    """New peers go in one `wg addconf`, by stdin. It is not for those that are there: it
    empties the allowed IPs of each peer that it names.
    """
    assert seen.live is not None
    new: list[str] = []
    early: list[str] = []
    moved: list[Peer] = []
    elsewhere = {text for live in seen.live.peers.values() for text in live.allowed_ips}
    for peer in want.peers:
        live = seen.live.peers.get(peer.public_key) if peer.public_key else None
        if live is None:
            at = f" at {peer.endpoint}" if peer.endpoint else ""
            wanted = f"{', '.join(peer.prefixes)}{at}"
            mends = Difference("running", "peer", wanted, None, peer.name)
            detail = f"{peer.name} {wanted}"
            step = Step("add-peer", detail, "new", peer.name, gives=peer.prefixes, mends=mends)
            plan.steps.append(step)
        elif peer.name in context.renewed_psk:
            # Both ends are told at once; until the next handshake the old one counts.
            detail = f"{peer.name}: another preshared key, from the next handshake on"
            line = f"preshared {peer.public_key} @psk:{peer.name}@"
            _do(plan, Step("change-peer", detail, "none", peer.name), line)
            _change_peer(plan, peer, live, seen.clock, context)
            continue
        elif peer.name in context.fresh_psk:
            # A new preshared key counts from the next handshake on. Made anew, the peer
            # has that at once, and not in two minutes, when nobody looks any more.
            detail = f"{peer.name}: a new preshared key"
            mends = Difference("running", "preshared_key", "one of both ends", "another", peer.name)
            step = replace(_changed(detail, "handshake", peer, live), mends=mends)
            _do(plan, step, f"remove-peer {peer.public_key}")
            plan.freed.update(live.allowed_ips)
        else:
            _change_peer(plan, peer, live, seen.clock, context)
            continue
        plan.renewed.add(peer.name)
        lines = _new_peer(peer, live, seen.clock, context)
        if live is None and peer.public_key and not elsewhere.isdisjoint(peer.prefixes):
            # What goes another way by now goes on so until there is a session.
            early += [line for line in lines if not line.startswith("AllowedIPs")]
            moved.append(peer)
        else:
            new += lines
    if new:
        plan.changes += [f"peers {len(new)}", *new]
    if early:
        plan.first += [f"peers {len(early)}", *early]
        plan.changes += [f"allowed-ips {p.public_key} {','.join(p.prefixes)}" for p in moved]
        _call(plan, seen.live.public_key or "", moved)


def _call(plan: LivePlan, own: str, peers: Iterable[Peer]) -> None:
    """One of both ends begins: of two that do at the same moment, each drops the other's."""
    called = [p for p in peers if p.endpoint and own < (p.public_key or "")]
    if called:
        plan.calls += [f"call {p.public_key} {p.persistent_keepalive}" for p in called]
        plan.calls.append(f"await {' '.join(p.public_key or '' for p in called)}")


def _new_peer(peer: Peer, live: LivePeer | None, clock: int, context: Context) -> list[str]:
    """`live` is the peer in whose place it comes."""
    lines = ["[Peer]", f"PublicKey = {peer.public_key or f'@public:{peer.name}@'}"]
    if peer.name in context.fresh_psk:
        lines.append(f"PresharedKey = @psk:{peer.name}@")
    lines.append(f"AllowedIPs = {', '.join(peer.prefixes)}")
    # Where it was heard last may be known from nowhere else.
    heard = live.endpoint if live else None
    if (endpoint := _endpoint(peer, live, clock, context) or heard) is not None:
        lines.append(f"Endpoint = {endpoint}")
    if peer.persistent_keepalive:
        lines.append(f"PersistentKeepalive = {peer.persistent_keepalive}")
    return lines


def _changed(detail: str, impact: Impact, peer: Peer, live: LivePeer) -> Step:
    """The step that also makes a peer's allowed IPs the wanted ones."""
    return Step(
        "change-peer",
        detail,
        impact,
        peer.name,
        takes=tuple(text for text in live.allowed_ips if text not in peer.prefixes),
        gives=tuple(text for text in peer.prefixes if text not in live.allowed_ips),
    )


def _change_peer(plan: LivePlan, peer: Peer, live: LivePeer, clock: int, context: Context) -> None:
    """Only what differs: setting what is there already costs packets."""
    key = peer.public_key
    if live.allowed_ips != peer.prefixes and set(live.allowed_ips) != set(peer.prefixes):
        allowed = ",".join(peer.prefixes)
        detail = f"{peer.name}: allowed IPs {', '.join(live.allowed_ips) or 'none'} -> {allowed}"
        mends = Difference(
            "running", "allowed_ips", _listed(peer.prefixes), _listed(live.allowed_ips), peer.name
        )
        step = replace(_changed(detail, "route", peer, live), mends=mends)
        _do(plan, step, f"allowed-ips {key} {allowed}")
        plan.freed.update(step.takes)
    if (endpoint := _endpoint(peer, live, clock, context)) is not None:
        detail = f"{peer.name}: endpoint {live.endpoint or 'none'} -> {endpoint}"
        mends = Difference("running", "endpoint", str(endpoint), live.endpoint, peer.name)
        step = Step("change-peer", detail, peer=peer.name, mends=mends)
        # What the peer still sends from its old place would bring the old endpoint back: it
        # must hear of the new one first.
        call = f"call {key} {peer.persistent_keepalive}"
        _do(plan, step, f"endpoint {key} {endpoint}", call)
    if live.persistent_keepalive != peer.persistent_keepalive:
        seconds = peer.persistent_keepalive
        detail = (
            f"{peer.name}: keepalive {live.persistent_keepalive or 'off'} -> {seconds or 'off'}"
        )
        mends = Difference(
            "running",
            "persistent_keepalive",
            str(seconds),
            str(live.persistent_keepalive),
            peer.name,
        )
        step = Step("change-peer", detail, peer=peer.name, mends=mends)
        _do(plan, step, f"keepalive {key} {seconds}")


def _endpoint(peer: Peer, live: LivePeer | None, clock: int, context: Context) -> Endpoint | None:
    """The endpoint to set, or None to leave it.

    A peer that talks from elsewhere has roamed: setting its endpoint back would cut
    it off. Only one that the operator moved, or that is silent, is told anew.
    """
    if peer.endpoint is None or (live and live.endpoint == peer.at):
        return None
    wanted = context.resolved.get(peer.endpoint, peer.endpoint)
    if (live and live.endpoint == str(wanted)) or not wanted.is_address:
        return None
    if live and live.endpoint and peer.name not in context.retold:
        seconds = age(live, clock)
        if seconds is not None and seconds <= ALIVE:
            return None
    return wanted


def _routes(plan: LivePlan, want: Interface, seen: Seen, context: Context) -> None:
    """As wg-quick does: a route for each prefix that no address of the interface covers."""
    if not context.far and not plan.freed:
        return
    wanted = {network for peer in want.peers for network in peer.allowed_ips}
    for network in sorted(wanted.intersection(context.far) - seen.routes, key=str):
        _add_route(plan, network)
    # The route to an address's own subnet is the kernel's, whoever else had that prefix.
    kernels = {address.network for address in (*want.addresses, *seen.addresses)}
    left = set(networks_of(plan.freed)) - wanted - kernels
    for network in sorted(left & seen.routes, key=str):
        mends = Difference("kernel", "route", None, str(network))
        _do(
            plan,
            Step("remove-route", str(network), "route", mends=mends),
            f"remove-route {network}",
        )


def _add_route(plan: LivePlan, network: Network) -> None:
    mends = Difference("kernel", "route", str(network), None)
    _do(plan, Step("add-route", str(network), "route", mends=mends), f"add-route {network}")


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _said(value: object) -> str | None:
    return None if value is None else str(value)


def networks_of(texts: Iterable[str]) -> Iterator[Network]:
    """Those of `texts` that are networks; what a host says of its peers need not be one."""
    for text in texts:
        try:
            yield ip_network(text, strict=False)
        except ValueError:
            continue


def far(prefixes: Iterable[Network], near: Iterable[Network]) -> frozenset[Network]:
    """The prefixes that are in none of the networks `near`."""
    near = tuple(near)
    return frozenset(p for p in prefixes if not any(_covers(n, p) for n in near))


def _covers(big: Network, small: Network) -> bool:
    return big.version == small.version and small.subnet_of(big)  # type: ignore[arg-type]
