"""What others lose where a host between them is left as it is."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from time import process_time

import pytest

from meshtui.errors import MeshError
from meshtui.fleet.receipt import refuse_breaking
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.wanted import wanted
from meshtui.plan.model import HostPlan
from meshtui.plan.reach import lost_through
from meshtui.plan.render import lines
from meshtui.plan.seen import Passing, Seen
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import Sim, public

ON = Passing(has=("sysctl 4",))


def hub_of(count: int) -> Mesh:
    mesh = replace(make_mesh(count), topology="hub")
    return replace(mesh, hosts={**mesh.hosts, "a": replace(mesh.hosts["a"], hub=True)})


def of(sim: Sim, name: str) -> HostPlan:
    return next(host for host in sim.plan().hosts if host.host == name)


def broken(sim: Sim) -> Sim:
    """The hub's file is none that could be read: it stays as it is."""
    box = sim.boxes["a"]
    box.file = (box.file or "") + "\n[Peer\n"
    box.passing = ON
    assert of(sim, "a").problem
    return sim


def test_a_hub_that_stays_as_it_is_and_should_have_known_one_more() -> None:
    sim = broken(formed(hub_of(3)))
    sim.mesh = hub_of(4)
    sim.boxes["d"] = type(sim.boxes["b"])()
    [note] = of(sim, "a").notes
    assert note.startswith("until it is changed, b does not reach d (")
    assert "a has no peer for 10.0.0.4" in note


def test_a_plan_that_takes_a_way_from_others_is_refused() -> None:
    sim = broken(formed(make_mesh(3)))
    assert sim.plan().breaks == {}, "a full mesh has nobody in between"
    sim.mesh = replace(
        hub_of(3), hosts={n: replace(h, hub=n == "a") for n, h in sim.mesh.hosts.items()}
    )
    assert sim.plan().breaks == {}, "it passes on what it is sent"
    sim.boxes["a"].passing = Passing()
    plan = sim.plan()
    assert plan.breaks == {"a": "b reaches c now, and would not until a is changed"}
    with pytest.raises(MeshError, match="nothing was changed") as refused:
        refuse_breaking(plan)
    assert (refused.value.hint or "").startswith("first of all, a: ")
    text = "\n".join(line.text for line in lines(plan))
    assert "! b reaches c now, and would not until a is changed: it will not be applied" in text
    # What nobody had cannot be taken from anybody.
    sim = broken(formed(hub_of(3)))
    sim.mesh = hub_of(4)
    sim.boxes["d"] = type(sim.boxes["b"])()
    assert of(sim, "a").notes and sim.plan().breaks == {}


def test_one_that_does_all_that_others_count_on_is_no_news() -> None:
    assert of(broken(formed(hub_of(3))), "a").notes == ()


def test_one_that_nobody_goes_through_is_none() -> None:
    sim = formed(make_mesh(3))
    box = sim.boxes["a"]
    box.file = (box.file or "") + "\n[Peer\n"
    assert of(sim, "a").notes == ()


def test_one_that_does_not_answer_is_told_of_elsewhere() -> None:
    sim = formed(hub_of(3))
    sim.boxes["a"].reachable = False
    assert of(sim, "a").notes == ()


def peers(**allowed: str) -> Seen:
    live = {
        public(name): LivePeer(public(name), False, None, tuple(text.split()), 0, 0, 0, 0)
        for name, text in allowed.items()
    }
    return Seen(
        live=LiveInterface("wg0", public("a"), 1, None, live),
        addresses=(ip_interface("10.0.0.1/24"),),
        passing=ON,
    )


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (peers(b="10.0.0.2/32", c="10.0.0.3/32"), None),
        (peers(b="10.0.0.0/24"), "a loop: b → a → b"),
        (peers(b="10.0.0.2/32", c="10.0.0.2/31"), None),
        (replace(peers(b="10.0.0.2/32", c="10.0.0.3/32"), passing=Passing()), "does not forward"),
        (peers(c="10.0.0.3/32", x="10.0.0.2/32"), "one-way"),
    ],
)
def test_why(seen: Seen, why: str | None) -> None:
    mesh = hub_of(3)
    hosts = {name: replace(host, public_key=public(name)) for name, host in mesh.hosts.items()}
    mesh = replace(mesh, hosts=hosts)
    able = wanted(mesh, ["b", "c"])
    found = lost_through(mesh, able, {"a": seen}, "a").notes
    assert (why or "") in found.get("a", "") and bool(found) == bool(why)


def test_a_thousand_hosts_are_no_work() -> None:
    hosts = {
        f"h{n}": Host(
            f"h{n}",
            f"h{n}",
            (ip_interface(f"10.0.{n // 250}.{n % 250 + 1}/16"),),
            Endpoint("203.0.113.1", n + 1),
            public_key=public(f"h{n}"),
            hub=n < 2,
        )
        for n in range(1000)
    }
    mesh = Mesh("m", make_mesh().networks, topology="hub", hosts=hosts)
    able = wanted(mesh, [name for name in hosts if name != "h0"])
    begun = process_time()
    found = lost_through(mesh, able, {"h0": peers()}, ["h0"])
    assert found.notes and process_time() - begun < 2
    begun = process_time()
    assert lost_through(mesh, able, {}, ()) == ({}, {})
    assert process_time() - begun < 0.05
