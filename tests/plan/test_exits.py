"""A host's own exit: begun, kept over a boot, found missing, moved, and ended without a trace."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from meshtui.plan.drift import drifts
from meshtui.plan.forward import MARK
from meshtui.plan.impact import impact
from meshtui.plan.model import HostPlan
from meshtui.plan.seen import Passing, parse_seen
from tests.plan.fleets import formed, make_mesh
from tests.plan.sim import Sim, work_lines
from tests.plan.test_planner import foreign

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))
OWN = "203.0.113.1"


def fleet(*, v6: bool = False) -> Sim:
    """Host b and c lead to everywhere, and a leaves by itself as yet."""
    sim = formed(make_mesh(v6=v6))
    sim.boxes["a"].passing = Passing(own=(OWN, "2001:db8::1"))
    for name in "bc":
        change(sim, name, routes=EVERYTHING)
    sim.apply(sim.plan())
    return sim


def change(sim: Sim, name: str, **what: object) -> None:
    host = replace(sim.mesh.hosts[name], **what)  # type: ignore[arg-type]
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, name: host})


def of_a(sim: Sim) -> HostPlan:
    return next(host for host in sim.plan().hosts if host.host == "a")


def told(sim: Sim) -> list[str]:
    return [step.detail for step in of_a(sim).steps if step.action in ("exit", "stop-exit")]


def test_an_exit_begins_survives_a_boot_and_ends() -> None:
    sim = fleet()
    box = sim.boxes["a"]
    before = box.file
    change(sim, "a", exit="b")
    words = f"all else that it sends goes through b (IPv4); answers from {OWN} go as they came"
    assert told(sim) == [words]
    found = impact(sim.plan())
    assert found.exits == (("a", words),) and not found.lost
    # Answers first; the tunnel when its peer has the prefix.
    lines = work_lines(of_a(sim).work)
    assert lines[0] == f"forward reply {OWN}" and lines[-1] == "forward tunnel 4"
    assert any(line.startswith("allowed-ips") and "0.0.0.0/0" in line for line in lines[1:-1])
    sim.apply(sim.plan())
    assert box.passing.has == (f"reply {OWN}", "tunnel 4") and not sim.plan().changes
    assert box.file and f"PostUp = ip -4 rule add from {OWN} table main || : {MARK}" in box.file
    assert "tunnel" not in box.file and not any(not n.prefixlen for n in box.routes)
    box.reboot()
    assert set(box.passing.has) == {f"reply {OWN}", "tunnel 4"} and not sim.plan().changes

    change(sim, "a", exit=None)
    assert told(sim) == [f"what it sends goes no longer through an exit (IPv4, answers from {OWN})"]
    assert not impact(sim.plan()).lost
    lines = work_lines(of_a(sim).work)
    assert lines[:2] == ("unforward tunnel 4", f"unforward reply {OWN}")
    sim.apply(sim.plan())
    assert not box.passing.has and box.file == before and not sim.plan().changes


def test_both_families_and_another_exit() -> None:
    sim = fleet(v6=True)
    change(sim, "a", exit="b")
    sim.apply(sim.plan())
    has = sim.boxes["a"].passing.has
    assert set(has) == {f"reply {OWN}", "reply 2001:db8::1", "tunnel 4", "tunnel 6"}
    # The tunnel stays; only the prefixes move.
    change(sim, "a", exit="c")
    assert not told(sim)
    (move,) = impact(sim.plan()).moves
    assert (move.prefixes, move.from_, move.to) == (("0.0.0.0/0", "::/0"), "b", "c")
    sim.apply(sim.plan())
    assert sim.boxes["a"].passing.has == has and not sim.plan().changes


def test_what_is_missing_is_drift_and_a_new_address_is_answered_from() -> None:
    sim = fleet()
    change(sim, "a", exit="b")
    sim.apply(sim.plan())
    box = sim.boxes["a"]
    box.passes([f"reply {OWN}"])
    (one,) = drifts(sim.plan(), "a")
    assert str(one) == "exit is missing: IPv4"
    sim.apply(sim.plan())
    box.passing = replace(box.passing, own=("198.51.100.7",))
    assert told(sim) == [
        "answers from 198.51.100.7 go as they came",
        f"less goes through an exit (answers from {OWN})",
    ]
    sim.apply(sim.plan())
    assert set(box.passing.has) == {"tunnel 4", "reply 198.51.100.7"}
    assert not sim.plan().changes and OWN not in (box.file or "").partition("[Peer]")[0]


def test_what_others_made_stays() -> None:
    """A rule that no hook of meshtui's tells of, and the tunnel to a peer that nobody knows."""
    sim = fleet()
    box = sim.boxes["a"]
    assert box.live
    box.live.put(foreign("0.0.0.0/0"))
    box.passes(["tunnel 4", f"reply {OWN}"])
    assert not told(sim)
    assert not any("forward" in line for line in work_lines(of_a(sim).work))


def test_without_routes_of_wg_quick_it_is_somebody_elses_to_do() -> None:
    sim = fleet()
    box = sim.boxes["a"]
    box.file = (box.file or "").replace("[Interface]\n", "[Interface]\nTable = off\n")
    change(sim, "a", exit="b")
    assert not told(sim)
    assert "Table in its file is not auto: what goes to b is up to you" in of_a(sim).notes


def test_addresses_that_are_none_are_not_heard() -> None:
    reply = f"@forward\n|own {OWN}\n|own ; reboot\n|has tunnel 4\n".encode()
    assert parse_seen("wg0", reply).passing == Passing(has=("tunnel 4",), own=(OWN,))
