"""Wanted minus seen, for a whole mesh."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from meshtui.errors import HostError
from meshtui.inert import inert
from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Host, Member, Mesh
from meshtui.mesh.wanted import joined, prefixes, single, wanted
from meshtui.plan.file import is_endpoint, mark_of, new_file, peers_by_key
from meshtui.plan.forward import forward_notes, forwarding
from meshtui.plan.live import Context, LivePlan, far, live_plan
from meshtui.plan.model import HostPlan, Plan, PlanInputs, Step, Work
from meshtui.plan.names import keep_names
from meshtui.plan.notes import down_notes, family_notes, held_notes, host_notes, nat_notes
from meshtui.plan.reach import lost_through
from meshtui.plan.seen import Seen
from meshtui.plan.trouble import clones, owners, read, steals, trouble
from meshtui.wg.conf import ConfFile, Section
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Interface, Network, Peer

#: Of what `systemctl is-enabled` says; the rest (masked, static, not-found) is somebody's choice.
_CAN_BE_ENABLED = ("disabled", "linked", "linked-runtime")
_PROBLEM_LIMIT = 600


@dataclass(frozen=True, slots=True)
class Known:
    """The mesh with what the hosts said, shared by the plans of all of them."""

    mesh: Mesh
    written: Mesh
    able: Mapping[str, Seen]
    """The hosts that can be worked with."""
    problems: Mapping[str, str]
    """The others -> why not."""
    wanted: Mapping[str, Interface]
    fresh_psk: frozenset[frozenset[str]]
    """Links that get a new preshared key."""
    renew_psk: frozenset[str]
    """Hosts whose links that have one get another."""
    retired: Mapping[str, str]
    """Keys that mesh.toml still names and their hosts no longer have -> the host."""
    resolved: Mapping[Endpoint, Endpoint]
    prune: bool
    left: Mapping[str, str]
    owners: Mapping[str, Collection[str]]
    """Public key -> the members that have it, or had it as far as mesh.toml knows."""
    far: dict[tuple[Network, ...], frozenset[Network]] = field(default_factory=dict)
    """Networks of an interface's addresses -> prefixes in the mesh that are in none of them."""

    def far_from(self, want: Interface) -> frozenset[Network]:
        """What `want`'s addresses do not cover: the same for most hosts, so worked out once."""
        near = tuple(address.network for address in want.addresses)
        if near not in self.far:
            members: tuple[Member, ...] = (*self.mesh.hosts.values(), *self.mesh.peers.values())
            self.far[near] = far((p for member in members for p in prefixes(member)), near)
        return self.far[near]


def make_plan(inputs: PlanInputs) -> Plan:
    """What would change on each host."""
    sections: dict[str, Section] = {}
    files = {name: read(one, sections) for name, one in inputs.seen.items()}
    stolen: dict[str, str] = {}
    while True:
        known = _know(inputs, files, stolen)
        found = {name: _host(known, name, files[name]) for name in known.able}
        more = {name: plan.problem for name, (plan, _) in found.items() if plan.problem}
        if not more:
            break
        # Such a host stays as it is: the others must not count on it, as for a new
        # preshared key, and so on until it holds.
        stolen |= more
    if inputs.only:
        found = {name: _kept(name, one, inputs.only) for name, one in found.items()}
    renewed = {way for a, (_, ends) in found.items() for b in ends for way in ((a, b), (b, a))}
    hosts = known.mesh.hosts
    lost, breaks = lost_through(known.mesh, known.wanted, inputs.seen, known.problems)
    return Plan(
        mesh=known.mesh.name,
        interface=known.mesh.interface,
        hosts=tuple(found[n][0] if n in found else _owed(known, n, lost.get(n)) for n in hosts),
        touched=frozenset(joined(known.mesh)) & renewed if renewed else frozenset(),
        public_keys={name: host.public_key for name, host in hosts.items() if host.public_key},
        inputs=inputs,
        breaks={} if inputs.only else breaks,
    )


