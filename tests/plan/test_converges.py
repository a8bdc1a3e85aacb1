"""plan(apply(plan)) = nothing, and what an apply must never do, over random fleets."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from ipaddress import ip_network
from itertools import combinations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtui.mesh.links import peers_of
from meshtui.mesh.wanted import wanted
from meshtui.plan.forward import MARK as FORWARD
from meshtui.plan.model import Plan
from meshtui.wg.conf import Section, parse
from meshtui.wg.interface import Address
from tests.plan.fleets import HARMFUL, HARMLESS, disabled, fleets
from tests.plan.sim import Sim, public

_SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _own(sim: Sim, addresses: list[Address]) -> set[Address]:
    """Those of the mesh's networks; others may have been set by hand, live only."""
    return {one for one in addresses if any(one.ip in n for n in sim.mesh.networks)}


def _able(plan: Plan) -> list[str]:
    return [host.host for host in plan.hosts if not host.problem]


@given(fleets(), st.booleans())
@_SLOW
def test_an_apply_leaves_nothing_to_do(sim: Sim, prune: bool) -> None:
    first = sim.plan(prune)
    last = sim.apply(first)
    second = sim.plan(prune)
    for host in second.hosts:
        if host.host in _able(last):
            assert not host.problem, f"{host.host}: {host.problem}"
            assert host.steps == (), f"{host.host}: {host.steps}"
            assert host.work is None and host.after is None
    assert {(a, b) for a, b in second.touched if a in _able(last)} == set()


@given(fleets(), st.booleans())
@_SLOW
def test_a_reboot_keeps_it(sim: Sim, prune: bool) -> None:
    last = sim.apply(sim.plan(prune))
    able = _able(last)
    members = {last.public_keys[name] for name in able}
    before = deepcopy(sim)
    for name in able:
        sim.boxes[name].reboot()
    for host in sim.plan(prune).hosts:
        if host.host in able:
            assert not host.problem, f"{host.host}: {host.problem}"
            # A peer that roamed is at its place again: nothing else may differ.
            assert host.steps == (), f"{host.host}: {host.steps}"
            was, now = before.boxes[host.host], sim.boxes[host.host]
            assert _own(sim, was.addresses) == _own(sim, now.addresses)
            assert was.live and now.live and was.live.private == now.live.private
            for one in set(was.live.peers) & set(now.live.peers) & members:
                assert was.live.psk.get(one) == now.live.psk.get(one)


@given(fleets(), st.booleans())
@_SLOW
def test_wanted_peers_are_there_and_share_no_prefix(sim: Sim, prune: bool) -> None:
    last = sim.apply(sim.plan(prune))
    keys = Counter(last.public_keys.values())
    for name in _able(last):
        live = sim.boxes[name].live
        assert live
        assert live.private and public(live.private) == last.public_keys[name]
        peers = {
            peer.name: live.peers[peer.public_key]
            for peer in wanted(sim.mesh)[name].peers
            if peer.public_key and keys[peer.public_key] == 1
        }
        for peer in wanted(sim.mesh)[name].peers:
            if peer.name in peers:
                assert set(peers[peer.name].allowed_ips) == {str(n) for n in peer.allowed_ips}
                assert peers[peer.name].persistent_keepalive == peer.persistent_keepalive
        for one, other in combinations(live.peers.values(), 2):
            assert not set(one.allowed_ips) & set(other.allowed_ips)
        for one, other in combinations(peers.values(), 2):
            for a in map(ip_network, one.allowed_ips):
                for b in map(ip_network, other.allowed_ips):
                    assert a.version != b.version or not a.overlaps(b)  # type: ignore[arg-type]


@given(fleets((*HARMLESS, *HARMFUL, disabled, disabled, disabled)))
@_SLOW
def test_what_is_disabled_has_no_entry_anywhere(sim: Sim) -> None:
    last = sim.apply(sim.plan())
    for name in _able(last):
        live, conf = sim.boxes[name].live, parse(sim.boxes[name].file or "")
        entries = {one.get("PublicKey") for one in conf.peers} | set(live.peers if live else ())
        peers = peers_of(sim.mesh, sim.mesh.hosts[name])
        kept = {name, *(host.name for host in peers)}
        keys = {last.public_keys.get(other) for other in kept}
        apart = {key for other, key in last.public_keys.items() if other not in kept} - keys
        assert apart.isdisjoint(entries)


def _by_others(file: str) -> Section:
    """[Interface] without the hooks that meshtui put there."""
    lines = [line for line in file.splitlines(keepends=True) if FORWARD not in line]
    return parse("".join(lines)).interface


@given(fleets())
@_SLOW
def test_what_is_not_the_meshs_own_stays(sim: Sim) -> None:
    before = deepcopy(sim)
    first = sim.plan()
    able = _able(sim.apply(first))
    known = {host.public_key for host in sim.mesh.hosts.values()}
    known |= {host.public_key for host in before.mesh.hosts.values()}
    for name, box in sim.boxes.items():
        was = before.boxes[name]
        box.forget_handshakes()
        was.forget_handshakes()
        if name not in able:
            # A host with a problem is left as it is, altogether.
            assert (box.file, box.live, box.addresses) == (was.file, was.live, was.addresses)
            continue
        if was.file is not None and box.file is not None:
            for word in ("PostUp", "DNS", "Table", "FwMark", "SaveConfig"):
                old, new = _by_others(was.file), _by_others(box.file)
                assert new.every(word) == old.every(word)
            ours = [one.get("PublicKey") for one in parse(was.file).peers if _marked(one.lines)]
            foreign = [
                one
                for one in parse(was.file).peers
                if one.get("PublicKey") not in known and one.get("PublicKey") not in ours
            ]
            # What comes behind a peer may put an empty line between them.
            there = "".join(line.strip() + "\n" for line in box.file.split("\n"))
            for one in foreign:
                text = "".join(line.strip() + "\n" for line in one.lines).rstrip("\n")
                assert text in there
        else:
            ours = []
        if was.live and box.live:
            for one, peer in was.live.peers.items():
                if one not in known and one not in ours:
                    assert box.live.peers[one] == peer
                    assert box.live.psk.get(one) == was.live.psk.get(one)
            assert set(was.addresses) - _own(sim, was.addresses) <= set(box.addresses)


def _marked(lines: tuple[str, ...]) -> bool:
    return any(line.strip().startswith("# meshtui:") for line in lines)


@given(fleets())
@_SLOW
def test_hosts_that_are_owed_their_change_keep_their_entries(sim: Sim) -> None:
    """Who merely cannot be worked with now has not left the mesh."""
    before = deepcopy(sim)
    last = sim.apply(sim.plan())
    peers = {n: {o.name for o in peers_of(sim.mesh, h)} for n, h in sim.mesh.hosts.items()}
    for name in set(sim.mesh.hosts) - set(_able(last)):
        # Of those that really run this key, as the others know it.
        live = before.boxes[name].live
        own = before.mesh.hosts[name].public_key
        really = live and live.private and before.boxes[name].seen()
        for other in peers[name].intersection(_able(last)):
            was, now = before.boxes[other].live, sim.boxes[other].live
            if was and now and own and own in was.peers and not really:
                assert own in now.peers
