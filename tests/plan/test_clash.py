"""Two meshes on the same hosts: what only one of them can have."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from meshtui.mesh.model import Mesh
from meshtui.plan.planner import make_plan
from meshtui.plan.seen import Seen, parse_seen
from tests.plan.fleets import formed, fresh, make_mesh
from tests.plan.sim import Sim

OTHERS = b"""@ports
|wg0\t51821
|wg1\t51820
|wg2\t0
@other-routes
|wg1 10.0.0.128/25
|eth0 10.0.0.0/8
|eth0 fd10::/64
"""


def problem(sim: Sim, **seen: object) -> str | None:
    inputs = sim.plan().inputs
    assert inputs
    one = inputs.seen["a"]
    assert isinstance(one, Seen)
    host = make_plan(
        replace(inputs, seen={**inputs.seen, "a": replace(one, **seen)})  # type: ignore[arg-type]
    ).hosts[0]
    assert not (host.problem and host.work)
    return host.problem


def test_what_observe_says_of_others():
    seen = parse_seen("wg0", OTHERS)
    assert seen.other_ports == {51820: "wg1"}
    assert seen.other_routes[0] == (ip_network("10.0.0.128/25"), "wg1")
    assert len(seen.other_routes) == 3


def test_a_port_that_another_interface_has():
    ports = {51820: "wg1"}
    said = problem(fresh(make_mesh(2)), other_ports=ports)
    assert said and "wg1 listens on UDP port 51820" in said
    # It runs, so the port is its own; and another port is nobody's.
    assert problem(formed(make_mesh(2)), other_ports=ports) is None
    assert problem(fresh(make_mesh(2)), other_ports={51821: "wg1"}) is None
    moved = formed(make_mesh(2))
    to = replace(moved.mesh.hosts["a"], listen_port=51821)
    moved.mesh = replace(moved.mesh, hosts={**moved.mesh.hosts, "a": to})
    assert "wg1" in (problem(moved, other_ports={51821: "wg1"}) or "")


@pytest.mark.parametrize(
    ("route", "clashes"),
    [("10.0.0.0/24", True), ("10.0.0.128/25", True), ("10.0.0.0/8", False), ("10.9.0.0/24", False)],
)
def test_a_route_that_would_take_addresses_of_the_mesh(route: str, clashes: bool):
    routes = ((ip_network(route), "eth1"),)
    said = problem(fresh(make_mesh(2)), other_routes=routes)
    assert (said is not None) is clashes
    assert not clashes or f"{route} leads to eth1" in str(said)
    assert problem(formed(make_mesh(2)), other_routes=routes) is None


def other_mesh(sim: Sim) -> Mesh:
    """Another mesh.toml for the same hosts, with the same interface."""
    hosts = {
        name: replace(host, public_key=None, addresses=(ip_interface(f"10.77.0.{n}/24"),))
        for n, (name, host) in enumerate(sim.mesh.hosts.items(), 1)
    }
    return replace(sim.mesh, name="other", networks=(ip_network("10.77.0.0/24"),), hosts=hosts)


def test_the_interface_of_another_mesh_is_left_alone():
    sim = formed(make_mesh(3))
    sim.mesh = other_mesh(sim)
    plan = sim.plan()
    assert {bool(host.work) for host in plan.hosts} == {False}
    assert all("another mesh there, in 10.0.0.0/24" in (h.problem or "") for h in plan.hosts)


def test_a_mesh_that_gets_another_network_is_the_same_one():
    sim = formed(make_mesh(3))
    keys = {name: host.public_key for name, host in sim.mesh.hosts.items()}
    mesh = other_mesh(sim)
    hosts = {name: replace(host, public_key=keys[name]) for name, host in mesh.hosts.items()}
    sim.mesh = replace(mesh, hosts=hosts)
    assert sim.plan().problems == ()