def _know(
    inputs: PlanInputs,
    files: Mapping[str, ConfFile | ValueError | None],
    stolen: Mapping[str, str],
) -> Known:
    """What follows from all hosts together; `stolen` are those to leave alone -> why."""
    mesh, written, seen = inputs.mesh, inputs.written, inputs.seen
    problems = {n: why for n, one in seen.items() if (why := trouble(mesh, n, one, files[n]))}
    problems |= stolen
    keys = {name: _key(mesh, name, one, name not in problems) for name, one in seen.items()}
    cloned = clones(keys)
    problems |= cloned
    # Of what a host's file says: shown, printed and kept by many, so made harmless here.
    problems = {name: inert(problem, _PROBLEM_LIMIT) for name, problem in problems.items()}
    mesh = replace(
        mesh,
        hosts={
            n: replace(host, public_key=keys[n], mtu=0 if n in inputs.mtu_left else host.mtu)
            for n, host in mesh.hosts.items()
        },
    )
    able = {n: one for n, one in seen.items() if isinstance(one, Seen) and n not in problems}
    retired = {
        host.public_key: host.name
        for host in written.hosts.values()
        # An able host without a key gets a new one; any other may still have it.
        if host.public_key and keys[host.name] != host.public_key
        if keys[host.name] or host.name in able
        if host.name not in cloned
    }
    return Known(
        mesh=mesh,
        written=written,
        able=able,
        problems=problems,
        wanted=_without_unknown(wanted(mesh, able), able, cloned),
        fresh_psk=_fresh_psk(mesh, able, inputs.renew_psk, inputs.paired),
        renew_psk=inputs.renew_psk,
        retired=retired,
        resolved=inputs.resolved,
        prune=inputs.prune,
        left=inputs.left,
        owners=owners(mesh, [h for h in written.hosts.values() if h.public_key not in retired]),
    )


def _kept(name: str, found: tuple[HostPlan, set[str]], only: str) -> tuple[HostPlan, set[str]]:
    """The plan of a host where one alone is to be changed."""
    return found if name == only else (HostPlan(name), set())


def _owed(known: Known, name: str, lost: str | None) -> HostPlan:
    """The plan of a host that is left as it is; `lost`: what others lose by that."""
    notes = (*down_notes(known.mesh, name), *([lost] if lost else []))
    return HostPlan(name, tuple(_write_back(known, name)), None, None, notes, known.problems[name])


def _key(mesh: Mesh, name: str, seen: Seen | HostError, able: bool) -> str | None:
    """The host's public key, as far as one is known."""
    if isinstance(seen, HostError):
        return mesh.hosts[name].public_key
    # A key that waits for its file is of no use to others while it cannot get there.
    return seen.public_key if able else seen.used_key


def again(plan: Plan, now: Mapping[str, Seen | HostError]) -> Plan:
    """The same plan where some hosts are no longer as they were seen.

    So a key that was made takes its place, and a host that failed drops out.
    """
    assert plan.inputs
    return (plan.remake or make_plan)(replace(plan.inputs, seen={**plan.inputs.seen, **now}))


def _without_unknown(
    interfaces: Mapping[str, Interface], able: Collection[str], cloned: Collection[str]
) -> dict[str, Interface]:
    """Drop peers that have no key and can't be given one now, or no key of their own."""
    return {
        name: replace(
            one,
            peers=tuple(
                p
                for p in one.peers
                if p.name not in cloned and (p.public_key is not None or p.name in able)
            ),
        )
        for name, one in interfaces.items()
    }


def _fresh_psk(
    mesh: Mesh, able: Mapping[str, Seen], renew: Collection[str], paired: Collection[str]
) -> frozenset[frozenset[str]]:
    """Links that get a preshared key: those of `renew`, and those whose ends share none.

    Both ends must be there to get it: a host that can be worked with, and one such or a
    device whose configuration is made now, those of `paired`.
    """
    if not mesh.preshared_keys:
        return frozenset()
    keys = {name: mesh.hosts[name].public_key or "" for name in able}
    return frozenset(frozenset((host, device)) for host in able for device in paired) | frozenset(
        frozenset((a, b))
        for a, b in combinations(able, 2)
        if a in renew
        or b in renew
        or able[a].preshared.get(keys[b]) is None
        or able[a].preshared.get(keys[b]) != able[b].preshared.get(keys[a])
    )


