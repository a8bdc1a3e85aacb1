"""The names in /etc/hosts, planned."""

from __future__ import annotations

from dataclasses import replace

from meshtui.plan.drift import drifts
from tests.plan.fleets import formed, fresh, make_mesh

LINES = ("# meshtui wg0 begin", "10.0.0.1 a", "10.0.0.2 b", "10.0.0.3 c", "# meshtui wg0 end")


def test_hosts_file_comes_and_goes_and_touches_nothing_else():
    sim = formed(make_mesh(3))
    sim.mesh = replace(sim.mesh, hosts_file=True)
    plan = sim.plan()
    for host in plan.hosts:
        [step] = host.steps
        assert (step.action, step.impact) == ("hosts-file", "none")
        assert step.detail == "/etc/hosts names a, b, c"
        assert host.work and host.work.template is None
    assert not plan.touched
    sim.apply(plan)
    assert {box.names for box in sim.boxes.values()} == {LINES}
    assert sim.plan().changes == 0

    sim.mesh = replace(sim.mesh, hosts_file=False)
    assert {s.detail for h in sim.plan().hosts for s in h.steps} == {"/etc/hosts no longer a, b, c"}
    sim.apply(sim.plan())
    assert {box.names for box in sim.boxes.values()} == {()}


def test_a_fresh_host_gets_them_too_and_a_disabled_one_is_not_named():
    sim = fresh(replace(make_mesh(3), hosts_file=True))
    sim.apply(sim.plan())
    assert {box.names for box in sim.boxes.values()} == {LINES}
    gone = replace(sim.mesh.hosts["b"], disabled=True)
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "b": gone})
    steps = [s for s in sim.plan().hosts[0].steps if s.action == "hosts-file"]
    assert [s.detail for s in steps] == ["/etc/hosts no longer b"]


def test_another_hand_in_the_block_is_drift():
    sim = formed(replace(make_mesh(3), hosts_file=True))
    sim.boxes["a"].names = (*LINES[:2], "10.0.0.66 b", *LINES[3:])
    found = drifts(sim.plan(), "a")
    assert [str(one) for one in found] == ["/etc/hosts is 10.0.0.66 b, not 10.0.0.2 b"]
    assert [one.where for one in found] == ["disk"] and drifts(sim.plan(), "b") == ()
    sim.boxes["a"].names = (LINES[0], LINES[2], LINES[1], *LINES[3:])
    assert len(drifts(sim.plan(), "a")) == 1
    sim.apply(sim.plan())
    assert sim.boxes["a"].names == LINES


def test_a_block_without_its_end_is_left_alone():
    sim = formed(replace(make_mesh(2), hosts_file=True))
    sim.boxes["a"].names = LINES[:1]
    host = sim.plan().hosts[0]
    assert host.steps == () and "lost the other" in host.notes[0]


def test_names_alone_do_not_touch_the_operators_own_way():
    sim = formed(make_mesh(2))
    sim.mesh = replace(sim.mesh, hosts_file=True)
    plan = sim.plan()
    assert plan.inputs
    seen = {n: replace(one, ssh_inside=True) for n, one in plan.inputs.seen.items()}  # type: ignore[type-var]
    from meshtui.plan.planner import make_plan

    assert make_plan(replace(plan.inputs, seen=seen)).own_path == ()
