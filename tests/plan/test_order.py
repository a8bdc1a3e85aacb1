"""In which order hosts turn from one shape of mesh to another, so that no pair is cut off."""

from __future__ import annotations

from dataclasses import replace

from meshtui.mesh.model import Topology
from meshtui.plan.model import Plan, Work
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import Sim


def turned(sim: Sim, topology: Topology) -> Plan:
    hosts = {n: replace(h, hub=topology == "hub" and n == "b") for n, h in sim.mesh.hosts.items()}
    sim.mesh = replace(sim.mesh, topology=topology, hosts=hosts)
    return sim.plan()


def works(plan: Plan) -> dict[str, Work]:
    return {host.host: host.work for host in plan.hosts if host.work}


def test_a_hub_passes_on_before_others_send_through_it_and_until_none_does() -> None:
    sim = formed(make_mesh(4))
    plan = turned(sim, "hub")
    made = works(plan)
    assert made["b"].first == ("forward sysctl 4",) and not made["b"].changes
    assert not any(made[name].first or made[name].calls for name in "acd")
    sim.apply(plan)
    made = works(turned(sim, "full"))
    assert made["b"].after == ("unforward sysctl 4",) and not made["b"].changes


def test_a_tunnel_stands_before_what_went_another_way_moves_to_it() -> None:
    sim = formed(make_mesh(4))
    sim.apply(turned(sim, "hub"))
    plan = turned(sim, "full")
    keys = {host.public_key or "": name for name, host in sim.mesh.hosts.items()}
    begun = []
    for name in "acd":
        work = works(plan)[name]
        assert not any("AllowedIPs" in line for line in work.first)
        begun += [frozenset((name, keys[line.split()[1]])) for line in work.calls[:-1]]
        assert sum(line.startswith("allowed-ips ") for line in work.changes) == 3
    # One end of each begins, and only one.
    assert sorted(map(sorted, begun)) == [["a", "c"], ["a", "d"], ["c", "d"]]
    sim.apply(plan)
    assert sim.plan().changes == 0


def test_who_was_reached_by_nobody_needs_no_second_step() -> None:
    sim = formed(make_mesh(3))
    sim.boxes["c"].live = None
    for name in "ab":
        live = sim.boxes[name].live
        assert live
        for key in [
            k for k, n in ((h.public_key, n) for n, h in sim.mesh.hosts.items()) if n == "c"
        ]:
            del live.peers[key or ""]
    assert not any(work.first or work.calls for work in works(sim.plan()).values())
