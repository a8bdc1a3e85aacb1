"""A new key for one host: what each is to do, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meshtui.errors import MeshError
from meshtui.plan.model import Plan, PlanInputs
from meshtui.plan.planner import again
from meshtui.plan.rotate import rotation
from meshtui.plan.seen import Seen
from tests.plan.fleets import formed, make_mesh, unreachable
from tests.plan.sim import NOW, Sim, key


def rotated(sim: Sim, name: str = "a") -> Plan:
    inputs = sim.plan().inputs
    assert inputs
    return rotation(inputs, name)


def test_the_others_take_the_new_key_beside_the_old_one() -> None:
    sim = formed(make_mesh(3, psk=True))
    sim.shake_hands()
    plan, old, new = rotated(sim), sim.mesh.hosts["a"].public_key or "", key("new")
    assert plan.touched == {("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")}
    assert [step.action for step in plan.hosts[0].steps] == ["make-key", "write-file", "switch-key"]
    assert "PublicKey = @public:a@" in (plan.hosts[1].after or "")
    a = sim.boxes["a"].seen()
    assert isinstance(a, Seen)
    plan = again(plan, {"a": replace(a, made_key=new)})
    assert plan.public_keys["a"] == new
    own, other, _ = (host.work for host in plan.hosts)
    assert own and own.switch == "switch_key" and own.make_key is None
    assert {line.split()[0] for line in own.switch_data} == {
        sim.mesh.hosts[name].public_key for name in "bc"
    }
    assert "@made@" in (own.template or "") and own.changes == ()
    assert other and other.changes[1:4] == (
        "[Peer]",
        f"PublicKey = {new}",
        f"PresharedKey = @live-psk:{old}@",
    )
    assert not any(line.startswith("AllowedIPs") for line in other.changes)
    assert (other.switch, other.switch_data) == ("take_over", (f"{new} 10.0.0.1/32",))
    assert other.after[0] == f"remove-peer {old}"
    assert new in (other.template or "") and old not in (other.template or "")


def test_nobody_waits_for_a_handshake_that_does_not_come() -> None:
    sim = formed(make_mesh(2))
    live, old = sim.boxes["b"].live, sim.mesh.hosts["a"].public_key or ""
    assert live
    live.peers[old] = live.peers[old]._replace(latest_handshake=NOW - 10_000)
    work = rotated(sim).hosts[1].work
    assert work and work.switch is None and work.changes[-1].startswith("allowed-ips @public:a@ ")


def test_who_cannot_be_told_is_owed_it() -> None:
    sim = formed(make_mesh(3))
    unreachable(sim, "c", 0)
    plan = rotated(sim)
    assert [host.host for host in plan.problems] == ["c"]
    assert "it loses a until it is told" in (plan.problems[0].problem or "")
    assert not plan.touched & {("a", "c"), ("c", "a")}
    with pytest.raises(MeshError, match="can't be given another key"):
        rotated(sim, "c")


def test_first_things_first() -> None:
    sim = formed(make_mesh(2))
    live = sim.boxes["b"].live
    assert live
    live.port = 7
    with pytest.raises(MeshError, match="nothing was changed"):
        rotated(sim)


def test_a_plan_of_it_is_made_again_as_one() -> None:
    sim = formed(make_mesh(2))
    inputs = sim.plan().inputs
    assert isinstance(inputs, PlanInputs)
    assert again(rotation(inputs, "b"), {}).hosts == rotation(inputs, "b").hosts
