"""Drift: nothing where an apply would do nothing, and else what it would put right."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

from hypothesis import HealthCheck, given, settings

from meshtui.errors import Unreachable
from meshtui.plan.drift import Drift, drifts
from meshtui.plan.model import PlanInputs
from meshtui.plan.planner import make_plan
from meshtui.plan.seen import Seen
from meshtui.wg.dump import LivePeer
from tests.plan.fleets import FOREIGN, fleets, formed, make_mesh
from tests.plan.sim import NOW, Sim, key, public

_SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def of(sim: Sim, name: str = "a") -> dict[tuple[str, str], Drift]:
    """As a watch asks for it: of the other hosts only the keys are known."""
    seen: dict[str, Seen | Unreachable] = {n: Unreachable("not asked") for n in sim.mesh.hosts}
    found = sim.boxes[name].seen()
    assert isinstance(found, Seen)
    plan = make_plan(PlanInputs(sim.mesh, sim.mesh, {**seen, name: found}, sim.resolved))
    return {(one.where, one.what): one for one in drifts(plan, name)}


def told(one: Drift) -> tuple[str | None, str | None, str | None]:
    return one.wanted, one.found, str(one.adopt) if one.adopt else None


@given(fleets())
@_SLOW
def test_it_is_what_a_plan_would_do_there(sim: Sim) -> None:
    plan = sim.plan()
    for host in plan.hosts:
        assert plan.inputs
        seen = plan.inputs.seen[host.host]
        found = [
            one
            for one in drifts(plan, host.host)
            if not one.is_unknown_peer and one.what != "public_key"
        ]
        if host.problem or not isinstance(seen, Seen) or not (seen.file or seen.live):
            assert not found
        else:
            steps = [step for step in host.steps if step.action != "write-back"]
            assert bool(found) == bool(steps), (steps, found)


@given(fleets())
@_SLOW
def test_an_apply_leaves_none_but_unknown_peers(sim: Sim) -> None:
    last = sim.apply(sim.plan())
    after = sim.plan()
    for host in last.hosts:
        if not host.problem:
            assert all(one.is_unknown_peer for one in drifts(after, host.host))


def test_what_runs_otherwise() -> None:
    sim = formed(make_mesh(3))
    assert of(sim) == {}
    box, b = sim.boxes["a"], sim.mesh.hosts["b"].public_key or ""
    assert box.live
    box.live.port = 7777
    box.live.peers[b] = box.live.peers[b]._replace(
        persistent_keepalive=7, allowed_ips=("10.0.0.2/32", "10.9.0.0/16")
    )
    del box.live.peers[sim.mesh.hosts["c"].public_key or ""]
    box.live.put(LivePeer(FOREIGN, False, None, ("10.8.0.0/16",), 0, 0, 0, 0))
    found = of(sim)
    assert {at: told(one) for at, one in found.items()} == {
        ("running", "listen_port"): ("51820", "7777", "[hosts.a] listen_port = 7777"),
        ("running", "b persistent_keepalive"): ("0", "7", "[hosts.a] persistent_keepalive = 7"),
        ("running", "b allowed_ips"): ("10.0.0.2/32", "10.0.0.2/32, 10.9.0.0/16", None),
        ("running", "c peer"): ("10.0.0.3/32 at 203.0.113.3:51820", None, None),
        ("running", f"unknown peer {FOREIGN[:12]}…"): (None, f"{FOREIGN}, 10.8.0.0/16", None),
    }
    assert len({one.id for one in found.values()}) == len(found)


def test_what_the_file_has_otherwise() -> None:
    sim = formed(make_mesh(3))
    box = sim.boxes["a"]
    assert box.file
    box.mode = 0o644
    box.file = (
        box.file.replace("ListenPort = 51820", "ListenPort = 7777")
        .replace("Endpoint = 203.0.113.2:51820", "Endpoint = 198.51.100.7:9")
        .replace("Address = 10.0.0.1/24", "Address = 10.0.0.77/24")
    )
    lines = box.file.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("PrivateKey"))
    lines[at] = f"PrivateKey = {key('another one')}"
    box.file = "\n".join(lines) + "\n"
    found = of(sim)
    assert {at: told(one) for at, one in found.items()} == {
        ("disk", "addresses"): (
            "10.0.0.1/24",
            "10.0.0.77/24",
            "[hosts.a] addresses = 10.0.0.77/24",
        ),
        ("disk", "listen_port"): ("51820", "7777", "[hosts.a] listen_port = 7777"),
        ("disk", "private_key"): ("(hidden)", "(hidden, not the one that runs)", None),
        ("disk", "b endpoint"): (
            "203.0.113.2:51820",
            "198.51.100.7:9",
            "[hosts.b] endpoint = 198.51.100.7:9",
        ),
        ("disk", "file mode"): ("600", "644", None),
    }


def test_a_member_that_left_is_too_much_in_the_file_and_in_what_runs() -> None:
    sim = formed(make_mesh(3))
    sim.mesh = replace(sim.mesh, hosts={n: h for n, h in sim.mesh.hosts.items() if n != "c"})
    found = {at: told(one) for at, one in of(sim).items()}
    assert found == {
        ("disk", "c peer"): (None, "10.0.0.3/32", None),
        ("running", "c peer"): (None, "10.0.0.3/32", None),
    }


def test_addresses_are_one_item_and_a_lost_route_another() -> None:
    sim = formed(make_mesh(2))
    sim.boxes["a"].addresses[:] = [ip_interface("10.0.0.9/24")]
    (one,) = of(sim).values()
    assert told(one) == ("10.0.0.1/24", "10.0.0.9/24", "[hosts.a] addresses = 10.0.0.9/24")
    sim = formed(make_mesh(2))
    seen = replace(sim.boxes["a"].seen(), unrouted=(ip_network("10.0.0.0/24"),))
    others = {"b": sim.boxes["b"].seen()}
    plan = make_plan(PlanInputs(sim.mesh, sim.mesh, {"a": seen, **others}, {}))
    (lost,) = drifts(plan, "a")
    assert (lost.where, lost.what, told(lost)) == ("kernel", "route", ("10.0.0.0/24", None, None))
    assert plan.hosts[0].work and plan.hosts[0].work.changes == ("add-route 10.0.0.0/24",)


def test_who_roamed_and_answers_has_not_drifted() -> None:
    sim = formed(make_mesh(2))
    live, b = sim.boxes["a"].live, sim.mesh.hosts["b"].public_key or ""
    assert live
    live.peers[b] = live.peers[b]._replace(endpoint="198.51.100.7:4000", latest_handshake=NOW - 9)
    assert of(sim) == {}


def test_another_key_than_the_file_says_can_be_adopted() -> None:
    sim = formed(make_mesh(2))
    old = public("an old one")
    host = replace(sim.mesh.hosts["a"], public_key=old)
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, "a": host})
    (one,) = of(sim).values()
    assert one.what == "public_key" and one.wanted == old
    assert one.adopt and one.adopt.value == one.found


def test_the_id_stays_while_the_same_is_found() -> None:
    sim = formed(make_mesh(2))
    live = sim.boxes["a"].live
    assert live
    ids = []
    for port in (7777, 7777, 7778):
        live.port = port
        ids += [one.id for one in of(sim).values()]
    assert ids[0] == ids[1] != ids[2]


def test_what_a_host_says_is_made_harmless() -> None:
    sim = formed(make_mesh(2))
    box = sim.boxes["a"]
    assert box.file
    box.file = box.file.replace(
        "Endpoint = 203.0.113.2:51820", "Endpoint = \x1b[31m\u202e" + "x" * 999
    )
    (one,) = of(sim).values()
    assert one.found and "\x1b" not in one.found and "\u202e" not in one.found
    assert len(one.found) < 400


def test_only_one_host_is_planned_for() -> None:
    sim = formed(make_mesh(3))
    for name in "ab":
        live = sim.boxes[name].live
        assert live
        live.port = 7777
    inputs = sim.plan().inputs
    assert inputs
    plan = make_plan(replace(inputs, only="a"))
    assert {host.host: len(host.steps) for host in plan.hosts} == {"a": 1, "b": 0, "c": 0}