def _host(known: Known, name: str, file: ConfFile | ValueError | None) -> tuple[HostPlan, set[str]]:
    """The plan of one host that can be worked with, and the peers whose sessions start anew."""
    seen, conf = known.able[name], file if isinstance(file, ConfFile) else None
    want = known.wanted[name]
    stand = peers_by_key(conf)
    gone, left_alone = _strangers(known, name, seen, stand)
    if stolen := steals(want, left_alone):
        return HostPlan(name, problem=stolen), set()
    notes = [
        f"peer {key[:12]}… ({', '.join(allowed) or 'no allowed IPs'}) is not in mesh.toml:"
        " left alone (--prune removes it)"
        for key, allowed in left_alone.items()
    ]
    if want.mtu == 0 and seen.mtu:
        notes.append(f"MTU {seen.mtu} runs until {want.name} is next brought up")
    fresh: set[str] = set()
    if known.fresh_psk:
        fresh = {p.name for p in want.peers if frozenset((name, p.name)) in known.fresh_psk}
    made = "@operator@" if known.mesh.hosts[name].keys == "operator" else "@made@"
    routed = conf is None or (conf.interface.get("Table") or "auto").lower() == "auto"
    if want.exit and not routed:
        notes.append(f"Table in its file is not auto: what goes to {want.exit} is up to you")
        want = replace(want, exit=None)
    text = new_file(want, seen, conf, stand, known.mesh.networks, gone, fresh, made)
    live = LivePlan()
    retold = {p.name for p in want.peers if _is_retold(p, stand.get(p.public_key or ""))}
    if seen.live:
        shared = {
            peer.name
            for peer in want.peers
            if peer.name in fresh and known.renew_psk & {name, peer.name}
            if _share(known, name, peer)
        }
        context = Context(
            networks=known.mesh.networks,
            gone=gone,
            retired=known.retired,
            fresh_psk=fresh,
            renewed_psk=shared,
            retold=retold,
            resolved=known.resolved,
            routed=routed,
            far=known.far_from(want),
        )
        live = live_plan(want, seen, context)
    else:
        live.steps += forwarding(want, seen).steps
        live.renewed |= {peer.name for peer in want.peers}
    touches = bool(live.first or live.changes or live.after)
    notes += keep_names(live, known.mesh, name, seen)
    steps, work = _work(known, name, seen, text, live)
    notes += [*_notes(known, name), *held_notes(seen)]
    notes += forward_notes(want, seen)
    if work:
        notes += host_notes(known.mesh.interface, seen)
    plan = HostPlan(
        host=name,
        steps=tuple(steps),
        before=seen.file,
        after=text if work and work.template is not None else None,
        notes=tuple(notes),
        work=work,
        own_path=bool(seen.ssh_inside and touches),
        unknown=left_alone,
    )
    return plan, live.renewed


def _share(known: Known, name: str, peer: Peer) -> bool:
    """Whether both ends run with the same preshared key by now."""
    there, here = known.able[peer.name], known.able[name]
    mine = here.preshared.get(peer.public_key or "")
    return mine is not None and mine == there.preshared.get(here.public_key or "")


def _is_retold(peer: Peer, told: Sequence[Section] | None) -> bool:
    """Whether the file has another endpoint than mesh.toml: the operator moved the peer."""
    old = told[-1].get("Endpoint") if told else None
    return old is not None and peer.at is not None and not is_endpoint(old, peer)


