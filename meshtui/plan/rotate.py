"""A new key for one host, so that it hardly shows.

The others get the new key beside the old one, still without prefixes; the host switches, and
begins a handshake with each; each moves the prefixes over as soon as that came; then the old
key goes. Between the switch and the move nothing gets through: that is one handshake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from meshtui.errors import HostError, MeshError
from meshtui.plan.file import peers_by_key
from meshtui.plan.model import HostPlan, Plan, PlanInputs, Step, Work
from meshtui.plan.notes import held_notes
from meshtui.plan.planner import make_plan
from meshtui.plan.seen import Seen
from meshtui.plan.trouble import read
from meshtui.wg.conf import ConfFile
from meshtui.wg.dump import LivePeer
from meshtui.wg.health import ALIVE, age


def rotation(inputs: PlanInputs, name: str) -> Plan:
    """The plan of a new key for the host `name`; with its public half once that is made.

    Hosts that cannot be changed now are owed it. MeshError: the host itself can't be, or
    others are not as mesh.toml wants them.
    """
    now = make_plan(inputs)
    problems = {host.host: host.problem for host in now.problems}
    _refuse(now, inputs.seen, name)
    seen = {
        host: one
        for host, one in inputs.seen.items()
        if isinstance(one, Seen) and host not in problems
    }
    old, new = now.public_keys[name], seen[name].made_key
    hosts = []
    for host, one in seen.items():
        if host == name:
            plan = _own(inputs, one, now.public_keys, name)
        elif one.live and old in one.live.peers:
            plan = _other(one, one.live.peers[old], host, name, new)
        else:
            plan = HostPlan(host)
        hosts.append(replace(plan, notes=tuple(held_notes(one))))
    others = {host.host for host in hosts if host.work and host.host != name}
    hosts += [
        HostPlan(host, problem=f"{why}; it loses {name} until it is told the new key")
        for host, why in problems.items()
    ]
    return Plan(
        mesh=now.mesh,
        interface=now.interface,
        hosts=tuple(hosts),
        touched=frozenset({(name, o) for o in others} | {(o, name) for o in others}),
        public_keys=now.public_keys | ({name: new} if new else {}),
        inputs=inputs,
        remake=lambda changed: rotation(changed, name),
    )


def _refuse(now: Plan, seen: Mapping[str, Seen | HostError], name: str) -> None:
    if problem := next((host.problem for host in now.problems if host.host == name), None):
        raise MeshError(f"it can't be given another key: {problem}", host=name)
    if any(host.work for host in now.hosts):
        raise MeshError(
            "hosts are not as mesh.toml wants them: nothing was changed",
            hint="meshtui apply first, then rotate",
        )
    one = seen[name]
    if isinstance(one, Seen) and (one.live is None or one.file is None):
        raise MeshError("it has no interface with a key", host=name, hint="meshtui apply")


def _own(inputs: PlanInputs, seen: Seen, keys: Mapping[str, str], name: str) -> HostPlan:
    """The host itself: another private key, and a handshake with everybody."""
    conf = read(seen, {})
    assert isinstance(conf, ConfFile) and seen.live and seen.file is not None
    by = inputs.mesh.hosts[name].keys
    if conf.interface.get("PrivateKey") is None:
        return HostPlan(name, problem="a command in its wg-quick file sets its private key")
    made = "@operator@" if by == "operator" else "@made@"
    sections = (
        one.put("PrivateKey", [made]) if one.heading == "interface" else one
        for one in conf.sections
    )
    after = str(ConfFile(tuple(sections)))
    mine = set(keys.values())
    peers = [peer for key, peer in seen.live.peers.items() if key in mine]
    where = "on the host" if by == "host" else "here, sent once and not kept"
    return HostPlan(
        name,
        steps=(
            Step("make-key", f"a new private key, made {where}", "none"),
            Step("write-file", f"/etc/wireguard/{inputs.mesh.interface}.conf"),
            Step("switch-key", f"and {len(peers)} new handshakes", "handshake"),
        ),
        before=seen.file,
        after=after,
        work=Work(
            base=seen.sha256 or "none",
            template=after,
            make_key=None if seen.made_key and by == "host" else by,
            switch="switch_key",
            switch_data=tuple(f"{p.public_key} {p.persistent_keepalive}" for p in peers),
        ),
        own_path=seen.ssh_inside,
    )


def _other(seen: Seen, peer: LivePeer, host: str, name: str, new: str | None) -> HostPlan:
    """Another host: both keys for a moment, then the new one."""
    key = new or f"@public:{name}@"
    conf = read(seen, {})
    assert isinstance(conf, ConfFile) and seen.file is not None
    sections = (
        one.put("PublicKey", [key])
        if one.heading == "peer" and one.get("PublicKey") == peer.public_key
        else one
        for one in conf.sections
    )
    after = str(ConfFile(tuple(sections))) if peer.public_key in peers_by_key(conf) else seen.file
    prefixes = ",".join(peer.allowed_ips)
    seconds = age(peer, seen.clock)
    # Where nothing goes through, there is nothing to wait for.
    waits = seconds is not None and seconds <= ALIVE
    section = ["[Peer]", f"PublicKey = {key}"]
    if peer.preshared:
        section.append(f"PresharedKey = @live-psk:{peer.public_key}@")
    if peer.endpoint:
        section.append(f"Endpoint = {peer.endpoint}")
    add = (f"peers {len(section)}", *section)
    then = [f"remove-peer {peer.public_key}"]
    if peer.persistent_keepalive:
        then.append(f"keepalive {key} {peer.persistent_keepalive}")
    move = (f"allowed-ips {key} {prefixes}",) if prefixes and not waits else ()
    return HostPlan(
        host,
        steps=(
            Step("write-file", "its peer's new key"),
            Step("change-peer", f"{name}: its new key", "handshake"),
        ),
        before=seen.file,
        after=after,
        work=Work(
            base=seen.sha256 or "none",
            template=after,
            changes=(*add, *move),
            switch="take_over" if prefixes and waits else None,
            switch_data=(f"{key} {prefixes}",),
            after=tuple(then),
        ),
        own_path=seen.ssh_inside,
    )
