"""What a plan touches of what runs, summed up over all hosts.

No plan bounces an interface: one that runs is changed live, and what is brought up
was down.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import Literal

from meshtui.mesh.wanted import single
from meshtui.plan.live import networks_of
from meshtui.plan.model import HostPlan, Plan, PlanInputs, Step
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LivePeer

IP = IPv4Address | IPv6Address

Link = tuple[str, str]
"""Two members in the order of mesh.toml; one that is not in it comes last."""

Touch = Literal["new", "session", "route", "down"]
"""What happens to a link: there was none; its session starts anew; an address, prefix
or port changes; it ends."""

#: All hosts are changed at the same time: from the first that is to the last.
SIDE_BY_SIDE = 1.0
#: A host's key is switched: one handshake, and that its peers notice it.
HANDSHAKE = 0.25
#: WireGuard's REKEY_TIMEOUT: when it tries again after a handshake that failed.
RETRY = 5.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Links over which something that could be reached no longer is."""

    why: str
    seconds: float | None
    """About so long, if nothing fails; None: for good, or until what `why` says."""
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Prefixes that go from one peer to another."""

    prefixes: tuple[str, ...]
    from_: str
    to: str
    hosts: tuple[str, ...]
    """Where."""


@dataclass(frozen=True, slots=True)
class PlanImpact:
    """All of it; empty where nothing that runs is touched."""

    links: Mapping[Touch, tuple[Link, ...]] = field(default_factory=dict)
    """Each link once, under the worst that happens to it."""
    lost: tuple[Loss, ...] = ()
    """For good first, then the longest."""
    moves: tuple[Move, ...] = ()
    exits: tuple[tuple[str, str], ...] = ()
    """Hosts, and what becomes of all else that they send."""
    own_path: tuple[str, ...] = ()
    """Hosts whose change may cut the SSH that makes it."""

    def __bool__(self) -> bool:
        return bool(self.links or self.lost or self.moves or self.exits or self.own_path)


_Cost = tuple[float | None, str]
"""For how long something is lost, as in `Loss`, and why."""

_Told = tuple[str, Literal["session", "route", "down"], _Cost | None]
"""A peer of the host, what happens to their link, and what that costs."""


def impact(plan: Plan) -> PlanImpact:
    """What `plan` touches. Where two hosts are no peers of each other, nothing is lost."""
    order = {host.host: number for number, host in enumerate(plan.hosts)}
    state = _State(plan)
    touched: dict[Touch, set[Link]] = {"down": set(), "route": set(), "session": set()}
    lost: dict[Link, _Cost] = {}
    owners: dict[tuple[str, str, str], list[str]] = {}

    def link(one: str, other: str) -> Link:
        last = len(order)
        return (one, other) if order.get(one, last) <= order.get(other, last) else (other, one)

    renewed = {link(*direction) for direction in plan.touched}
    for host in plan.hosts:
        for step in host.steps:
            for peer, does, cost in state.told(host.host, step):
                one = link(host.host, peer)
                touched["session" if does == "down" and one in renewed else does].add(one)
                if cost is not None and (one not in lost or _length(lost[one]) < _length(cost)):
                    lost[one] = cost
        for prefix, from_, to in _moved(host.steps):
            owners.setdefault((prefix, from_, to), []).append(host.host)
    exits = tuple(
        (host.host, step.detail)
        for host in plan.hosts
        for step in host.steps
        if step.action in ("exit", "stop-exit")
    )
    links: dict[Touch, tuple[Link, ...]] = {}
    counted: set[Link] = set()
    touched["new"] = renewed
    for touch, found in touched.items():
        if once := found - counted:
            links[touch] = _sorted(once, order)
            counted |= once
    losses, moves = tuple(_losses(lost, order)), tuple(_moves(owners))
    return PlanImpact(links, losses, moves, exits, plan.own_path)


def _length(loss: _Cost) -> float:
    return float("inf") if loss[0] is None else loss[0]


def _sorted(links: Iterable[Link], order: Mapping[str, int]) -> tuple[Link, ...]:
    last = len(order)
    return tuple(sorted(links, key=lambda x: (order.get(x[0], last), order.get(x[1], last), x)))


def _losses(lost: Mapping[Link, _Cost], order: Mapping[str, int]) -> Iterator[Loss]:
    by_reason: dict[_Cost, list[Link]] = {}
    for one, loss in lost.items():
        by_reason.setdefault(loss, []).append(one)
    for loss in sorted(by_reason, key=lambda loss: (-_length(loss), loss[1])):
        yield Loss(loss[1], loss[0], _sorted(by_reason[loss], order))


def _moved(steps: Iterable[Step]) -> Iterator[tuple[str, str, str]]:
    """(prefix, whose it was, whose it is then) on one host."""
    peers = [step for step in steps if step.peer is not None]
    had = {text: step.peer for step in peers for text in step.takes}
    for step in peers:
        for text in step.gives:
            from_ = had.get(text)
            if from_ and step.peer and from_ != step.peer:
                yield text, from_, step.peer


def _moves(owners: Mapping[tuple[str, str, str], list[str]]) -> Iterator[Move]:
    """Prefixes that go the same way on the same hosts are one move."""
    same: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (prefix, from_, to), hosts in owners.items():
        same.setdefault((from_, to, tuple(hosts)), []).append(prefix)
    for (from_, to, where), prefixes in same.items():
        yield Move(tuple(prefixes), from_, to, where)


class _State:
    """The mesh as it is, and what the plan takes from it."""

    def __init__(self, plan: Plan) -> None:
        self.seen: dict[str, Seen] = {}
        self.keys: dict[str, str] = {}
        """Host -> the key that it runs with, as far as it is known."""
        self.there: dict[str, list[tuple[IP, str]]] = {}
        """Host -> its addresses, each also as the prefix of it alone: worked out once."""
        self.others: set[IP] = set()
        """Addresses of hosts that were seen, and of devices."""
        if plan.inputs:
            self._know(plan.inputs)
        self.owed = {host.host for host in plan.problems}
        self.names = [host.host for host in plan.hosts]
        self.renewed = plan.touched
        self.goes = {name: set[IP]() for name in self.names}
        """IP addresses that the host has and then no longer has."""
        self.comes = {name: set[IP]() for name in self.names}
        for host in plan.hosts:
            self._addresses(host)

    def _know(self, inputs: PlanInputs) -> None:
        for name, one in inputs.seen.items():
            key = inputs.mesh.hosts[name].public_key
            if isinstance(one, Seen):
                # What runs counts, whatever mesh.toml says.
                self.seen[name] = one
                self.there[name] = [(a.ip, str(single(a))) for a in one.addresses]
                key = one.live.public_key if one.live else None
            if key:
                self.keys[name] = key
        devices = inputs.mesh.peers.values()
        self.others = {a.ip for device in devices for a in device.addresses}
        self.others |= {ip for there in self.there.values() for ip, _ in there}

    def _addresses(self, host: HostPlan) -> None:
        own = [step for step in host.steps if step.action in ("add-address", "remove-address")]
        if not own:
            return
        takes = {ip_interface(text) for step in own for text in step.takes}
        gives = {ip_interface(text) for step in own for text in step.gives}
        seen = self.seen[host.host].addresses if host.host in self.seen else ()
        stays = {address.ip for address in seen if address not in takes}
        self.comes[host.host] = {address.ip for address in gives}
        self.goes[host.host] = {a.ip for a in takes} - self.comes[host.host] - stays

    def told(self, host: str, step: Step) -> Iterator[_Told]:
        """What a step does to the links of its host."""
        match step.action:
            case "take-down" if step.impact == "down":
                for peer in self.names:
                    if peer != host:
                        yield peer, "down", (None, "the host leaves the mesh")
            case "remove-peer" if step.peer and not self._stale(step):
                yield step.peer, "down", self._removed(host, step.peer)
            case "change-peer" if step.peer and step.impact != "none":
                if step.impact == "handshake":
                    yield step.peer, "session", self._rekeyed(host, step.peer)
                if step.takes or step.gives:
                    yield step.peer, "route", self._unrouted(host, step.peer, step.takes)
            case "switch-key":
                for peer in self._peers(host):
                    yield peer, "session", (HANDSHAKE, "until they shook hands with the new key")
            case "add-address":
                for peer in self._peers(host):
                    yield peer, "route", None
            case "remove-address":
                for peer in self._peers(host):
                    yield peer, "route", self._unrouted(peer, host, ())
            case "listen-port":
                for peer in self._peers(host):
                    yield peer, "route", self._unheard(host, peer)

    def _stale(self, step: Step) -> bool:
        """Whether the peer is a host that runs with another key than this entry's."""
        return step.peer in self.seen and self.keys.get(step.peer) != step.key

    def _removed(self, host: str, peer: str) -> _Cost:
        if (host, peer) in self.renewed:
            return None, f"until {peer} runs with the key that mesh.toml says"
        return None, "the peer is removed"

    def _rekeyed(self, host: str, peer: str) -> _Cost | None:
        if not self._way(host, peer):
            return None
        return RETRY, "a new preshared key, which both ends must have"

    def _entry(self, host: str, peer: str) -> LivePeer | None:
        live = self.seen[host].live if host in self.seen else None
        return live.peers.get(self.keys.get(peer, "")) if live else None

    def _way(self, one: str, other: str) -> bool:
        """Whether those ends that could be asked have each other as peers."""
        ends = [(a, b) for a, b in ((one, other), (other, one)) if a in self.seen]
        return bool(ends) and all(self._entry(a, b) for a, b in ends)

    def _peers(self, host: str) -> list[str]:
        return [peer for peer in self.names if peer != host and self._way(host, peer)]

    def _unheard(self, host: str, peer: str) -> _Cost:
        """The host's listen port changes: its peer must be told, or hear from it."""
        if peer in self.owed:
            return None, f"until {host} sends something to {peer} from its new port"
        return SIDE_BY_SIDE, "a port changes: until the other end is told"

    def _unrouted(self, host: str, peer: str, takes: Collection[str]) -> _Cost | None:
        """For addresses of `peer` that `host` reaches, and then no longer.

        `takes` are prefixes that the peer loses on the host.
        """
        if not self._way(host, peer):
            return None
        if peer in self.seen:
            # An entry that could not be seen may well cover all of them.
            entry = self._entry(host, peer)
            gone = [
                ip
                for ip, alone in self.there[peer]
                if _covers(takes, ip, alone) or ip in self.goes[peer]
                if entry is None or _covers(entry.allowed_ips, ip, alone)
            ]
        else:
            # What others have is only carried by it, and by somebody else from now on.
            addresses = (network.network_address for network in networks_of(takes))
            gone = [ip for ip in addresses if ip not in self.others]
        if not gone:
            return None
        for end in (host, peer):
            if end in self.owed:
                return None, f"until {end}, which can't be changed now, has the new address, too"
        new = {ip.version for ip in self.comes[peer]}
        for ip in gone:
            if ip.version not in new:
                return None, f"{ip} of {peer} goes, and no other comes"
        return SIDE_BY_SIDE, "an address changes: until both ends are changed"


def _covers(prefixes: Collection[str], ip: IP, alone: str) -> bool:
    if alone in prefixes:
        return True
    # An exit's /0 is for what is not in the mesh.
    wide = [text for text in prefixes if not text.endswith(("/32", "/128", "/0"))]
    return any(ip in network for network in networks_of(wide))