def _work(
    known: Known, name: str, seen: Seen, text: str, live: LivePlan
) -> tuple[list[Step], Work | None]:
    """The steps in their order, and what carries them out."""
    path = f"/etc/wireguard/{known.mesh.interface}.conf"
    unit = f"wg-quick@{known.mesh.interface}"
    steps: list[Step] = []
    keys = known.mesh.hosts[name].keys
    make_key = keys if seen.public_key is None or "@operator@" in text else None
    if make_key:
        where = "on the host" if keys == "host" else "here, sent once and not kept"
        steps.append(Step("make-key", f"a new private key, made {where}", "new"))
    template: str | None = text
    if seen.file is None:
        steps.append(Step("write-file", f"{path}, new", "new" if seen.live is None else "none"))
    elif seen.mode and seen.mode & 0o077:
        steps.append(Step("write-file", f"{path}, mode {seen.mode:o} -> 600"))
    elif text != seen.file:
        steps.append(Step("write-file", path))
    else:
        template = None
    steps += live.steps
    bring_up = seen.live is None
    enable = not bring_up and seen.systemd in _CAN_BE_ENABLED
    if bring_up:
        how = f"systemctl enable --now {unit}" if seen.systemd is not None else "wg-quick up"
        steps.append(Step("bring-up", how, "new"))
    if enable:
        steps.append(Step("enable", f"systemctl enable {unit}"))
    work = None
    if steps:
        work = Work(
            base=seen.sha256 or "none",
            template=template,
            first=tuple(live.first),
            calls=tuple(live.calls),
            changes=tuple(live.changes),
            after=tuple(live.after),
            make_key=make_key,
            bring_up=bring_up,
            enable=enable,
        )
    return steps + _write_back(known, name), work


def _write_back(known: Known, name: str) -> list[Step]:
    """What mesh.toml does not say yet, or says wrongly."""
    host, written = known.mesh.hosts[name], known.written.hosts[name]
    steps = []
    if host.addresses != written.addresses:
        detail = ", ".join(str(address.ip) for address in host.addresses)
        steps.append(Step("write-back", f"addresses {detail} into mesh.toml"))
    if host.public_key and host.public_key != written.public_key:
        steps.append(Step("write-back", f"public_key {host.public_key} into mesh.toml"))
    return steps


def _strangers(
    known: Known, name: str, seen: Seen, stand: Mapping[str, Sequence[Section]]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Peers that are not wanted: those to remove (key -> name), and those left alone (-> prefixes).

    Removed without asking further are only peers that meshtui made itself, that are a
    host's former key, or are hosts that mesh.toml makes no peers of this one. A host that
    merely could not be asked has not left the mesh: its entry is neither.
    """
    peers = peers_of(known.mesh, known.mesh.hosts[name])
    of_mesh = {name, *(host.name for host in peers)}
    # Of whom no key is known, the address or meshtui's mark tells.
    there = {peer.name for peer in known.wanted[name].peers}
    owed = [host for host in peers if host.name not in there]
    names = {host.name for host in owed}
    addresses = {str(single(address)) for host in owed for address in host.addresses}
    gone: dict[str, str] = {}
    left_alone: dict[str, tuple[str, ...]] = {}
    live = seen.live.peers if seen.live else {}
    for key in dict.fromkeys((*stand, *live)):
        own = known.owners.get(key, ())
        if not key or not of_mesh.isdisjoint(own):
            continue
        mark = mark_of(stand.get(key, ()))
        prefixes = [text for one in stand.get(key, ()) for text in one.values("AllowedIPs")]
        allowed = tuple(dict.fromkeys((*(live[key].allowed_ips if key in live else ()), *prefixes)))
        if key in known.retired:
            gone[key] = f"{known.retired[key]} (its former key)"
        elif key in known.left:
            gone[key] = known.left[key]
        elif own:
            gone[key] = next(iter(own))
        elif mark in names or not addresses.isdisjoint(allowed):
            continue
        elif mark is not None:
            gone[key] = mark
        elif known.prune:
            gone[key] = f"{key[:12]}… (unknown)"
        else:
            left_alone[key] = allowed
    return gone, left_alone


def _notes(known: Known, name: str) -> list[str]:
    notes = []
    host, written = known.mesh.hosts[name], known.written.hosts[name]
    if written.public_key and host.public_key != written.public_key:
        now = f"now has the key {host.public_key}" if host.public_key else "has no key any more"
        notes.append(f"{name} {now}; mesh.toml says {written.public_key}")
    there = {peer.name for peer in known.wanted[name].peers}
    peers = peers_of(known.mesh, host)
    missing = [o.name for o in peers if isinstance(o, Host) and o.name not in there]
    if missing:
        notes.append(f"no key of its own known of {', '.join(missing)}: the peer entry is owed")
    return notes + nat_notes(known.mesh, host) + family_notes(known.mesh, host)
