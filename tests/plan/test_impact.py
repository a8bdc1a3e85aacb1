"""What a plan says that it touches, and that this is true of what it does."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from ipaddress import ip_interface, ip_network
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtui.fleet.members import leaving_plan
from meshtui.mesh.model import Found
from meshtui.plan.impact import HANDSHAKE, RETRY, SIDE_BY_SIDE, Link, Loss, Move, PlanImpact, impact
from meshtui.plan.model import HostPlan, Plan
from meshtui.plan.planner import again
from meshtui.plan.rotate import rotation
from meshtui.plan.seen import Seen
from tests.plan import fleets
from tests.plan.fleets import FOREIGN, formed, fresh, make_mesh
from tests.plan.sim import Box, Sim, public
from tests.plan.test_planner import foreign


def renumber(sim: Sim, name: str, *addresses: str) -> None:
    host = replace(sim.mesh.hosts[name], addresses=tuple(map(ip_interface, addresses)))
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, name: host})


def lost(found: PlanImpact) -> dict[Link, float | None]:
    return {link: loss.seconds for loss in found.lost for link in loss.links}


# -- examples ------------------------------------------------------------------------------


def test_nothing_to_do_touches_nothing() -> None:
    assert not impact(formed(make_mesh(3)).plan())


@pytest.mark.parametrize("damage", [fleets.lose_file, fleets.open_file])
def test_a_file_alone_touches_nothing(damage: fleets.Damage) -> None:
    sim = formed(make_mesh(3))
    damage(sim, "b", 0)
    plan = sim.plan()
    assert plan.changes and not impact(plan)


def test_a_keepalive_touches_nothing() -> None:
    sim = formed(make_mesh(2))
    fleets.moved(sim, "b", 4)
    assert sim.plan().changes and not impact(sim.plan())


def test_a_fresh_mesh_is_new_and_nothing_is_lost() -> None:
    found = impact(fresh(make_mesh(3)).plan())
    assert found == PlanImpact({"new": (("a", "b"), ("a", "c"), ("b", "c"))})


def test_a_host_that_joins_touches_no_other_link() -> None:
    sim = formed(make_mesh(3))
    sim.boxes["d"] = Box()
    sim.mesh = make_mesh(4)
    assert impact(sim.plan()) == PlanImpact({"new": (("a", "d"), ("b", "d"), ("c", "d"))})


def test_a_host_that_leaves_is_lost_for_good() -> None:
    sim = formed(make_mesh(3))
    seen, gone = sim.boxes["c"].seen(), sim.mesh.hosts["c"]
    assert isinstance(seen, Seen)
    fleets.left_the_mesh(sim, "c", 0)
    plan = sim.plan()
    links = ("a", "c"), ("b", "c")
    assert impact(plan) == PlanImpact({"down": links}, (Loss("the peer is removed", None, links),))
    leaving = leaving_plan("wg0", gone, replace(seen, ssh_inside=True), ())
    whole = impact(replace(plan, hosts=(*plan.hosts, leaving)))
    assert whole.links == {"down": links} and lost(whole) == dict.fromkeys(links)
    assert whole.own_path == ("c",)


def test_a_host_made_anew_was_lost_before() -> None:
    sim = formed(make_mesh(3))
    fleets.reinstall(sim, "b", 0)
    assert impact(sim.plan()) == PlanImpact({"new": (("a", "b"), ("b", "c"))})


def test_an_address_that_moves() -> None:
    sim = formed(make_mesh(3))
    renumber(sim, "b", "10.0.0.50/24")
    found = impact(sim.plan())
    assert found.links == {"route": (("a", "b"), ("b", "c"))}
    assert lost(found) == {("a", "b"): SIDE_BY_SIDE, ("b", "c"): SIDE_BY_SIDE}


@pytest.mark.parametrize("silent", ["a", "b"])
def test_an_address_that_moves_where_one_end_is_silent(silent: str) -> None:
    sim = formed(make_mesh(3))
    sim.boxes[silent].reachable = False
    renumber(sim, "b", "10.0.0.50/24")
    found = impact(sim.plan())
    assert lost(found)["a", "b"] is None
    assert f"until {silent}, which can't" in found.lost[0].why


def test_an_address_that_goes() -> None:
    sim = formed(make_mesh(2, v6=True))
    renumber(sim, "b", "10.0.0.2/24")
    assert impact(sim.plan()).lost == (
        Loss("fd10::2 of b goes, and no other comes", None, (("a", "b"),)),
    )


def test_another_mask_is_no_other_address() -> None:
    sim = formed(make_mesh(2))
    fleets.single_address(sim, "b", 0)
    plan = sim.plan()
    assert any(step.action == "remove-address" for host in plan.hosts for step in host.steps)
    assert not impact(plan).lost


def test_a_port_that_changes() -> None:
    sim = formed(make_mesh(3))
    sim.boxes["c"].reachable = False
    fleets.moved(sim, "b", 3)
    found = impact(sim.plan())
    assert found.links == {"route": (("a", "b"), ("b", "c"))}
    assert lost(found) == {("a", "b"): SIDE_BY_SIDE, ("b", "c"): None}


def test_a_new_preshared_key() -> None:
    sim = formed(make_mesh(2))
    sim.mesh = replace(sim.mesh, preshared_keys=True)
    found = impact(sim.plan())
    assert found.links == {"session": (("a", "b"),)} and lost(found) == {("a", "b"): RETRY}


def test_a_host_that_gets_another_key() -> None:
    inputs = formed(make_mesh(3)).plan().inputs
    assert inputs
    found = impact(rotation(inputs, "b"))
    assert found.links == {"session": (("a", "b"), ("b", "c"))}
    assert lost(found) == {("a", "b"): HANDSHAKE, ("b", "c"): HANDSHAKE}


def test_a_pruned_peer() -> None:
    sim = formed(make_mesh(2))
    live = sim.boxes["a"].live
    assert live
    live.put(foreign("192.168.7.0/24"))
    found = impact(sim.plan(prune=True))
    assert found.links == {"down": (("a", f"{FOREIGN[:12]}… (unknown)"),)}
    assert not impact(sim.plan())


def test_prefixes_that_change_owner() -> None:
    sim = formed(make_mesh(3, v6=True))
    renumber(sim, "b", "10.0.0.3/24", "fd10::3/64")
    renumber(sim, "c", "10.0.0.2/24", "fd10::9/64")
    both = ("10.0.0.3/32", "fd10::3/128")
    assert set(impact(sim.plan()).moves) == {
        Move(both, "c", "b", ("a",)),
        Move(("10.0.0.2/32",), "b", "c", ("a",)),
    }


def test_the_operators_own_path() -> None:
    sim = formed(make_mesh(3))
    plan = _inside(sim, "b", "c")
    assert plan.own_path == ()
    fleets.moved(sim, "b", 3)
    plan = _inside(sim, "b", "c")
    assert impact(plan).own_path == ("b",)


def _inside(sim: Sim, *names: str) -> Plan:
    plan = sim.plan()
    assert plan.inputs
    seen = {name: plan.inputs.seen[name] for name in names}
    return again(plan, {n: replace(one, ssh_inside=True) for n, one in seen.items()})  # type: ignore[type-var]


def test_what_a_silent_hub_carried_is_not_its_own() -> None:
    mesh = replace(make_mesh(4), topology="hub")
    hubs = {name: replace(mesh.hosts[name], hub=True) for name in "ab"}
    sim = formed(replace(mesh, hosts=mesh.hosts | hubs))
    sim.boxes["a"].reachable = False
    assert not sim.plan().changes
    sim.mesh = replace(sim.mesh, found=Found(down=frozenset("a")))
    found = impact(sim.plan())
    assert {(move.from_, move.to) for move in found.moves} == {("a", "b")}
    assert not found.lost


# -- and over random fleets: what is lost was told -------------------------------------------

_SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ways(sim: Sim) -> dict[Link, set[object]]:
    """Pairs of hosts that have each other as peers -> the addresses that answer there."""
    found = {}
    for a, b in combinations(sim.boxes, 2):
        one, other = _answering(sim, a, b), _answering(sim, b, a)
        if one and other:
            found[a, b] = one | other
    return found


def _answering(sim: Sim, a: str, b: str) -> set[object]:
    """The addresses of `b` that `a` reaches."""
    here, there = sim.boxes[a].live, sim.boxes[b].live
    if not here or not there or not here.private or not there.private:
        return set()
    mine, its = public(here.private), public(there.private)
    if its not in here.peers or here.psk.get(its) != there.psk.get(mine):
        return set()
    allowed = [ip_network(text) for text in here.peers[its].allowed_ips]
    return {x.ip for x in sim.boxes[b].addresses if any(x.ip in network for network in allowed)}


def renumbered(sim: Sim, name: str, number: int) -> None:
    """One address less, or another one."""
    addresses = sim.mesh.hosts[name].addresses
    # No two hosts the same one.
    new = 50 + 20 * list(sim.mesh.hosts).index(name) + number % 20
    other = f"10.0.0.{new}/24" if addresses[0].version == 4 else f"fd10::{new}/64"
    stays = [str(address) for address in addresses[1:]]
    renumber(sim, name, *([other] if number % 2 or not stays else []), *stays)


def preshared(sim: Sim, name: str, number: int) -> None:
    sim.mesh = replace(sim.mesh, preshared_keys=True)


CHANGES: tuple[fleets.Damage, ...] = (
    *(renumbered, renumbered, preshared, fleets.unreachable, fleets.extra_address),
    *(fleets.former_address, fleets.wrong_peer, fleets.own_psk, fleets.old_key),
)


@given(fleets.fleets() | fleets.fleets(CHANGES), st.booleans(), st.integers(0, 15))
@_SLOW
def test_what_is_lost_was_told(sim: Sim, prune: bool, some: int) -> None:
    """At the end, and also while only `some` of the hosts are changed."""
    plan = sim.plan(prune)
    told = lost(impact(plan))
    touched = {link for links in impact(plan).links.values() for link in links}
    before = ways(sim)
    half = deepcopy(sim)
    hosts = tuple(h if some >> n & 1 else HostPlan(h.host) for n, h in enumerate(plan.hosts))
    if not any(host.work and host.work.make_key for host in plan.hosts):
        half.apply(replace(plan, hosts=hosts))
        for pair, addresses in before.items():
            if not addresses <= ways(half).get(pair, set()):
                assert pair in told
    sim.apply(plan)
    for pair, addresses in before.items():
        now = ways(sim).get(pair, set())
        if not addresses <= now:
            assert pair in told and pair in touched
        if not now:
            assert told[pair] is None


@given(fleets.fleets())
@_SLOW
def test_what_changes_nothing_has_no_impact(sim: Sim) -> None:
    sim.apply(sim.plan())
    plan = sim.plan()
    assert plan.changes or not impact(plan)
    assert not impact(replace(plan, hosts=tuple(HostPlan(h.host) for h in plan.hosts)))
