"""Which hosts of a change come before which others."""

from __future__ import annotations

from dataclasses import replace

from meshtui.fleet.side_by_side import waves
from meshtui.plan.model import HostPlan, Work
from tests.plan.fleets import make_mesh


def test_who_calls_comes_up_after_whom_it_calls_and_the_operators_way_last() -> None:
    mesh = make_mesh(4)
    office = replace(mesh.hosts["b"], behind_nat=True)
    mesh = replace(mesh, hosts={**mesh.hosts, "b": office})
    new, old = Work("none", bring_up=True), Work("none")
    plans = [
        HostPlan("a", work=new, own_path=True),
        HostPlan("b", work=new),
        HostPlan("c", work=new),
        HostPlan("gone", work=old),
    ]
    said = [[plan.host for plan in wave] for wave in waves(plans, mesh)]
    assert said == [["c", "gone"], ["b"], ["a"]]
    # One that runs already calls whoever comes up.
    said = [
        [plan.host for plan in wave] for wave in waves([HostPlan("b", work=old), plans[2]], mesh)
    ]
    assert said == [["c"], ["b"]]
    assert len(waves([HostPlan("b", work=old), HostPlan("c", work=old)], mesh)) == 1
