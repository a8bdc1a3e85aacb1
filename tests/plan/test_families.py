"""A pair on its second choice of a family stays there by what the hosts' files say."""

from __future__ import annotations

from dataclasses import replace

from meshtui.mesh.model import Found, Mesh
from meshtui.plan.families import told_second
from tests.mesh.test_families import reached_by
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import Sim

AB = frozenset("ab")


def both() -> Mesh:
    return reached_by(make_mesh(3), (6, 4), (6, 4), (6, 4))


def told(sim: Sim) -> dict[frozenset[str], int]:
    plan = sim.plan()
    assert plan.inputs
    return told_second({key: name for name, key in plan.public_keys.items()}, plan.inputs.seen)  # type: ignore[arg-type]


def test_the_files_say_it_and_nothing_is_left_to_do() -> None:
    sim = formed(both())
    assert told(sim) == {}
    sim.mesh = replace(sim.mesh, found=Found(second={AB: 4}))
    plan = sim.plan()
    assert [host.host for host in plan.hosts if host.steps] == ["a", "b"]
    notes = {host.host: host.notes for host in plan.hosts}
    assert "by IPv4 to b: IPv6 does not get through" in notes["a"]
    assert not any("get through" in note for note in notes["c"])
    sim.apply(plan)
    assert told(sim) == {AB: 4}
    assert not sim.plan().changes


def test_one_file_is_enough_and_the_note_goes_with_the_second_choice() -> None:
    sim = formed(replace(both(), found=Found(second={AB: 4})))
    sim.boxes["a"].file = None
    assert told(sim) == {AB: 4}
    sim.mesh = replace(sim.mesh, found=Found())
    sim.apply(sim.plan())
    assert told(sim) == {}
    assert "does not get through" not in (sim.boxes["b"].file or "")
